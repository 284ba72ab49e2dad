import type { Tensor } from "@wengert/core";
import { exp, expandDims, expr, log, logSoftmax, logSumExp, mean, neg, sum } from "@wengert/ops";

/** The parameters of a mixture of K Gaussians. Softmax maps any `a` to weights, and exp maps any `logSigma` to widths. */
export interface Mixture {
  /** The logits a of the mixture's weights π = softmax(a). */
  readonly a: Tensor;
  readonly mu: Tensor;
  readonly logSigma: Tensor;
}

/**
 * Returns the log of each weighted density, tₖ = log(πₖ N(x; μₖ, σₖ)), for each of n numbers x and each of K components
 * k, [n, K].
 */
export function terms({ a, mu, logSigma }: Mixture, x: Tensor): Tensor {
  const z = expr`(${expandDims(x, { axis: 1 })} - ${mu}) / ${exp(logSigma)}`;
  return expr`${logSoftmax(a)} - (${z} ** 2 / 2 + ${logSigma} + ${Math.log(2 * Math.PI)} / 2)`;
}

export type LogDensity = (mixture: Mixture, x: Tensor) => Tensor;

/** Returns the log-density of a mixture of Gaussians, log p(x) = log Σₖ πₖ N(x; μₖ, σₖ). */
export const logDensity: LogDensity = (mixture, x) => logSumExp(terms(mixture, x), { axis: 1 });

/**
 * Returns the log-density log p(x) of a mixture by the textbook formula, log Σ exp. If all exponents are below −745,
 * the sum underflows to 0.
 */
export const naiveLogDensity: LogDensity = (mixture, x) => log(sum(exp(terms(mixture, x)), { axis: 1 }));

/**
 * Returns the loss of a mixture, the mean of −log p(x) over the data x. Minimizing this loss maximizes the likelihood.
 */
export const lossOf = (mixture: Mixture, x: Tensor, logP: LogDensity = logDensity): Tensor =>
  neg(mean(logP(mixture, x)));
