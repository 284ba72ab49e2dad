import { type Binary, defineOp, type Op } from "@wengert/core/extend";
import { broadcastShape } from "../declaring/axes.ts";
import { mulCause } from "../declaring/nonFiniteCauses.ts";
import { irregular } from "../declaring/samples.ts";
import { elementwise } from "../loops/strided.ts";
import { unbroadcast } from "../shapes/sum.ts";

/**
 * Returns y = a b, but 0 if one factor is 0 and the other is infinite: a zero weight contributes zero, even times
 * infinity. (0 × NaN is NaN.) For the cotangent g of y, the VJP computes the cotangents g b and g a by the same rule.
 */
export const zeroSafeMul: Op<Binary> = /* @__PURE__ */ defineOp({
  name: "zeroSafeMul",
  shape: (inputs) => broadcastShape(inputs),
  batch: "broadcast",
  kernel: (out, inputs) =>
    elementwise(out, inputs, (n, y, o, a, i, s, b, j, t) => {
      for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) {
        const product = a[p]! * b[q]!;
        y[o + l] = Number.isNaN(product) && !Number.isNaN(a[p]) && !Number.isNaN(b[q]) ? 0 : product;
      }
    }),
  vjp: [
    (g, { inputs: [a, b] }) => unbroadcast(zeroSafeMul(g, b), a),
    (g, { inputs: [a, b] }) => unbroadcast(zeroSafeMul(g, a), b),
  ],
  nonFinite: mulCause,
  samples: () => [[irregular([2, 1]), irregular([3], 2)]],
});
