import type { Tensor } from "@wengert/core";
import { defineOp, type Op, sizeOf, type Unary } from "@wengert/core/extend";
import {
  keepDimsShape,
  type ReduceOptions,
  type Reduction,
  reduceDefaults,
  reducedShape,
  reductionOf,
} from "../declaring/axes.ts";
import { logSumExpCause } from "../declaring/nonFiniteCauses.ts";
import { irregular } from "../declaring/samples.ts";
import { mul } from "../elementwise/arithmetic.ts";
import { equal } from "../elementwise/compare.ts";
import { where } from "../elementwise/where.ts";
import { alongAxes, withoutAxes } from "../loops/alongAxes.ts";
import { argmaxOf, sumExpExcept } from "../loops/slices.ts";
import { reshape } from "../shapes/reshape.ts";
import { slicesInWasm } from "../wasm/softmax.ts";
import { softmax } from "./softmax.ts";

/**
 * Returns y = log Σ exp(x) over `axis`, computed as xₘ + log1p(Σⱼ≠ₘ exp(xⱼ − xₘ)), where xₘ is the maximum. The VJP
 * maps the cotangent g to g softmax(x). If a slice is empty or all of its entries are −Infinity, y is −Infinity and the
 * gradient is 0.
 */
export const logSumExp: Op<Unary, Reduction, ReduceOptions> = /* @__PURE__ */ defineOp({
  name: "logSumExp",
  options: reduceDefaults,
  params: (options, [x]) => reductionOf(x, options),
  shape: ([x], params) => reducedShape(x.shape, params),
  batch: "shift",
  kernel: (out, [x], { axes }) =>
    slicesInWasm("logSumExp", withoutAxes(out, x.shape, axes), [x], axes) ||
    alongAxes(axes, withoutAxes(out, x.shape, axes), [x], (n, y, o, _, a, i, s) => {
      const m = argmaxOf(n, a, i, s);
      const peak = n > 0 ? a[i + m * s]! : -Infinity;
      y[o] = Number.isFinite(peak) ? peak + Math.log1p(sumExpExcept(n, a, i, s, m)) : peak;
    }),
  flops: ([x]) => 4 * sizeOf(x.shape),
  vjp: [
    (g, { inputs: [x], output, params: { axes } }) => {
      const withKeptDims = (t: Tensor) => reshape(t, { shape: keepDimsShape(x.shape, axes) });
      return mul(withKeptDims(g), where(equal(withKeptDims(output), -Infinity), 0, softmax(x, { axis: axes })));
    },
  ],
  nonFinite: logSumExpCause,
  samples: () => [
    [irregular([2, 3])],
    [irregular([2, 3], 2), { axis: 0, keepDims: true }],
    [irregular([2, 2, 2]), { axis: [0, 2] }],
  ],
});
