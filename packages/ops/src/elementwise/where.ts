import { DTypeError, type Tensor, tensor } from "@wengert/core";
import { defineOp, describe, mixedDTypes, type Op } from "@wengert/core/extend";
import { broadcastShape } from "../declaring/axes.ts";
import { irregular } from "../declaring/samples.ts";
import { elementwise } from "../loops/strided.ts";
import { unbroadcast } from "../shapes/sum.ts";

/**
 * Returns a where `condition` (bool) is true, else b. The selected branch receives the cotangent. The other branch
 * receives exactly 0, even if the cotangent is infinite or NaN.
 */
export const where: Op<readonly [condition: Tensor, a: Tensor, b: Tensor]> = /* @__PURE__ */ defineOp({
  name: "where",
  shape: (inputs) => broadcastShape(inputs, ["condition", "a", "b"]),
  dtype: ([condition, a, b]) => {
    if (condition.dtype !== "bool") {
      const hint = `write notEqual(${condition.label ?? "condition"}, 0)`;
      throw new DTypeError(
        `expected bool, got ${describe(condition, "condition")} with dtype ${condition.dtype}; ${hint}`,
      );
    }
    if (a.dtype === b.dtype) return a.dtype;
    throw mixedDTypes([a, "a"], [b, "b"]);
  },
  batch: "broadcast",
  kernel: (out, inputs) =>
    elementwise(out, inputs, (n, y, o, c, i, s, a, j, t, b, k, u) => {
      for (let l = 0, p = i, q = j, r = k; l < n; l++, p += s, q += t, r += u) y[o + l] = c[p] ? a[q]! : b[r]!;
    }),
  vjp: [
    null,
    (g, { inputs: [condition, a] }) => unbroadcast(where(condition, g, 0), a),
    (g, { inputs: [condition, , b] }) => unbroadcast(where(condition, 0, g), b),
  ],
  samples: () => [[tensor([[true], [false]]), irregular([3]), irregular([2, 1], 2)]],
});
