import { type Binary, defineOp, type Op } from "@wengert/core";
import { broadcastShape } from "./axes.ts";
import { ofProduct } from "./causes.ts";
import { elementwise } from "./loops.ts";
import { irregular } from "./samples.ts";
import { unbroadcast } from "./sum.ts";

/**
 * a b, and 0 where one is 0 and the other infinite: what weighs nothing adds nothing, be it infinite. (0 × NaN is NaN.)
 * The cotangents, g b and g a, are weighted in the same way.
 */
export const weighted: Op<Binary> = /* @__PURE__ */ defineOp({
  name: "weighted",
  shape: (inputs) => broadcastShape("weighted", inputs),
  kernel: (out, inputs) =>
    elementwise(out, inputs, (n, y, o, a, i, s, b, j, t) => {
      for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) {
        const product = a[p]! * b[q]!;
        y[o + l] = Number.isNaN(product) && !Number.isNaN(a[p]) && !Number.isNaN(b[q]) ? 0 : product;
      }
    }),
  vjp: [
    (g, { inputs: [a, b] }) => unbroadcast(weighted(g, b), a),
    (g, { inputs: [a, b] }) => unbroadcast(weighted(g, a), b),
  ],
  nonFinite: ofProduct,
  samples: () => [[irregular([2, 1]), irregular([3], 2)]],
});
