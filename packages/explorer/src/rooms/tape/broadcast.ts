import type { Numbers } from "../../parts/HeatMap.tsx";

// Broadcasting, as in NumPy: an elementwise op repeats an input whose shape differs from the shape of the output.

const mostDrawn = 4096; // the maximum number of elements of a repeated tensor

/** Returns the axes of the shape `to` along which a tensor of the shape `from` is repeated. */
export function repeatedAxes(from: readonly number[], to: readonly number[]): number[] {
  const added = to.length - from.length;
  return [...to.keys()].filter((axis) => axis < added || (from[axis - added] === 1 && to[axis] !== 1));
}

/** Returns a tensor repeated to a shape, or undefined if the result is too large to draw. */
export function repeated(x: Numbers, shape: readonly number[]): Numbers | undefined {
  const [size, known] = [sizeOf(shape), sizeOf(x.shape)];
  if (size > mostDrawn || x.data.length < known) return undefined;
  const data = Float64Array.from({ length: size }, (_, place) => x.data[sourceOf(place, x.shape, shape)]!);
  return { ...x, shape, data };
}

/**
 * Broadcasts a tensor of shape `from` to shape `to`. Returns the flat indices of all copies of the element with the
 * flat index `element`.
 */
export function copiesOf(element: number, from: readonly number[], to: readonly number[]): number[] {
  if (sizeOf(to) > mostDrawn) return [];
  return Array.from({ length: sizeOf(to) }, (_, place) => place).filter(
    (place) => sourceOf(place, from, to) === element,
  );
}

const mostCopies = 16; // the maximum number of copies that move one after another
const mostRows = 16;
const mostColumns = 10; // larger tensors are drawn as pictures, not as tables

/** Returns whether a tensor of the given shape is small enough to be drawn as one table of numbers. */
export function isTable(shape: readonly number[]): boolean {
  const rows = shape.length > 1 ? shape.at(-2)! : 1;
  return shape.length <= 2 && rows <= mostRows && (shape.at(-1) ?? 1) <= mostColumns;
}

/**
 * A broadcast along `axes` copies a tensor several times. For each copy, returns the flat indices of its elements in
 * the broadcast tensor. Returns undefined if the copies are too many or too large to draw.
 */
export function copiesAlong(
  shape: readonly number[],
  axes: readonly number[],
): readonly (readonly number[])[] | undefined {
  const [rows, columns] = [shape.length > 1 ? shape[0]! : 1, shape.at(-1) ?? 1];
  const count = axes.reduce((product, axis) => product * shape[axis]!, 1);
  if (!isTable(shape) || count > mostCopies || count < 2) return undefined;
  const copies: number[][] = Array.from({ length: count }, () => []);
  for (let place = 0; place < rows * columns; place++) {
    const index = shape.length > 1 ? [Math.floor(place / columns), place % columns] : [place];
    const copy = axes.reduce((so, axis) => so * shape[axis]! + index[axis]!, 0);
    copies[copy]!.push(place);
  }
  return copies;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/**
 * Broadcasting copies elements of a tensor of shape `from` to a tensor of shape `to`. Returns the index of the element
 * that is copied to index `place`. Both indices are in row-major order.
 */
function sourceOf(place: number, from: readonly number[], to: readonly number[]): number {
  const added = to.length - from.length;
  let [rest, stride, at] = [place, 1, 0];
  for (let axis = to.length - 1; axis >= 0; axis--) {
    const n = from[axis - added] ?? 1;
    if (n > 1) at += (rest % to[axis]!) * stride;
    stride *= n;
    rest = Math.floor(rest / to[axis]!);
  }
  return at;
}

/** Returns the axes as text, such as "axis 0" or "axes 0 and 2". */
export const axesText = (axes: readonly number[]): string =>
  axes.length === 1 ? `axis ${axes[0]}` : `axes ${axes.slice(0, -1).join(", ")} and ${axes.at(-1)}`;

/** Returns the VJP rule of a repeated input in TeX: the rule sums the cotangents of the copies. */
export function summedRule(rule: string, axes: readonly number[]): string {
  const [, side, right] = /^(\\bar \w) = (.*)$/.exec(rule) ?? [];
  if (axes.length === 0 || side === undefined || right === undefined) return rule;
  const terms = /[-+?]/.test(right) ? `(${right})` : right;
  return `${side} = \\textstyle\\sum_{${axes.join(",")}} ${terms}`;
}
