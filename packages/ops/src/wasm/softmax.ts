import { assign, type Data, isRowMajor, type NdArray, ndarray, rows, sizeOf } from "@wengert/core/ndarray";
import type { LaneName } from "./exports.ts";
import { inUse } from "./kernels.ts";

/** What is copied in of one operand at a time: so that it all stays in the cache. */
const chunk = 32768;

/**
 * Runs a kernel of the softmax family along `axes`; whether it did. inputs[0] has the full shape; the other arrays have it too, or are
 * without `axes`: then a lane of them is a single entry. There is no size at which a plain loop is faster.
 */
export function lanesInWasm(
  name: LaneName,
  out: NdArray,
  inputs: readonly [NdArray, ...NdArray[]],
  axes: readonly number[],
): boolean {
  const engine = inUse();
  if (engine === null) return false;
  const { shape } = inputs[0];
  let n = 1;
  for (let i = 0; i < axes.length; i++) n *= shape[axes[i]!]!;
  const count = sizeOf(shape) / n;
  if (!(count > 0)) return false; // nothing to do, and the plain loop does it
  const { workspace, exports } = engine;
  const width = out.data.BYTES_PER_ELEMENT;
  const kernel = exports[`${name}${width === 4 ? 32 : 64}`];
  const many = Math.min(count, Math.max(1, Math.floor(chunk / (n * width))));
  const scratch = Math.max(2 * many + 2, 3 * n + 6) * 8;
  if (!workspace.begin(4 * many * n * width + scratch + 512)) return false;

  // Lanes that are not one run of memory are copied to be so, and the results back.
  const order = isLast(axes, shape.length) ? undefined : orderOf(axes, shape.length);
  const lane = (array: NdArray, isResult: boolean): Lane => {
    const isWhole = array.shape.length === shape.length;
    const entries = isWhole ? n : 1;
    const address = workspace.take(many * entries * width);
    const moved = isWhole && order !== undefined ? array.transpose(...order) : array;
    if (isRowMajor(moved)) return { data: moved.data, from: moved.offset, entries, address };
    const data = isResult ? new (out.data.constructor as DataClass)(sizeOf(moved.shape)) : rows(moved);
    return { data, from: 0, entries, address };
  };
  const y = lane(out, true);
  const x = lane(inputs[0], false);
  const a = inputs.length > 1 ? lane(inputs[1]!, false) : undefined;
  const b = inputs.length > 2 ? lane(inputs[2]!, false) : undefined;
  const spare = workspace.take(scratch);
  for (let row = 0; row < count; row += many) {
    const some = Math.min(many, count - row);
    workspace.write(x.address, x.data, x.from + row * n, some * n);
    if (a !== undefined) workspace.write(a.address, a.data, a.from + row * a.entries, some * a.entries);
    if (b !== undefined) workspace.write(b.address, b.data, b.from + row * b.entries, some * b.entries);
    kernel(some, n, y.address, x.address, a?.address ?? 0, b?.address ?? 0, spare);
    workspace.read(y.address, y.data, y.from + row * y.entries, some * y.entries);
  }
  if (y.data !== out.data) {
    const moved = out.transpose(...(order ?? shape.keys()));
    assign(moved, ndarray(y.data, moved.shape));
  }
  return true;
}

/** The same for a kernel whose second input is labels of n classes; what is no class is left to the plain loop, which tells. */
export function labelledLanesInWasm(
  name: LaneName,
  out: NdArray,
  inputs: readonly [NdArray, NdArray, ...NdArray[]],
  axis: number,
): boolean {
  if (inUse() === null) return false;
  const labels = rows(inputs[1]);
  const n = inputs[0].shape[axis]!;
  for (let i = 0; i < labels.length; i++) if (!(labels[i]! >= 0 && labels[i]! < n)) return false;
  return lanesInWasm(name, out, inputs, [axis]);
}

/** The lanes of an array one behind the other: of so many entries each; and where they are copied to. */
interface Lane {
  readonly data: Data;
  readonly from: number;
  readonly entries: number;
  readonly address: number;
}

type DataClass = new (size: number) => Data;

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
