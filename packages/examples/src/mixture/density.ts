import type { Tensor } from "@wengert/core";
import { add, div, exp, expandDims, log, logSoftmax, logSumExp, mean, mul, neg, square, sub, sum } from "@wengert/ops";

/** A mixture of K Gaussians. Softmax and exp map any a and logSigma to valid weights and widths, so nothing is constrained. */
export interface Mixture {
  /** The logits of the weights: π = softmax(a). */
  readonly a: Tensor;
  readonly mu: Tensor;
  readonly logSigma: Tensor;
}

/** Returns tₖ = log πₖ N(x; μₖ, σₖ), one row per x. [n, K] */
export function terms({ a, mu, logSigma }: Mixture, x: Tensor): Tensor {
  const z = div(sub(expandDims(x, { axis: 1 }), mu), exp(logSigma));
  const logNormal = neg(add(mul(0.5, square(z)), add(logSigma, 0.5 * Math.log(2 * Math.PI))));
  return add(logSoftmax(a), logNormal);
}

export type LogDensity = (mixture: Mixture, x: Tensor) => Tensor;

/** log p(x) = log Σₖ πₖ N(x; μₖ, σₖ) */
export const logDensity: LogDensity = (mixture, x) => logSumExp(terms(mixture, x), { axis: 1 });

/** log p(x) by the textbook formula. If all terms are below −745, every exp underflows to 0. */
export const naiveLogDensity: LogDensity = (mixture, x) => log(sum(exp(terms(mixture, x)), { axis: 1 }));

/** The mean of −log p(x). Its minimum is the maximum of the likelihood. */
export const lossOf = (mixture: Mixture, x: Tensor, logP: LogDensity = logDensity): Tensor =>
  neg(mean(logP(mixture, x)));
