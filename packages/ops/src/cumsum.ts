import { defineOp, type Op, type Unary } from "@wengert/core";
import { axisOf } from "./axes.ts";
import { ofTotal } from "./causes.ts";
import { alongAxes } from "./loops.ts";
import { irregular } from "./samples.ts";
import { flip } from "./shape.ts";
import { counted } from "./sum.ts";

/**
 * yᵢ = x₀ + … + xᵢ along `axis`, added in float64; int32 wraps, bools are counted. xⱼ is part of every yᵢ from i = j on,
 * hence x̄ⱼ is the sum of g from j to the end: the same from behind.
 */
export const cumsum: Op<Unary, { readonly axis: number }> = /* @__PURE__ */ defineOp({
  name: "cumsum",
  options: { axis: undefined },
  params: (options, [x]) => ({ axis: axisOf("cumsum", x, options.axis) }),
  shape: ([x]) => x.shape,
  dtype: counted,
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
  nonFinite: ofTotal,
  samples: () => [
    [irregular([2, 3]), { axis: 1 }],
    [irregular([2, 3]), { axis: 0 }],
  ],
});
