import { DTypeError, defineOp, describe, mixedDTypes, type Op, type Tensor, tensor } from "@wengert/core";
import { broadcastShape } from "./axes.ts";
import { elementwise } from "./loops.ts";
import { irregular } from "./samples.ts";
import { unbroadcast } from "./sum.ts";

/**
 * y = a where `condition` (bool) holds, b elsewhere.
 * The cotangent goes to the branch taken; the other gets exactly 0, even of an infinite or NaN cotangent.
 */
export const where: Op<readonly [condition: Tensor, a: Tensor, b: Tensor]> = /* @__PURE__ */ defineOp({
  name: "where",
  shape: (inputs) => broadcastShape("where", inputs, ["condition", "a", "b"]),
  dtype: ([condition, a, b]) => {
    if (condition.dtype !== "bool") {
      const cure = `write notEqual(${condition.label ?? "condition"}, 0)`;
      throw new DTypeError(`where: bool is needed, ${describe(condition, "condition")} is ${condition.dtype}; ${cure}`);
    }
    if (a.dtype === b.dtype) return a.dtype;
    throw mixedDTypes("where", [a, "a"], [b, "b"]);
  },
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
