import { type Data, type NdArray, ndarray, type Shape } from "./ndarray.ts";

// A caller can donate tensors to a compiled function, if the caller does not need them after the call. The function
// reuses their memory for its results. The donated tensors lose their elements, so reading them throws an error instead
// of returning the new results.

/** The typed arrays that belong to a single tensor: no view, no `.data` and no other tensor shares them. */
const exclusive = new WeakSet<Data>();
let anyExclusive = false; // most programs donate nothing, and then need no lookups

/** Records that `data` belongs to a single tensor. */
export function claim(data: Data): void {
  anyExclusive = true;
  exclusive.add(data);
}

/**
 * Records that several tensors, or the user through `.data`, may refer to `data`, so that its memory is never reused.
 */
export function share(data: Data): void {
  if (anyExclusive) exclusive.delete(data);
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
    return exclusive.delete(data) ? data : undefined;
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
