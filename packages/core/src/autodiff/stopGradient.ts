import { tensor } from "../values/create.ts";
import { leaves, type TreesOnly, unflatten } from "../values/tree.ts";
import { defineOp, type Op, type Unary } from "./op.ts";

/**
 * Returns x with the same memory, as a constant for every derivative. `stopGradient` applies this op to the tensors of
 * a tree.
 */
export const stop: Op<Unary> = /* @__PURE__ */ defineOp({
  name: "stopGradient",
  shape: ([x]) => x.shape,
  dtype: ([x]) => x.dtype,
  view: ([x]) => x,
  vjp: [null],
  batch: "broadcast",
  samples: () => [[tensor([1, 2])]],
});

/**
 * Returns a tree with the values of `x`, which every derivative treats as constants.
 * @throws TreeError unless `x` is a tree
 */
export function stopGradient<T>(x: T & TreesOnly<T>): T {
  return unflatten<T>(
    x,
    leaves("stopGradient", x, "x").map((leaf) => stop(leaf)),
  );
}
