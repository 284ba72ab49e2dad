import { ArgumentError, OutOfRangeError, ShapeError, type Tensor, tensor } from "@wengert/core";
import { type Data, defineOp, describe, mixedDTypes, type Op, ravel, show } from "@wengert/core/extend";
import { irregular } from "../declaring/samples.ts";

export interface SearchsortedOptions {
  /**
   * Which index to return among equal entries: the index of the first of them ("left"), or the index after the last
   * ("right"). Default: "left".
   */
  readonly side?: "left" | "right" | undefined;
}

/** Returns whether a is before b in NumPy's order, in which NaN is after all numbers. */
const isBefore = (a: number, b: number): boolean => a < b || (Number.isNaN(b) && !Number.isNaN(a));

/**
 * Returns, for each element of x, the index (int32) at which inserting it keeps the vector `sorted` in ascending order.
 * With `side` "left", the index is the number of entries less than the element; with "right", the number of entries
 * less than or equal to it. NaN is above all numbers. Not differentiable.
 * @throws OutOfRangeError if `sorted` descends anywhere, ShapeError unless it is a vector
 */
export const searchsorted: Op<
  readonly [sorted: Tensor, x: Tensor],
  { readonly side: "left" | "right" },
  SearchsortedOptions
> = /* @__PURE__ */ defineOp({
  name: "searchsorted",
  options: { side: "left" },
  params: ({ side }) => {
    if (side === "left" || side === "right") return { side };
    throw new ArgumentError(`side must be "left" or "right", got ${show(side)}`);
  },
  shape: ([sorted, x]) => {
    if (sorted.shape.length === 1) return x.shape;
    throw new ShapeError(
      `expected a vector of sorted numbers, got ${describe(sorted, "sorted")}; search each row alone`,
    );
  },
  dtype: ([sorted, x]) => {
    if (sorted.dtype === x.dtype) return "int32";
    throw mixedDTypes([sorted, "sorted"], [x, "x"]);
  },
  batch: ({ inputs, batched: [isSortedBatched], params, again, perEntry }) =>
    isSortedBatched ? perEntry() : again(params, inputs),
  kernel: (out, [sorted, x], { side }, [operand]) => {
    const [entries, values] = [ravel(sorted), ravel(x)];
    for (let i = 1; i < entries.length; i++)
      if (isBefore(entries[i]!, entries[i - 1]!))
        throw new OutOfRangeError(
          `${describe(operand, "sorted")} descends at index ${i}, from ${entries[i - 1]} to ${entries[i]}; write sort(${operand.label ?? "sorted"})`,
        );
    for (let i = 0; i < values.length; i++) out.data[i] = insertionIndex(entries, values[i]!, side === "right");
  },
  vjp: [null, null],
  // In each sample, the vector `sorted` has a single number. Generated tests replace the numbers of samples, and a
  // longer vector might no longer be sorted.
  samples: () => [
    [tensor([0.1]), irregular([2, 3])],
    [tensor([0.1]), 0, { side: "right" }],
  ],
});

/** Returns the number of sorted entries that are less than x, or less than or equal to x if `includesEqual`. */
function insertionIndex(entries: Data, x: number, includesEqual: boolean): number {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = entries[middle]!;
    if (includesEqual ? !isBefore(x, entry) : isBefore(entry, x)) low = middle + 1;
    else high = middle;
  }
  return low;
}
