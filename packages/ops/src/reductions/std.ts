import type { Tensor } from "@wengert/core";
import { defineOp, type Op, sizeOf, type Unary } from "@wengert/core/extend";
import { keepDimsShape, reducedShape } from "../declaring/axes.ts";
import { varianceCause } from "../declaring/nonFiniteCauses.ts";
import { irregular } from "../declaring/samples.ts";
import { div, mul, sub } from "../elementwise/arithmetic.ts";
import { equal } from "../elementwise/compare.ts";
import { where } from "../elementwise/where.ts";
import { reshape } from "../shapes/reshape.ts";
import {
  elementCount,
  mean,
  type Variance,
  type VarianceOptions,
  varianceDefaults,
  varianceInto,
  varianceParams,
} from "./mean.ts";

/**
 * Returns the standard deviation y = √(Σ (x − m)² / (n − ddof)) over `axis`, where m is the mean. The VJP maps the
 * cotangent g to g (x − m) / ((n − ddof) y). If all entries of a slice are equal, y is 0 and so is the gradient.
 */
export const std: Op<Unary, Variance, VarianceOptions> = /* @__PURE__ */ defineOp({
  name: "std",
  options: varianceDefaults,
  params: (options, [x]) => varianceParams(x, options),
  shape: ([x], params) => reducedShape(x.shape, params),
  batch: "shift",
  kernel: (out, [x], params) => varianceInto(out, x, params, true),
  flops: ([x]) => 4 * sizeOf(x.shape),
  vjp: [
    (g, { inputs: [x], output, params: { axes, ddof } }) => {
      const withKeptDims = (t: Tensor) => reshape(t, { shape: keepDimsShape(x.shape, axes) });
      const weight = mul(divideUnlessZero(g, output), 1 / Math.max(elementCount(x, axes) - ddof, 0));
      return mul(withKeptDims(weight), sub(x, mean(x, { axis: axes, keepDims: true })));
    },
  ],
  nonFinite: varianceCause,
  samples: () => [[irregular([2, 3])], [irregular([2, 3], 2), { axis: 0, keepDims: true, ddof: 1 }]],
});

/** Returns a / b, but 0 where b is 0: the middle of the subdifferential of a norm at 0. */
export function divideUnlessZero(a: Tensor, b: Tensor): Tensor {
  const isZero = equal(b, 0);
  return where(isZero, 0, div(a, where(isZero, 1, b)));
}
