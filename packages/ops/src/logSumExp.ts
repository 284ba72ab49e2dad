import { defineOp, type Op, type Tensor, type Unary } from "@wengert/core";
import { sizeOf } from "@wengert/core/ndarray";
import { mul } from "./arithmetic.ts";
import { keptShape, type ReduceOptions, type Reduction, reduceDefaults, reducedShape, reductionOf } from "./axes.ts";
import { ofLogSumExp } from "./causes.ts";
import { equal } from "./compare.ts";
import { peak, sumOfOthers } from "./lanes.ts";
import { alongAxes, withoutAxes } from "./loops.ts";
import { irregular } from "./samples.ts";
import { reshape } from "./shape.ts";
import { softmax } from "./softmax.ts";
import { lanesInWasm } from "./wasm/softmax.ts";
import { where } from "./where.ts";

/**
 * y = log Σ exp(x) over `axis` = xₘ + log1p(Σⱼ≠ₘ exp(xⱼ − xₘ)), with xₘ the maximum. x̄ = g softmax(x).
 * Of nothing, or nothing but −Infinity, it is −Infinity, with the gradient 0.
 */
export const logSumExp: Op<Unary, Reduction, ReduceOptions> = /* @__PURE__ */ defineOp({
  name: "logSumExp",
  options: reduceDefaults,
  params: (options, [x]) => reductionOf("logSumExp", x, options),
  shape: ([x], params) => reducedShape(x.shape, params),
  kernel: (out, [x], { axes }) =>
    lanesInWasm("logSumExp", withoutAxes(out, x.shape, axes), [x], axes) ||
    alongAxes(axes, withoutAxes(out, x.shape, axes), [x], (n, y, o, _, a, i, s) => {
      const m = peak(n, a, i, s);
      const most = n > 0 ? a[i + m * s]! : -Infinity;
      y[o] = Number.isFinite(most) ? most + Math.log1p(sumOfOthers(n, a, i, s, m)) : most;
    }),
  flops: ([x]) => 4 * sizeOf(x.shape),
  vjp: [
    (g, { inputs: [x], output, params: { axes } }) => {
      const kept = (t: Tensor) => reshape(t, { shape: keptShape(x.shape, axes) });
      return mul(kept(g), where(equal(kept(output), -Infinity), 0, softmax(x, { axis: axes })));
    },
  ],
  nonFinite: ofLogSumExp,
  samples: () => [
    [irregular([2, 3])],
    [irregular([2, 3], 2), { axis: 0, keepDims: true }],
    [irregular([2, 2, 2]), { axis: [0, 2] }],
  ],
});
