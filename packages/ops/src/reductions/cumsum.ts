import { defineOp, type Op, type Unary } from "@wengert/core/extend";
import { axisOf } from "../declaring/axes.ts";
import { sumCause } from "../declaring/nonFiniteCauses.ts";
import { irregular } from "../declaring/samples.ts";
import { alongAxes } from "../loops/alongAxes.ts";
import { flip } from "../shapes/reshape.ts";
import { sumDType } from "../shapes/sum.ts";

/**
 * Returns yᵢ = x₀ + … + xᵢ along `axis`, in float64; int32 wraps around, and bools are counted. xⱼ is a term of every
 * yᵢ with i ≥ j. So the cotangent of xⱼ is Σᵢ≥ⱼ gᵢ, the cumulative sum of the cotangent g from the other end.
 */
export const cumsum: Op<Unary, { readonly axis: number }> = /* @__PURE__ */ defineOp({
  name: "cumsum",
  options: { axis: undefined },
  params: (options, [x]) => ({ axis: axisOf(x, options.axis) }),
  shape: ([x]) => x.shape,
  dtype: sumDType,
  batch: "shift",
  kernel: (out, [x], { axis }) =>
    alongAxes([axis], out, [x], (n, y, o, r, a, i, s) => {
      const wraps = y instanceof Int32Array;
      let total = 0;
      for (let l = 0, p = i, q = o; l < n; l++, p += s, q += r) {
        total = wraps ? (total + a[p]!) | 0 : total + a[p]!;
        y[q] = total;
      }
    }),
  vjp: [(g, { params: { axis } }) => flip(cumsum(flip(g, { axis }), { axis }), { axis })],
  nonFinite: sumCause,
  samples: () => [
    [irregular([2, 3]), { axis: 1 }],
    [irregular([2, 3]), { axis: 0 }],
  ],
});
