import type { Tensor } from "@wengert/core";
import { defineOp, type Op, sizeOf, type Unary } from "@wengert/core/extend";
import { axisOf } from "../declaring/axes.ts";
import { logSumExpCause } from "../declaring/nonFiniteCauses.ts";
import { irregular } from "../declaring/samples.ts";
import { add, mul, sub } from "../elementwise/arithmetic.ts";
import { equal } from "../elementwise/compare.ts";
import { exp as expOp } from "../elementwise/functions.ts";
import { where } from "../elementwise/where.ts";
import { alongAxes } from "../loops/alongAxes.ts";
import { exp } from "../numerics/exponential.ts";
import { pad } from "../shapes/pad.ts";
import { sliceAlong } from "../shapes/split.ts";
import { linearRecurrence } from "./prod.ts";

/**
 * Returns yᵢ = log Σⱼ≤ᵢ exp(xⱼ) along `axis`. Sums are relative to the maximum so far, so that no exponential
 * overflows. The VJP maps the cotangent g to exp(xⱼ − yⱼ) rⱼ. The sum rⱼ = Σᵢ≥ⱼ gᵢ exp(yⱼ − yᵢ) is computed from the
 * last entry to the first. While all entries so far are −Infinity, y is −Infinity and the gradient is 0.
 */
export const logCumsumExp: Op<Unary, { readonly axis: number }> = /* @__PURE__ */ defineOp({
  name: "logCumsumExp",
  options: { axis: undefined },
  params: (options, [x]) => ({ axis: axisOf(x, options.axis) }),
  shape: ([x]) => x.shape,
  batch: "shift",
  kernel: (out, [x], { axis }) =>
    alongAxes([axis], out, [x], (n, y, o, r, a, i, s) => {
      let peak = -Infinity;
      let rest = 0; // Σ exp(xⱼ − peak) without the term of the peak
      for (let l = 0, p = i, q = o; l < n; l++, p += s, q += r) {
        const value = a[p]!;
        if (Number.isNaN(value)) peak = value;
        else if (value > peak) {
          rest = peak === -Infinity ? 0 : (rest + 1) * exp(peak - value, 0);
          peak = value;
        } else if (value > -Infinity) rest += exp(value - peak, 0);
        y[q] = Number.isFinite(peak) ? peak + Math.log1p(rest) : peak;
      }
    }),
  flops: ([x]) => 4 * sizeOf(x.shape),
  vjp: [
    (g, { inputs: [x], output: y, params: { axis } }) => {
      const n = x.shape[axis]!;
      if (n === 0) return g;
      const isNothing = equal(y, -Infinity);
      const before = (t: Tensor) => sliceAlong(t, axis, 0, n - 1);
      const ratios = expOp(where(before(isNothing), 0, sub(before(y), sliceAlong(y, axis, 1, n))));
      const decay = pad(ratios, { widths: x.shape.map((_, i) => (i === axis ? [1, 0] : [0, 0])) });
      const later = linearRecurrence(decay, mul(decay, g), { axis, reverse: true });
      const share = where(isNothing, 0, expOp(where(isNothing, 0, sub(x, y))));
      return mul(share, add(g, later));
    },
  ],
  nonFinite: logSumExpCause,
  samples: () => [
    [irregular([2, 3]), { axis: 1 }],
    [irregular([3, 2]), { axis: 0 }],
  ],
});
