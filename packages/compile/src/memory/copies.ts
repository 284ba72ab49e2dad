import { Tensor } from "@wengert/core";
import { type Data, isRowMajor, type NdArray, ndarray, ravel, sizeOf } from "@wengert/core/extend";
import type { Value } from "./layout.ts";

// Copies into and out of the memory of a plan. They are most of the time of a small plan.

/** Writes the elements of an array to a contiguous view of the memory. */
export function write(view: Data, array: NdArray): void {
  const { data, offset, shape } = array;
  if (!isRowMajor(array)) view.set(ravel(array));
  else if (view.length <= 16) for (let l = 0; l < view.length; l++) view[l] = data[offset + l]!;
  else view.set(offset === 0 && data.length === view.length ? data : data.subarray(offset, offset + sizeOf(shape)));
}

/** Returns a new tensor with the elements of a value, which `array` views. */
export function copyOut({ shape, dtype }: Value, array: NdArray, label: string | undefined): Tensor {
  const { data, offset } = array;
  const n = sizeOf(shape);
  // `ravel` copies an array that is not row-major.
  const elements = isRowMajor(array) ? data.slice(offset, offset + n) : (ravel(array) as Data);
  return new Tensor(shape, dtype, ndarray(elements, shape), label);
}
