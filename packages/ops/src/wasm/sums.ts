import { type NdArray, sizeOf } from "@wengert/core/extend";
import { engineForReduction } from "./engine.ts";
import type { SumKernel } from "./exports.ts";
import type { Workspace } from "./workspace.ts";

/**
 * The number of bytes that are copied to WebAssembly memory at a time. The copied bytes are still in the cache when the
 * kernel adds them.
 */
const chunkBytes = 32768;

/**
 * Writes the sums of x over `axes`, divided by `divisor`, to `out`. Returns whether the kernel ran, which requires a
 * row-major x and adjacent `axes`. The plain loop gives the same bits and is not faster at any size.
 */
export function sumsInWasm(out: NdArray, x: NdArray, axes: readonly number[], divisor: number): boolean {
  const engine = engineForReduction(out, x);
  if (engine === null || axes.length === 0 || !areNeighbors(axes)) return false;
  const { shape } = x;
  let [outer, n, inner] = [1, 1, 1];
  for (let axis = 0; axis < shape.length; axis++) {
    if (axis < axes[0]!) outer *= shape[axis]!;
    else if (axis <= axes.at(-1)!) n *= shape[axis]!;
    else inner *= shape[axis]!;
  }
  const { workspace, exports } = engine;
  const isSingle = x.data instanceof Float32Array;
  if (out.data.length * n === 0) return false; // the plain loop handles empty arrays
  if (inner === 1)
    return sumRows(workspace, isSingle ? exports.rowSums32 : exports.rowSums64, outer, n, out, x, divisor);
  return sumColumns(
    workspace,
    isSingle ? exports.columnSums32 : exports.columnSums64,
    outer,
    n,
    inner,
    out,
    x,
    divisor,
  );
}

/**
 * Writes the variance Σ (x − m)² / divisor over the last axes `axes` to `out`, or its square root if `isRoot` is set. m
 * is the mean. Returns whether the kernel ran, which requires a row-major x. The plain loop gives the same bits.
 */
export function varianceInWasm(
  out: NdArray,
  x: NdArray,
  axes: readonly number[],
  divisor: number,
  isRoot: boolean,
): boolean {
  const engine = engineForReduction(out, x);
  const rows = out.data.length;
  if (engine === null || rows === 0 || axes[0] !== x.shape.length - axes.length || !areNeighbors(axes)) return false;
  const { workspace, exports } = engine;
  const width = x.data.BYTES_PER_ELEMENT;
  const n = sizeOf(x.shape) / rows;
  if (n === 0) return false; // the plain loop handles empty arrays
  const rowsPerChunk = Math.min(rows, Math.max(1, Math.floor(chunkBytes / (n * width))));
  if (!workspace.begin(rowsPerChunk * (n + 1) * width + 512)) return false;
  const from = workspace.allocate(rowsPerChunk * n * width);
  const to = workspace.allocate(rowsPerChunk * width);
  const sums = workspace.allocate(64);
  const kernel = width === 4 ? exports.variance32 : exports.variance64;
  for (let row = 0; row < rows; row += rowsPerChunk) {
    const count = Math.min(rowsPerChunk, rows - row);
    workspace.write(from, x.data, x.offset + row * n, count * n);
    kernel(count, n, to, from, sums, divisor, isRoot);
    workspace.read(to, out.data, row, count);
  }
  return true;
}

/** Returns whether `axes`, which are in ascending order, are adjacent axes. */
const areNeighbors = (axes: readonly number[]): boolean => axes.at(-1)! - axes[0]! === axes.length - 1;

function sumRows(
  workspace: Workspace,
  kernel: SumKernel,
  rows: number,
  n: number,
  out: NdArray,
  x: NdArray,
  divisor: number,
): boolean {
  const width = x.data.BYTES_PER_ELEMENT;
  const chunkEntries = chunkBytes / width;
  const [rowsPerChunk, rowPart] =
    n > chunkEntries ? [1, chunkEntries] : [Math.min(rows, Math.floor(chunkEntries / n)), n];
  if (!workspace.begin((rowsPerChunk * rowPart + rowsPerChunk) * width + 512)) return false;
  const from = workspace.allocate(rowsPerChunk * rowPart * width);
  const to = workspace.allocate(rowsPerChunk * width);
  const sums = workspace.allocate(64);
  for (let row = 0; row < rows; row += rowsPerChunk) {
    const count = Math.min(rowsPerChunk, rows - row);
    for (let l = 0; l < n; l += rowPart) {
      const length = Math.min(rowPart, n - l);
      workspace.write(from, x.data, x.offset + row * n + l, count * length);
      kernel(count, length, to, from, sums, l === 0, divisor);
    }
    workspace.read(to, out.data, row, count);
  }
  return true;
}

function sumColumns(
  workspace: Workspace,
  kernel: SumKernel,
  outer: number,
  rows: number,
  n: number,
  out: NdArray,
  x: NdArray,
  divisor: number,
): boolean {
  const width = x.data.BYTES_PER_ELEMENT;
  const rowsPerChunk = Math.min(rows, Math.max(8, Math.floor(chunkBytes / (n * width * 8)) * 8));
  if (!workspace.begin((rowsPerChunk * n + n) * width + 64 * (n + 1) + 512)) return false;
  const from = workspace.allocate(rowsPerChunk * n * width);
  const to = workspace.allocate(n * width);
  const sums = workspace.allocate(64 * (n + 1));
  for (let o = 0; o < outer; o++) {
    for (let row = 0; row < rows; row += rowsPerChunk) {
      const count = Math.min(rowsPerChunk, rows - row);
      workspace.write(from, x.data, x.offset + (o * rows + row) * n, count * n);
      kernel(count, n, to, from, sums, row === 0, divisor);
    }
    workspace.read(to, out.data, o * n, n);
  }
  return true;
}
