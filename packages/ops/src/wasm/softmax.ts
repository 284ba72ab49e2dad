import { assign, type Data, isRowMajor, type NdArray, ndarray, ravel, sizeOf } from "@wengert/core/extend";
import type { SliceName } from "./exports.ts";
import { currentEngine } from "./kernels.ts";

/** What is copied in of one operand at a time: so that it all stays in the cache. */
const chunkBytes = 32768;

/**
 * Runs a kernel of the softmax family along `axes`; whether it did. inputs[0] has the full shape; the other arrays have it too, or are
 * without `axes`: then a slice of them is a single entry. There is no size at which a plain loop is faster.
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
  if (!(count > 0)) return false; // nothing to do, and the plain loop does it
  const { workspace, exports } = engine;
  const width = out.data.BYTES_PER_ELEMENT;
  const kernel = exports[`${name}${width === 4 ? 32 : 64}`];
  const slicesPerChunk = Math.min(count, Math.max(1, Math.floor(chunkBytes / (n * width))));
  const scratch = Math.max(2 * slicesPerChunk + 2, 3 * n + 6) * 8;
  if (!workspace.begin(4 * slicesPerChunk * n * width + scratch + 512)) return false;

  // Slices that are not one run of memory are copied to be so, and the results back.
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

/** The same for a kernel whose second input holds class labels. If one is out of range, the plain loop runs, and throws. */
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

/** The slices of an array one behind the other: of so many entries each; and where they are copied to. */
interface Slice {
  readonly data: Data;
  readonly from: number;
  readonly entries: number;
  readonly address: number;
}

type DataClass = new (size: number) => Data;

/** Whether these are the last axes of so many, in order. */
function areLastAxes(axes: readonly number[], rank: number): boolean {
  for (let i = 0; i < axes.length; i++) if (axes[i] !== rank - axes.length + i) return false;
  return true;
}

/** All axes, those last. */
const withAxesLast = (axes: readonly number[], rank: number): readonly number[] => [
  ...Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !axes.includes(axis)),
  ...axes,
];
