import { assign, type Data, isRowMajor, type NdArray, ndarray, rows, sizeOf } from "@wengert/core/ndarray";
import type { Exports, LaneKernel } from "./exports.ts";
import { inUse } from "./kernels.ts";
import type { Workspace } from "./workspace.ts";

/** What is copied in of one operand at a time: so that it all stays in the cache. */
const chunk = 32768;

export const softmaxInWasm = (out: NdArray, x: NdArray, axes: readonly number[]): boolean =>
  alongLanes("softmax32", "softmax64", out, x, x, axes);

export const softmaxPullbackInWasm = (out: NdArray, s: NdArray, g: NdArray, axes: readonly number[]): boolean =>
  alongLanes("softmaxPullback32", "softmaxPullback64", out, s, g, axes);

type Name = Exclude<keyof Exports, "memory" | "free">;

/** Runs a kernel along `axes` of arrays of one shape; whether it did. There is no size at which a plain loop is faster. */
function alongLanes(
  name32: Name,
  name64: Name,
  out: NdArray,
  a: NdArray,
  b: NdArray,
  axes: readonly number[],
): boolean {
  const engine = inUse();
  if (engine === null) return false;
  const isSingle = out.data instanceof Float32Array;
  const { shape } = a;
  let n = 1;
  for (let i = 0; i < axes.length; i++) n *= shape[axes[i]!]!;
  const kernel = engine.exports[isSingle ? name32 : name64] as LaneKernel;
  const count = sizeOf(shape) / n;
  if (!(count > 0)) return false; // nothing to do, and the plain loop does it
  const { workspace } = engine;
  if (isLast(axes, shape.length) && isRowMajor(out)) return run(workspace, kernel, count, n, out, a, b);
  // Lanes that are not one run of memory are copied to be so, and the results back.
  const order = orderOf(axes, shape.length);
  const [x, z] = [a.transpose(...order), b.transpose(...order)];
  const y = ndarray(new (out.data.constructor as new (size: number) => Data)(count * n), x.shape);
  if (!run(workspace, kernel, count, n, y, x, a === b ? x : z)) return false;
  assign(out.transpose(...order), y);
  return true;
}

/** Runs a kernel over `count` lanes of n entries, which are the last axes of all arrays: many at a time, but what fits in the cache. */
function run(
  workspace: Workspace,
  kernel: LaneKernel,
  count: number,
  n: number,
  out: NdArray,
  a: NdArray,
  b: NdArray,
): boolean {
  const size = out.data.BYTES_PER_ELEMENT;
  const many = Math.max(1, Math.floor(chunk / (n * size)));
  const bytes = Math.min(many, count) * n * size;
  if (!workspace.begin(3 * bytes + 256)) return false;
  const y = workspace.take(bytes);
  const x = workspace.take(bytes);
  const z = a === b ? x : workspace.take(bytes);
  const isWhole = isRowMajor(a) && isRowMajor(b);
  const [from, other] = isWhole ? [a.data, b.data] : [rows(a), rows(b)];
  const [i, j] = isWhole ? [a.offset, b.offset] : [0, 0];
  for (let row = 0; row < count; row += many) {
    const some = Math.min(many, count - row);
    workspace.write(x, from, i + row * n, some * n);
    if (z !== x) workspace.write(z, other, j + row * n, some * n);
    kernel(some, n, y, x, z, 0, 0);
    workspace.read(y, out.data, out.offset + row * n, some * n);
  }
  return true;
}

/** Whether these are the last axes of so many, in order. */
function isLast(axes: readonly number[], rank: number): boolean {
  for (let i = 0; i < axes.length; i++) if (axes[i] !== rank - axes.length + i) return false;
  return true;
}

/** All axes, those last. */
const orderOf = (axes: readonly number[], rank: number): readonly number[] => [
  ...Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !axes.includes(axis)),
  ...axes,
];
