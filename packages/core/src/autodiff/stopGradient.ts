import { tensor } from "../values/create.ts";
import { leaves, type TreesOnly, unflatten } from "../values/tree.ts";
import { defineOp, type Op, type Unary } from "./op.ts";

const stop: Op<Unary> = /* @__PURE__ */ defineOp({
  name: "stopGradient",
  shape: ([x]) => x.shape,
  dtype: ([x]) => x.dtype,
  view: ([x]) => x,
  vjp: [null],
  samples: () => [[tensor([1, 2])]],
});

/** Returns the same values, which every derivative treats as constants. `x` is a tree. @throws TreeError unless it is one */
export function stopGradient<T>(x: T & TreesOnly<T>): T {
  return unflatten<T>(
    x,
    leaves("stopGradient", x, "x").map((leaf) => stop(leaf)),
  );
}
