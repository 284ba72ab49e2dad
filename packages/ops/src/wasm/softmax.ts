import { assign, type Data, isRowMajor, type NdArray, ndarray, ravel, sizeOf } from "@wengert/core/extend";
import { currentEngine } from "./engine.ts";
import type { SliceName } from "./exports.ts";

/**
 * The number of bytes of an operand that are copied to WebAssembly memory at a time. The copied bytes fit in the cache.
 */
const chunkBytes = 32768;

/**
 * Runs a kernel of the softmax family along `axes`, and returns whether it ran. The kernel runs for all sizes, because
 * plain loops are never faster. An output or input without the axes `axes` has a single entry for each slice.
 */
export function slicesInWasm(
  name: SliceName,
  out: NdArray,
  inputs: readonly [NdArray, ...NdArray[]],
  axes: readonly number[],
): boolean {
  const engine = currentEngine();
  if (engine === null) return false;
  const { shape } = inputs[0];
  let n = 1;
  for (let i = 0; i < axes.length; i++) n *= shape[axes[i]!]!;
  const count = sizeOf(shape) / n;
  if (!(count > 0)) return false; // the plain loop handles empty arrays
  const { workspace, exports } = engine;
  const width = out.data.BYTES_PER_ELEMENT;
  const kernel = exports[`${name}${width === 4 ? 32 : 64}`];
  const slicesPerChunk = Math.min(count, Math.max(1, Math.floor(chunkBytes / (n * width))));
  const scratch = Math.max(2 * slicesPerChunk + 2, 3 * n + 6) * 8;
  if (!workspace.begin(4 * slicesPerChunk * n * width + scratch + 512)) return false;

  // Slices that are not contiguous are copied to contiguous memory, and their results are copied back.
  const order = areLastAxes(axes, shape.length) ? undefined : withAxesLast(axes, shape.length);
  const slice = (array: NdArray, isResult: boolean): Slice => {
    const isWhole = array.shape.length === shape.length;
    const entries = isWhole ? n : 1;
    const address = workspace.allocate(slicesPerChunk * entries * width);
    const transposed = isWhole && order !== undefined ? array.transpose(...order) : array;
    if (isRowMajor(transposed)) return { data: transposed.data, from: transposed.offset, entries, address };
    const data = isResult ? new (out.data.constructor as DataClass)(sizeOf(transposed.shape)) : ravel(transposed);
    return { data, from: 0, entries, address };
  };
  const y = slice(out, true);
  const x = slice(inputs[0], false);
  const a = inputs.length > 1 ? slice(inputs[1]!, false) : undefined;
  const b = inputs.length > 2 ? slice(inputs[2]!, false) : undefined;
  const scratchAddress = workspace.allocate(scratch);
  for (let row = 0; row < count; row += slicesPerChunk) {
    const sliceCount = Math.min(slicesPerChunk, count - row);
    workspace.write(x.address, x.data, x.from + row * n, sliceCount * n);
    if (a !== undefined) workspace.write(a.address, a.data, a.from + row * a.entries, sliceCount * a.entries);
    if (b !== undefined) workspace.write(b.address, b.data, b.from + row * b.entries, sliceCount * b.entries);
    kernel(sliceCount, n, y.address, x.address, a?.address ?? 0, b?.address ?? 0, scratchAddress);
    workspace.read(y.address, y.data, y.from + row * y.entries, sliceCount * y.entries);
  }
  if (y.data !== out.data) {
    const transposed = out.transpose(...(order ?? shape.keys()));
    assign(transposed, ndarray(y.data, transposed.shape));
  }
  return true;
}

/**
 * Runs a kernel of the softmax family along one axis, with class labels as the second input. Returns false if a label
 * is out of range; the plain loop then throws the error.
 */
export function labeledSlicesInWasm(
  name: SliceName,
  out: NdArray,
  inputs: readonly [NdArray, NdArray, ...NdArray[]],
  axis: number,
): boolean {
  if (currentEngine() === null) return false;
  const labels = ravel(inputs[1]);
  const n = inputs[0].shape[axis]!;
  for (let i = 0; i < labels.length; i++) if (!(labels[i]! >= 0 && labels[i]! < n)) return false;
  return slicesInWasm(name, out, inputs, [axis]);
}

/** The contiguous slices of an array, with `entries` entries each, and the address to which they are copied. */
interface Slice {
  readonly data: Data;
  readonly from: number;
  readonly entries: number;
  readonly address: number;
}

type DataClass = new (size: number) => Data;

/** Returns whether `axes` are the last of `rank` axes, in order. */
function areLastAxes(axes: readonly number[], rank: number): boolean {
  for (let i = 0; i < axes.length; i++) if (axes[i] !== rank - axes.length + i) return false;
  return true;
}

/** Returns the axes 0 … rank − 1 in an order in which `axes` come last. */
const withAxesLast = (axes: readonly number[], rank: number): readonly number[] => [
  ...Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !axes.includes(axis)),
  ...axes,
];
