import type { DType } from "@wengert/core";
import type { Shape } from "@wengert/core/extend";
import type { Selection } from "@wengert/ops";
import type { GraphBuilder } from "../graph/graph.ts";
import { fill, reshape, unsqueeze } from "./formulas.ts";

// Functions that export slices, and the adjoints of slices, to ONNX. The adjoint of a slice puts the entries of the
// slice into an array of zeros.

/** Returns the selected entries of x. */
export function takeSlice(g: GraphBuilder, x: string, { start, step, size }: Selection): string {
  const axes = [...size.keys()];
  if (axes.length === 0) return g.node("Identity", [x]);
  // ONNX counts a negative end from the end of the axis. A backward slice that includes index 0 therefore gets an end
  // below −size.
  const ends = axes.map((axis) => start[axis]! + size[axis]! * step[axis]!).map((end) => (end < 0 ? -(2 ** 31) : end));
  return g.node("Slice", [x, g.ints(start), g.ints(ends), g.ints(axes), g.ints(step)]);
}

/** Returns the entries of x from `from` to before `to` along one axis. */
export const sliceAxis = (g: GraphBuilder, x: string, axis: number, from: number, to: number): string =>
  g.node("Slice", [x, g.ints([from]), g.ints([to]), g.ints([axis])]);

/** Returns x reversed along axes. */
export const flip = (g: GraphBuilder, x: string, axes: readonly number[]): string =>
  axes.length === 0
    ? x
    : g.node("Slice", [
        x,
        g.ints(axes.map(() => -1)),
        g.ints(axes.map(() => -(2 ** 31))),
        g.ints(axes),
        g.ints(axes.map(() => -1)),
      ]);

/** Pads x with zeros, or with `value`. A negative width removes entries at the edge. */
export function padZeros(
  g: GraphBuilder,
  x: string,
  before: readonly number[],
  after: readonly number[],
  value?: string,
): string {
  if ([...before, ...after].every((n) => n === 0)) return x;
  return g.node("Pad", [x, g.ints([...before, ...after]), ...(value === undefined ? [] : [value])]);
}

/**
 * Returns an array of zeros of shape `shape` that contains x at the selected positions. This is the adjoint of a slice.
 */
export function placeSlice(
  g: GraphBuilder,
  x: string,
  { start, step, size }: Selection,
  shape: Shape,
  dtype: DType,
): string {
  if (size.includes(0)) return fill(g, 0, shape, dtype);
  const axes = [...shape.keys()];
  const forward = flip(
    g,
    x,
    axes.filter((axis) => step[axis]! < 0),
  );
  const first = axes.map((axis) => (step[axis]! < 0 ? start[axis]! + (size[axis]! - 1) * step[axis]! : start[axis]!));
  const gaps = axes.map((axis) => (size[axis] === 1 ? 1 : Math.abs(step[axis]!)));
  const spread = gaps.some((gap) => gap > 1) ? insertZeros(g, forward, size, gaps) : forward;
  const after = axes.map((axis) => shape[axis]! - first[axis]! - size[axis]! * gaps[axis]!);
  return padZeros(g, spread, first, after);
}

/** Returns x with `gaps[axis] − 1` zeros after each entry along each axis. */
function insertZeros(g: GraphBuilder, x: string, size: Shape, gaps: readonly number[]): string {
  const inserted = size.map((_, axis) => 2 * axis + 1);
  const after = size.flatMap((_, axis) => [0, gaps[axis]! - 1]);
  const padded = padZeros(
    g,
    unsqueeze(g, x, inserted),
    after.map(() => 0),
    after,
  );
  return reshape(
    g,
    padded,
    size.map((n, axis) => n * gaps[axis]!),
  );
}
