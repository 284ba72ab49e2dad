import { Tensor } from "@wengert/core";
import { type Data, isRowMajor, type NdArray, ndarray, ravel, sizeOf } from "@wengert/core/extend";
import { classOf, type Value } from "./layout.ts";

// Copies into and out of the memory of a plan. They are most of the time of a small plan.

/** The number of elements up to which a loop takes less time than `set` or `slice`. */
const maxLoop = 24;

/** Writes the elements of an array to a contiguous view of the memory. */
export function write(view: Data, array: NdArray): void {
  const { data, offset, shape } = array;
  if (!isRowMajor(array)) view.set(ravel(array));
  else if (view.length <= maxLoop) for (let l = 0; l < view.length; l++) view[l] = data[offset + l]!;
  else view.set(offset === 0 && data.length === view.length ? data : data.subarray(offset, offset + sizeOf(shape)));
}

/** Returns the function that copies the elements of a value, which `array` views, into a new tensor. */
export function copierOf({ shape, dtype }: Value, array: NdArray, label: string | undefined): () => Tensor {
  const { data, offset } = array;
  const n = sizeOf(shape);
  const DataClass = classOf(dtype);
  if (!isRowMajor(array)) return () => new Tensor(shape, dtype, ndarray(ravel(array) as Data, shape), label); // a copy
  if (n > maxLoop) return () => new Tensor(shape, dtype, ndarray(data.slice(offset, offset + n), shape), label);
  return () => {
    const elements = new DataClass(n);
    for (let l = 0; l < n; l++) elements[l] = data[offset + l]!;
    return new Tensor(shape, dtype, ndarray(elements, shape), label);
  };
}
