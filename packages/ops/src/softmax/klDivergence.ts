import type { Tensor, TensorLike } from "@wengert/core";
import { defineOp, type Op, prefixErrors, sharedFloat, toTensors, withDefaults } from "@wengert/core/extend";
import { type Axes, axesOf, broadcastShape } from "../declaring/axes.ts";
import { divCause } from "../declaring/nonFiniteCauses.ts";
import { positive, type Wrapped, wrapOp } from "../declaring/samples.ts";
import { add, div, mul, neg, sub } from "../elementwise/arithmetic.ts";
import { equal } from "../elementwise/compare.ts";
import { log } from "../elementwise/functions.ts";
import { where } from "../elementwise/where.ts";
import { elementwise } from "../loops/strided.ts";
import { sum, unbroadcast } from "../shapes/sum.ts";
import { type ReductionName, reduceLosses } from "./lossReduction.ts";
import { zeroSafeMul } from "./zeroSafeMul.ts";

export interface KlDivergenceOptions {
  /** The axis or axes of the classes, over which the terms are summed. Default: the last. */
  readonly axis?: Axes | undefined;
  /**
   * How to combine the divergences of the slices: "mean", "sum", or "none", which returns the divergences themselves.
   * Default: "mean".
   */
  readonly reduction?: ReductionName | undefined;
}

type KlDivergence = (p: TensorLike, q: TensorLike, options?: KlDivergenceOptions) => Tensor;
const inputNames = ["p", "q"];

/**
 * Returns p ln(p / q) elementwise: 0 for p = 0, and ∞ for q = 0 < p. If p and q are close, ln(p / q) is log1p((p − q) /
 * q), so that no digits cancel. The VJP maps the cotangent g to g (1 + ln p − ln q) for p and −g p / q for q.
 */
const relativeEntropy: Op<readonly [p: Tensor, q: Tensor]> = /* @__PURE__ */ defineOp({
  name: "klDivergence",
  shape: (inputs) => broadcastShape(inputs, inputNames),
  dtype: (inputs) => sharedFloat(inputs, inputNames),
  batch: "broadcast",
  kernel: (out, inputs) =>
    elementwise(out, inputs, (n, y, o, a, i, s, b, j, t) => {
      for (let l = 0, k = i, m = j; l < n; l++, k += s, m += t) {
        const [p, q] = [a[k]!, b[m]!];
        const isClose = p > q / 2 && p < 2 * q;
        y[o + l] = p === 0 && q >= 0 ? 0 : p * (isClose ? Math.log1p((p - q) / q) : Math.log(p / q));
      }
    }),
  vjp: [
    (g, { inputs: [p, q] }) => unbroadcast(zeroSafeMul(g, add(1, sub(log(p), log(q)))), p),
    (g, { inputs: [p, q] }) => {
      const isZero = equal(p, 0);
      return unbroadcast(neg(mul(g, where(isZero, 0, div(p, where(isZero, 1, q))))), q);
    },
  ],
  nonFinite: divCause,
  samples: () => [[positive([2, 3]), positive([3], 2)]],
});

/**
 * Returns the Kullback–Leibler divergence Σ p ln(p / q) over `axis`, of probabilities p and q. By default, returns the
 * mean over the slices. Terms with p = 0 are 0; if q = 0 < p, the divergence is ∞. p and q are not normalized. The VJP
 * maps the cotangent g of a divergence to g (1 + ln p − ln q) for p and −g p / q for q.
 */
export const klDivergence: Wrapped<KlDivergence, typeof relativeEntropy> = /* @__PURE__ */ wrapOp<
  KlDivergence,
  typeof relativeEntropy
>(
  relativeEntropy,
  (p, q, options) => {
    const { axis, reduction } = withDefaults<KlDivergenceOptions>("klDivergence", options, {
      axis: -1,
      reduction: "mean",
    });
    const [target, prediction] = toTensors("klDivergence", [p, q], 2) as [Tensor, Tensor];
    const axes = prefixErrors("klDivergence", () => {
      const shape = broadcastShape([target, prediction], inputNames);
      return axesOf({ shape, dtype: target.dtype, label: "p and q" }, axis);
    });
    return reduceLosses("klDivergence", sum(relativeEntropy(target, prediction), { axis: axes }), reduction);
  },
  () => [
    [positive([2, 3]), positive([2, 3], 2)],
    [positive([2, 3]), positive([3], 2), { axis: 0, reduction: "none" }],
  ],
);
