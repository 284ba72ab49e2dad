import type { Tensor } from "@wengert/core";
import { add, div, exp, expandDims, log, logSoftmax, logSumExp, mean, mul, neg, square, sub, sum } from "@wengert/ops";

/** K Gaussians. Softmax makes weights of any a, the exponential a width of any logSigma: nothing has to be constrained. */
export interface Mixture {
  /** The logits of the weights: π = softmax(a). */
  readonly a: Tensor;
  readonly mu: Tensor;
  readonly logSigma: Tensor;
}

/** tₖ = log πₖ N(x; μₖ, σₖ), for each x a row [n, K]. */
export function terms({ a, mu, logSigma }: Mixture, x: Tensor): Tensor {
  const z = div(sub(expandDims(x, { axis: 1 }), mu), exp(logSigma));
  const logNormal = neg(add(mul(0.5, square(z)), add(logSigma, 0.5 * Math.log(2 * Math.PI))));
  return add(logSoftmax(a), logNormal);
}

export type LogDensity = (mixture: Mixture, x: Tensor) => Tensor;

/** log p(x) = log Σₖ πₖ N(x; μₖ, σₖ) */
export const logDensity: LogDensity = (mixture, x) => logSumExp(terms(mixture, x), { axis: 1 });

/** The same on paper; where all terms are below −745, each exp is 0. */
export const naiveLogDensity: LogDensity = (mixture, x) => log(sum(exp(terms(mixture, x)), { axis: 1 }));

/** The mean of −log p(x): the least is at the greatest likelihood. */
export const lossOf = (mixture: Mixture, x: Tensor, logP: LogDensity = logDensity): Tensor =>
  neg(mean(logP(mixture, x)));
