import { type Data, type NdArray, ndarray, type Shape } from "./ndarray.ts";

// A compiled function may receive tensors that the caller gives up. The function reuses their memory for its results,
// and the tensors lose their elements, so that nobody reads the new elements as the old ones.

/** The typed arrays that belong to a single tensor: no view, no `.data` and no other tensor shares them. */
const exclusive = new WeakSet<Data>();
let anyExclusive = false; // most programs donate nothing, and then need no lookups

/** Records that `data` belongs to a single tensor. */
export function claim(data: Data): void {
  anyExclusive = true;
  exclusive.add(data);
}

/** Records that `data` may be shared from now on. */
export function share(data: Data): void {
  if (anyExclusive) exclusive.delete(data);
}

/** The reasons why donated tensors have no elements, by the empty arrays that they have instead. */
const reasons = new WeakMap<Data, string>();

/** Returns why the tensor with this array has no elements, or `undefined` if it was not donated. */
export const donationOf = (data: Data): string | undefined => reasons.get(data);

/** Takes the elements of donated tensors. Reading these tensors then throws a MutationError with the reason. */
export class Donation {
  readonly #reason: string;
  /** One empty array for each class of typed arrays. */
  readonly #empty = new Map<unknown, Data>();

  constructor(reason: string) {
    this.#reason = reason;
  }

  /**
   * Removes the elements of the tensor x. Returns the memory of the elements if no other tensor or array shares the memory; else
   * `undefined`.
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
