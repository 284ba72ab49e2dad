import { allocateArray, type Data, type DataClass, type NdArray, ndarray, ravel, type Shape } from "./ndarray.ts";

// A caller can donate tensors to a compiled function, if the caller does not need them after the call. The function
// reuses their memory for its results. The donated tensors lose their elements, so reading them throws an error instead
// of returning the new results.
//
// A compiled function may also return a tensor whose elements are in the function's own memory (lent memory). Before
// the function overwrites this memory, the elements are copied to new memory.

/**
 * Typed arrays whose memory a compiled function can use again. An "exclusive" array belongs to one tensor, whose `.data`
 * was not read and which has no views. A "lent" array is a part of the WebAssembly memory of a compiled function.
 */
const reusable = new WeakMap<Data, "exclusive" | "lent">();
let anyReusable = false; // most programs donate nothing, and then need no lookups

/** Records that `data` belongs to a single tensor. */
export function claim(data: Data): void {
  anyReusable = true;
  reusable.set(data, "exclusive");
}

/** Records that `data` is in the memory of a compiled function, which overwrites the elements in later calls. */
export function lend(data: Data): void {
  anyReusable = true;
  reusable.set(data, "lent");
}

/** Returns whether the elements of an array are in the memory of a compiled function. */
export const isLent = ({ data }: NdArray): boolean => reusable.get(data) === "lent";

/**
 * If the elements of the tensor `x` are in the memory of a compiled function, copies them to new memory. Then later
 * calls of the function cannot overwrite them.
 */
export function keepElements(x: { readonly shape: Shape; readonly array: NdArray | undefined }): void {
  const array = x.array!; // only traced tensors have none
  if (!isLent(array)) return;
  const copy = allocateArray(array.data.constructor as DataClass, "compile", x.shape);
  copy.set(ravel(array));
  (x as { array: NdArray }).array = ndarray(copy, x.shape);
}

/**
 * Returns the array of a tensor. Records that several tensors, or the user through `.data`, may refer to its typed array,
 * so that its memory is never reused.
 */
export function share(x: { readonly shape: Shape; readonly array: NdArray | undefined }): NdArray {
  if (anyReusable) {
    keepElements(x);
    reusable.delete(x.array!.data);
  }
  return x.array!;
}

/** Maps the empty array that replaces the elements of a donated tensor to the reason why they were removed. */
const reasons = new WeakMap<Data, string>();

/**
 * Returns the reason why a tensor with the array `data` has lost its elements, or `undefined` if the tensor was not
 * donated.
 */
export const donationOf = (data: Data): string | undefined => reasons.get(data);

/** Takes the elements of donated tensors. Reading these tensors then throws a MutationError with the reason. */
export class Donation {
  readonly #reason: string;
  /** The empty arrays that replace the elements of donated tensors: one for each class of typed arrays. */
  readonly #empty = new Map<unknown, Data>();

  constructor(reason: string) {
    this.#reason = reason;
  }

  /**
   * Removes the elements of the tensor x. Returns the memory of the elements if no other tensor or array shares the
   * memory; else `undefined`.
   */
  take(x: { readonly shape: Shape; readonly array: NdArray | undefined }): Data | undefined {
    const { array } = x;
    if (array === undefined || donationOf(array.data) !== undefined) return undefined;
    const { data, stride } = array;
    (x as { array: NdArray }).array = ndarray(this.#emptyLike(data), x.shape, stride, 0);
    if (reusable.get(data) !== "exclusive") return undefined;
    reusable.delete(data);
    return data;
  }

  #emptyLike(data: Data): Data {
    const known = this.#empty.get(data.constructor);
    if (known !== undefined) return known;
    const empty = data.slice(0, 0);
    reasons.set(empty, this.#reason);
    this.#empty.set(data.constructor, empty);
    return empty;
  }
}
