import { type Drawn, fontText, type Mark } from "./drawn.ts";

/** Draws a figure on a canvas and returns it as a PNG file. Draws `scale` pixels for each pixel of the page. */
export function pngOf({ width, height, background, marks }: Drawn, scale = 2): Promise<Blob> {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * scale, height * scale];
  const pen = canvas.getContext("2d")!;
  pen.imageSmoothingEnabled = false;
  pen.scale(scale, scale);
  pen.fillStyle = background;
  pen.fillRect(0, 0, width, height);
  for (const mark of marks) {
    pen.save();
    draw(pen, mark);
    pen.restore();
  }
  return new Promise((resolve, reject) =>
    canvas.toBlob((file) => (file ? resolve(file) : reject(new Error("the figure is too large for a PNG file")))),
  );
}

type Six = [number, number, number, number, number, number];

function draw(pen: CanvasRenderingContext2D, mark: Mark): void {
  if (mark.kind === "image") {
    pen.drawImage(mark.canvas, mark.x, mark.y, mark.width, mark.height);
    return;
  }
  if (mark.kind === "shape" && mark.clip) {
    const outline = new Path2D();
    outline.addPath(new Path2D(mark.clip.path), new DOMMatrix([...mark.clip.matrix]));
    pen.clip(outline);
  }
  pen.transform(...(mark.matrix as Six));
  pen.globalAlpha = mark.opacity;
  if (mark.kind === "words") {
    pen.font = fontText(mark.font);
    pen.fillStyle = mark.fill;
    pen.fillText(mark.text, mark.x, mark.y, mark.width + 1);
    return;
  }
  const path = new Path2D(mark.path);
  if (mark.fill !== "none") {
    pen.fillStyle = mark.fill;
    pen.fill(path);
  }
  if (mark.stroke !== "none") {
    pen.strokeStyle = mark.stroke;
    pen.lineWidth = mark.strokeWidth;
    pen.setLineDash([...mark.dash]);
    pen.stroke(path);
  }
}
