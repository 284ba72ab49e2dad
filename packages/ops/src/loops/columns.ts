import type { Data, NdArray } from "@wengert/core/extend";
import { alongAxes, sliceStride, withoutAxes } from "./alongAxes.ts";
import { mergeAxes } from "./strided.ts";

/**
 * One pass of a reduction of `rows` × m slices: adds element number l of each slice to the accumulators of the slice.
 * The slice in row p and column q has this element at a[i + p r + q s]. Accumulator k of slice number j is at
 * acc[k × width + j]. o is the index of the first slice's result in the output.
 */
type FoldStep = (
  l: number,
  o: number,
  rows: number,
  m: number,
  acc: Float64Array,
  width: number,
  a: Data,
  i: number,
  r: number,
  s: number,
) => void;

/** The functions of a reduction that processes many slices at once. */
export interface Fold {
  /** The number of accumulators that the reduction keeps for each slice. */
  readonly accumulators: number;
  readonly step: FoldStep;
  /** Writes the results of `width` slices of n entries to `y`, from index `o` on. */
  readonly end: (n: number, acc: Float64Array, width: number, y: Data, o: number) => void;
}

/**
 * The largest number of slices that are reduced at once, chosen so that eight accumulators of each stay in the cache.
 */
const widest = 256;
/** The smallest number of slices for which reducing all slices in one pass is faster than one slice after the other. */
const narrowest = 8;
/**
 * If a slice has a constant stride and at least this many entries, a loop along each slice is faster than one pass over
 * all slices.
 */
export const longSlice = 24;
/**
 * If a strided slice has at most this many entries, its cache lines stay in the cache until the next slice reads them.
 */
const cachedSlice = 4096;

/**
 * Reduces x over `axes` to `out`, which has the shape of x without `axes`. Each pass adds one entry to the results of
 * many slices, so the innermost loop runs over the outputs. Returns false, and writes nothing, if a loop along each
 * slice is faster.
 */
export function foldColumns(axes: readonly number[], out: NdArray, x: NdArray, fold: Fold): boolean {
  const { kept, sizes, strides, lengths, steps } = reductionLayout(axes, x);
  const n = lengths.reduce((product, size) => product * size, 1);
  const count = out.data.length;
  if (count < narrowest || n === 0) return false;
  // The outputs along the two innermost axes form a matrix with `rowCount` rows and `m` columns.
  const [m, s] = [sizes.pop() ?? 1, strides.pop() ?? 0];
  const [rowCount, r] = [sizes.pop() ?? 1, strides.pop() ?? 0];
  if (m * rowCount < narrowest) return false;
  const isUniform = lengths.length <= 1 || sliceStride(x.transpose(...kept, ...axes), kept.length) !== undefined;
  if (isUniform && n >= longSlice && (n <= cachedSlice || Math.abs(steps.at(-1) ?? 1) < Math.abs(s))) return false;

  const rowWidth = Math.min(m, widest);
  const most = rowWidth < m ? 1 : Math.floor(widest / m);
  const acc = new Float64Array(fold.accumulators * Math.min(rowWidth * Math.min(most, rowCount), widest));
  const outer = positionsOf(sizes, strides);
  const [length, step] = [lengths.pop() ?? 1, steps.pop() ?? 0]; // of the runs in a slice
  const runs = positionsOf(lengths, steps);
  let o = 0;
  for (const start of outer)
    for (let row = 0; row < rowCount; row += most) {
      const rows = Math.min(most, rowCount - row);
      for (let column = 0; column < m; column += rowWidth) {
        const columns = Math.min(rowWidth, m - column);
        const width = rows * columns;
        const from = x.offset + start + row * r + column * s;
        let l = 0;
        for (const run of runs)
          for (let k = 0; k < length; k++)
            fold.step(l++, o, rows, columns, acc, width, x.data, from + run + k * step, r, s);
        fold.end(n, acc, width, out.data, o);
        o += width;
      }
    }
  return true;
}

/** The kept axes and the reduced axes of a reduction, with neighboring axes merged where the strides allow it. */
interface ReductionLayout {
  readonly kept: readonly number[];
  /** The sizes and strides of the kept axes. The reduction has one output for each multi-index of these axes. */
  readonly sizes: number[];
  readonly strides: number[];
  /** The sizes and strides of the reduced axes. All entries along these axes form one slice. */
  readonly lengths: number[];
  readonly steps: number[];
}

export function reductionLayout(axes: readonly number[], x: NdArray): ReductionLayout {
  const kept = [...x.shape.keys()].filter((axis) => !axes.includes(axis));
  const merged = (some: readonly number[]) =>
    mergeAxes(
      some.map((axis) => x.shape[axis]!),
      [some.map((axis) => x.stride[axis]!)],
    ) as [number[], number[]];
  const [sizes, strides] = merged(kept);
  const [lengths, steps] = merged(axes);
  return { kept, sizes, strides, lengths, steps };
}

/** Returns the positions of all entries of an array with the given sizes and strides, in row-major order. */
export function positionsOf(sizes: readonly number[], strides: readonly number[]): Float64Array {
  let positions = new Float64Array(1);
  for (const [axis, size] of sizes.entries()) {
    const next = new Float64Array(positions.length * size);
    for (let i = 0; i < next.length; i++) next[i] = positions[Math.floor(i / size)]! + (i % size) * strides[axis]!;
    positions = next;
  }
  return positions;
}

/** A reduction of one slice: returns the result for the n entries of `a` from index `i` on, in steps of `s`. */
export type SliceReduction = (n: number, a: Data, i: number, s: number) => number;

/**
 * Reduces x over `axes` to `out`. Processes many slices at once by `fold` if this is faster; otherwise one slice after
 * the other by `ofSlice`. Both give the same bits.
 */
export function reduceSlices(
  axes: readonly number[],
  out: NdArray,
  x: NdArray,
  ofSlice: SliceReduction,
  fold: Fold,
): void {
  const results = withoutAxes(out, x.shape, axes);
  if (foldColumns(axes, results, x, fold)) return;
  alongAxes(axes, results, [x], (n, y, o, _, a, i, s) => {
    y[o] = ofSlice(n, a, i, s);
  });
}
