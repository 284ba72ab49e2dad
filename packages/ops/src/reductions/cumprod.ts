import { defineOp, type Op, type Unary } from "@wengert/core/extend";
import { axisOf } from "../declaring/axes.ts";
import { prodCause } from "../declaring/nonFiniteCauses.ts";
import { irregular } from "../declaring/samples.ts";
import { add, mul } from "../elementwise/arithmetic.ts";
import { alongAxes } from "../loops/alongAxes.ts";
import { sumDType } from "../shapes/sum.ts";
import { exclusiveCumprod, linearRecurrence } from "./prod.ts";

/**
 * Returns yᵢ = x₀ ⋯ xᵢ along `axis`, in float64; int32 wraps around, and bools give int32. For the cotangent g of y,
 * the cotangent of xⱼ is the product of the entries before j times rⱼ, where rⱼ = gⱼ + xⱼ₊₁ rⱼ₊₁. The formula needs no
 * division, so zeros are handled exactly.
 */
export const cumprod: Op<Unary, { readonly axis: number }> = /* @__PURE__ */ defineOp({
  name: "cumprod",
  options: { axis: undefined },
  params: (options, [x]) => ({ axis: axisOf(x, options.axis) }),
  shape: ([x]) => x.shape,
  dtype: sumDType,
  batch: "shift",
  kernel: (out, [x], { axis }) =>
    alongAxes([axis], out, [x], (n, y, o, r, a, i, s) => {
      const wraps = y instanceof Int32Array;
      let product = 1;
      for (let l = 0, p = i, q = o; l < n; l++, p += s, q += r) {
        product = wraps ? Math.imul(product, a[p]!) : product * a[p]!;
        y[q] = product;
      }
    }),
  vjp: [
    (g, { inputs: [x], params: { axis } }) => {
      const later = linearRecurrence(x, mul(x, g), { axis, reverse: true }); // xⱼ₊₁ rⱼ₊₁
      return mul(exclusiveCumprod(x, { axis }), add(g, later));
    },
  ],
  nonFinite: prodCause,
  samples: () => [
    [irregular([2, 3]), { axis: 1 }],
    [irregular([3, 2]), { axis: 0 }],
  ],
});
