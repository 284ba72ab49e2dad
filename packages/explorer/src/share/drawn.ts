// Reads what an element looks like on the page, as a list of shapes, texts and images. An SVG picture with embedded
// HTML would need to load the fonts of the page, but the page's Content-Security-Policy forbids these requests.

/** The six numbers of a transformation, as in SVG's `matrix(a b c d e f)`. */
type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** A clipping path: only the part of a shape inside this path is visible. */
interface Clip {
  readonly path: string;
  readonly matrix: Matrix;
}

interface Shape {
  readonly kind: "shape";
  readonly clip?: Clip | undefined;
  /** The outline, as the attribute `d` of an SVG path. */
  readonly path: string;
  readonly matrix: Matrix;
  readonly fill: string;
  readonly stroke: string;
  readonly strokeWidth: number;
  readonly dash: readonly number[];
  readonly opacity: number;
}

export interface Words {
  readonly kind: "words";
  readonly text: string;
  /** The x coordinate of the left end of the text. `y` is the y coordinate of its baseline. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly matrix: Matrix;
  readonly font: { readonly style: string; readonly weight: string; readonly size: number; readonly family: string };
  readonly fill: string;
  readonly opacity: number;
}

interface Image {
  readonly kind: "image";
  readonly canvas: HTMLCanvasElement;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type Mark = Shape | Words | Image;

export interface Drawn {
  readonly width: number;
  readonly height: number;
  readonly background: string;
  readonly marks: readonly Mark[];
}

const unit: Matrix = [1, 0, 0, 1, 0, 0];
const skipped = ".unseen, .katex-mathml, button[aria-label='Close'], script, style, dialog";

/**
 * Reads the shapes, texts and images in an element and its descendants, in the order in which the browser draws them.
 */
export function drawn(root: HTMLElement | SVGSVGElement): Drawn {
  const box = root.getBoundingClientRect();
  const marks: Mark[] = [];
  const width = Math.ceil(Math.max(box.width, root.scrollWidth));
  const height = Math.ceil(Math.max(box.height, root.scrollHeight));
  const origin = { x: box.left - root.scrollLeft, y: box.top - root.scrollTop };
  read(root, origin, marks);
  return { width, height, background: backgroundOf(root), marks };
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function read(element: Element, origin: Point, marks: Mark[]): void {
  const style = getComputedStyle(element);
  if (style.display === "none" || style.visibility === "hidden" || style.opacity === "0" || element.matches(skipped))
    return;
  if (element instanceof SVGSVGElement) {
    readSvg(element, origin, marks);
    return;
  }
  readBox(element, style, origin, marks);
  if (element instanceof HTMLCanvasElement) {
    const { left, top, width, height } = element.getBoundingClientRect();
    marks.push({ kind: "image", canvas: element, x: left - origin.x, y: top - origin.y, width, height });
  } else if (element instanceof HTMLInputElement || element instanceof HTMLSelectElement)
    readField(element, origin, marks);
  else
    for (const child of element.childNodes) {
      if (child instanceof Text) readText(child, style, origin, marks);
      else if (child instanceof Element) read(child, origin, marks);
    }
}

const isClear = (color: string): boolean => color === "transparent" || /, 0\)$|\/ 0\)$/.test(color);

/** Reads the background and the border of an element. */
function readBox(element: Element, style: CSSStyleDeclaration, origin: Point, marks: Mark[]): void {
  const { left, top, width, height } = element.getBoundingClientRect();
  if (width === 0 || height === 0) return;
  const at = { x: left - origin.x, y: top - origin.y };
  const radius = Math.min(Number.parseFloat(style.borderTopLeftRadius) || 0, width / 2, height / 2);
  const sides = (["Top", "Right", "Bottom", "Left"] as const).map((side) => ({
    width: style[`border${side}Style`] === "none" ? 0 : Number.parseFloat(style[`border${side}Width`]),
    color: style[`border${side}Color`],
  }));
  const [first] = sides;
  const isFramed =
    sides.every((side) => side.width === first!.width && side.color === first!.color) && first!.width > 0;
  const shape = { kind: "shape", matrix: unit, dash: [], opacity: Number(style.opacity) } as const;
  const stroke = isFramed && !isClear(first!.color) ? first!.color : "none";
  const fill = isClear(style.backgroundColor) ? "none" : style.backgroundColor;
  if (fill !== "none" || stroke !== "none") {
    const inset = stroke === "none" ? 0 : first!.width / 2;
    const path = rounded(
      at.x + inset,
      at.y + inset,
      width - 2 * inset,
      height - 2 * inset,
      Math.max(radius - inset, 0),
    );
    marks.push({ ...shape, path, fill, stroke, strokeWidth: stroke === "none" ? 0 : first!.width });
  }
  if (isFramed) return;
  const [x1, y1, x2, y2] = [at.x, at.y, at.x + width, at.y + height];
  const ends = [`M${x1} ${y1}H${x2}`, `M${x2} ${y1}V${y2}`, `M${x1} ${y2}H${x2}`, `M${x1} ${y1}V${y2}`];
  for (const [i, side] of sides.entries())
    if (side.width > 0 && !isClear(side.color))
      marks.push({ ...shape, path: ends[i]!, fill: "none", stroke: side.color, strokeWidth: side.width });
}

const rounded = (x: number, y: number, width: number, height: number, r: number): string =>
  r === 0
    ? `M${x} ${y}h${width}v${height}h${-width}z`
    : `M${x + r} ${y}h${width - 2 * r}a${r} ${r} 0 0 1 ${r} ${r}v${height - 2 * r}a${r} ${r} 0 0 1 ${-r} ${r}h${2 * r - width}a${r} ${r} 0 0 1 ${-r} ${-r}v${2 * r - height}a${r} ${r} 0 0 1 ${r} ${-r}z`;

const fontOf = (style: CSSStyleDeclaration): Words["font"] => ({
  style: style.fontStyle,
  weight: style.fontWeight,
  size: Number.parseFloat(style.fontSize),
  family: style.fontFamily,
});
export const fontText = ({ style, weight, size, family }: Words["font"]): string =>
  `${style} ${weight} ${size}px ${family}`;

const ruler = document.createElement("canvas").getContext("2d")!;
function ascent(font: Words["font"]): { readonly above: number; readonly below: number } {
  ruler.font = fontText(font);
  const { fontBoundingBoxAscent: above, fontBoundingBoxDescent: below } = ruler.measureText("x");
  return { above, below };
}

/** Reads the lines of a text. */
function readText(node: Text, style: CSSStyleDeclaration, origin: Point, marks: Mark[]): void {
  if (node.data.trim() === "") return;
  const font = fontOf(style);
  const { above, below } = ascent(font);
  const range = document.createRange();
  let line: { text: string; left: number; right: number; top: number; height: number } | undefined;
  const end = () => {
    if (!line || line.text.trim() === "") return;
    const y = line.top + (line.height - above - below) / 2 + above - origin.y;
    const text = line.text.replaceAll(/\s+/g, " ");
    const place = { x: line.left - origin.x, y, width: line.right - line.left };
    marks.push({
      kind: "words",
      text,
      ...place,
      matrix: unit,
      font,
      fill: style.color,
      opacity: Number(style.opacity),
    });
  };
  for (let i = 0; i < node.data.length; i++) {
    range.setStart(node, i);
    range.setEnd(node, i + 1);
    const box = range.getClientRects()[0];
    if (!box || (box.width === 0 && /\s/.test(node.data[i]!))) continue;
    if (line && Math.abs(box.top - line.top) < 2) {
      line.text += node.data[i];
      line.right = Math.max(line.right, box.right);
    } else {
      end();
      line = { text: node.data[i]!, left: box.left, right: box.right, top: box.top, height: box.height };
    }
  }
  end();
}

/** Reads a form field: the position of a slider, or the text of another field. */
function readField(field: HTMLInputElement | HTMLSelectElement, origin: Point, marks: Mark[]): void {
  const style = getComputedStyle(field);
  const { left, top, width, height } = field.getBoundingClientRect();
  const [x, middle] = [left - origin.x, top + height / 2 - origin.y];
  const shape = { kind: "shape", matrix: unit, dash: [], opacity: 1, stroke: "none", strokeWidth: 0 } as const;
  if (field instanceof HTMLInputElement && field.type === "range") {
    const part = (Number(field.value) - Number(field.min)) / (Number(field.max) - Number(field.min) || 1);
    marks.push({ ...shape, path: rounded(x, middle - 2, width, 4, 2), fill: style.accentColor === "auto" ? "gray" : style.accentColor }); // biome-ignore format: a line
    marks.push({ ...shape, path: rounded(x + part * (width - 16), middle - 8, 16, 16, 8), fill: style.color });
    return;
  }
  if (field instanceof HTMLInputElement && field.type === "checkbox") {
    marks.push({ ...shape, path: rounded(x, middle - 6, 12, 12, 2), fill: field.checked ? style.color : "none", stroke: style.color, strokeWidth: 1 }); // biome-ignore format: a line
    return;
  }
  const text = field instanceof HTMLSelectElement ? (field.selectedOptions[0]?.textContent ?? "") : field.value;
  const font = fontOf(style);
  ruler.font = fontText(font);
  const { width: length } = ruler.measureText(text);
  const { above, below } = ascent(font);
  const start = style.textAlign === "right" || style.textAlign === "end" ? width - length - 8 : 10;
  marks.push({ kind: "words", text, x: x + start, y: middle + (above - below) / 2, width: length, matrix: unit, font, fill: style.color, opacity: 1 }); // biome-ignore format: a line
}

/** Reads the shapes and texts of an SVG drawing. */
function readSvg(svg: SVGSVGElement, origin: Point, marks: Mark[]): void {
  for (const element of svg.querySelectorAll<SVGGraphicsElement>(
    "path, rect, circle, ellipse, line, polyline, polygon, text",
  )) {
    const style = getComputedStyle(element);
    if (style.display === "none" || style.visibility === "hidden" || element.closest("defs, clipPath")) continue;
    const screen = element.getScreenCTM();
    if (!screen) continue;
    const matrix = matrixOf(screen, origin);
    let opacity = 1;
    for (let each: Element | null = element; each && each !== svg; each = each.parentElement)
      opacity *= Number(getComputedStyle(each).opacity);
    if (element instanceof SVGTextElement) readSvgText(element, matrix, opacity, marks);
    else {
      const dash = style.strokeDasharray === "none" ? [] : style.strokeDasharray.split(/[ ,]+/).map(Number.parseFloat);
      const fill = withOpacity(style.fill, style.fillOpacity);
      const stroke = withOpacity(style.stroke, style.strokeOpacity);
      const strokeWidth = Number.parseFloat(style.strokeWidth);
      const clip = clipOf(element, origin);
      marks.push({ kind: "shape", path: pathOf(element), matrix, fill, stroke, strokeWidth, dash, opacity, clip }); // biome-ignore format: a line
    }
  }
}

const matrixOf = ({ a, b, c, d, e, f }: DOMMatrix, { x, y }: Point): Matrix => [a, b, c, d, e - x, f - y];

/** Returns the clip path of an element or of its nearest ancestor with a clip path. */
function clipOf(element: SVGGraphicsElement, origin: Point): Clip | undefined {
  const clipped = element.closest<SVGGraphicsElement>("[clip-path]");
  const [, id] = /^url\("?#([^")]+)"?\)$/.exec(clipped?.getAttribute("clip-path") ?? "") ?? [];
  const shape = id === undefined ? null : document.querySelector<SVGGraphicsElement>(`#${CSS.escape(id)} > *`);
  const screen = clipped?.getScreenCTM();
  return shape && screen ? { path: pathOf(shape), matrix: matrixOf(screen, origin) } : undefined;
}

/** Returns a color such as `rgb(1, 2, 3)` with an opacity from 0 to 1. */
function withOpacity(color: string, opacity: string): string {
  const numbers = Number(opacity) < 1 ? color.match(/[\d.]+/g)?.slice(0, 3) : undefined;
  return numbers ? `rgba(${numbers.join(", ")}, ${opacity})` : color;
}

function readSvgText(element: SVGTextElement, matrix: Matrix, opacity: number, marks: Mark[]): void {
  const pieces = element.querySelectorAll("tspan").length > 0 ? [...element.querySelectorAll("tspan")] : [element];
  for (const piece of pieces) {
    const text = piece.textContent ?? "";
    if (text.trim() === "" || piece.getNumberOfChars() === 0) continue;
    const style = getComputedStyle(piece);
    const { x, y } = piece.getStartPositionOfChar(0);
    const width = piece.getComputedTextLength();
    marks.push({ kind: "words", text, x, y, width, matrix, font: fontOf(style), fill: style.fill, opacity });
  }
}

/** Returns the outline of a basic shape of SVG as a path. */
function pathOf(element: SVGGraphicsElement): string {
  const number = (name: string) => Number.parseFloat(element.getAttribute(name) ?? "0");
  const points = () => (element.getAttribute("points") ?? "").trim();
  if (element instanceof SVGRectElement)
    return rounded(number("x"), number("y"), number("width"), number("height"), number("rx"));
  if (element instanceof SVGLineElement) return `M${number("x1")} ${number("y1")}L${number("x2")} ${number("y2")}`;
  if (element instanceof SVGPolylineElement) return `M${points()}`;
  if (element instanceof SVGPolygonElement) return `M${points()}z`;
  if (element instanceof SVGPathElement) return element.getAttribute("d") ?? "";
  const [cx, cy] = [number("cx"), number("cy")];
  const [rx, ry] = element instanceof SVGCircleElement ? [number("r"), number("r")] : [number("rx"), number("ry")];
  return `M${cx - rx} ${cy}a${rx} ${ry} 0 1 0 ${2 * rx} 0a${rx} ${ry} 0 1 0 ${-2 * rx} 0z`;
}

/** Returns the background of an element, or of the nearest ancestor that has one. */
function backgroundOf(element: Element): string {
  for (let each: Element | null = element; each; each = each.parentElement) {
    const { backgroundColor } = getComputedStyle(each);
    if (!isClear(backgroundColor)) return backgroundColor;
  }
  return "white";
}
