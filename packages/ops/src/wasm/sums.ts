import { isRowMajor, type NdArray } from "@wengert/core/ndarray";
import type { SumKernel } from "./exports.ts";
import { inUse } from "./kernels.ts";
import type { Workspace } from "./workspace.ts";

/** Bytes that are copied in at a time: so that they are still in the cache when they are added. */
const chunk = 32768;

/**
 * out ← the sums of x over `axes`, divided by `divisor`; whether it was done, which it is for neighbouring axes of a row-major x.
 * There is no size at which the plain loop is faster, and its bits are the same.
 */
export function sumsInWasm(out: NdArray, x: NdArray, axes: readonly number[], divisor: number): boolean {
  const engine = inUse();
  if (engine === null || axes.length === 0 || !areNeighbours(axes) || !isRowMajor(x)) return false;
  const { shape } = x;
  let [outer, n, inner] = [1, 1, 1];
  for (let axis = 0; axis < shape.length; axis++) {
    if (axis < axes[0]!) outer *= shape[axis]!;
    else if (axis <= axes.at(-1)!) n *= shape[axis]!;
    else inner *= shape[axis]!;
  }
  const { workspace, exports } = engine;
  const isSingle = x.data instanceof Float32Array;
  if (!(isSingle || x.data instanceof Float64Array) || out.data.constructor !== x.data.constructor) return false;
  if (out.data.length * n === 0) return false; // nothing to do, and the plain loop does it
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

/** Axes come in ascending order. */
const areNeighbours = (axes: readonly number[]): boolean => axes.at(-1)! - axes[0]! === axes.length - 1;

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
  const most = chunk / width;
  const [some, part] = n > most ? [1, most] : [Math.min(rows, Math.floor(most / n)), n];
  if (!workspace.begin((some * part + some) * width + 512)) return false;
  const from = workspace.take(some * part * width);
  const to = workspace.take(some * width);
  const sums = workspace.take(64);
  for (let row = 0; row < rows; row += some) {
    const count = Math.min(some, rows - row);
    for (let l = 0; l < n; l += part) {
      const length = Math.min(part, n - l);
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
  const some = Math.min(rows, Math.max(8, Math.floor(chunk / (n * width * 8)) * 8));
  if (!workspace.begin((some * n + n) * width + 64 * (n + 1) + 512)) return false;
  const from = workspace.take(some * n * width);
  const to = workspace.take(n * width);
  const sums = workspace.take(64 * (n + 1));
  for (let o = 0; o < outer; o++) {
    for (let row = 0; row < rows; row += some) {
      const count = Math.min(some, rows - row);
      workspace.write(from, x.data, x.offset + (o * rows + row) * n, count * n);
      kernel(count, n, to, from, sums, row === 0, divisor);
    }
    workspace.read(to, out.data, o * n, n);
  }
  return true;
}
