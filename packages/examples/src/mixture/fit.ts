import { full, type Tensor, tensor, valueAndGrad, zeros } from "@wengert/core";
import { exp, softmax } from "@wengert/ops";
import { standardize } from "@wengert/train";
import { descent, type Moment } from "../shared/descent.ts";
import { lossOf, type Mixture } from "./density.ts";

const momentum = 0.9;

/**
 * Returns an initial mixture of K Gaussians for the sorted data x. The weights are equal. Mean number k is the quantile
 * (k + ½) / K of x, counted from k = 0. All widths are std(x) / K.
 */
export function initialMixture(x: Tensor, K: number): Mixture {
  const values = x.toNested<number[]>();
  const middles = Array.from({ length: K }, (_, k) => values[Math.floor(((k + 0.5) / K) * values.length)]!);
  return {
    a: zeros([K], { label: "a" }),
    mu: tensor(middles, { label: "mu" }),
    logSigma: full([K], Math.log(standardize(x).std.item() / K), { label: "logSigma" }),
  };
}

/** Fits a mixture by gradient descent. Returns the mixture and its loss at the start and after each step. */
export function fitMixture(x: Tensor, start: Mixture, settings: { steps: number; rate: number }): Moment<Mixture>[] {
  const lossAndGradient = valueAndGrad((mixture: Mixture) => lossOf(mixture, x));
  return descent(lossAndGradient, start, { ...settings, momentum });
}

/** The weights, means and widths of a mixture. */
export interface Shape {
  readonly pi: readonly number[];
  readonly mu: readonly number[];
  readonly sigma: readonly number[];
}

export const shapeOf = ({ a, mu, logSigma }: Mixture): Shape => ({
  pi: softmax(a).toNested<number[]>(),
  mu: mu.toNested<number[]>(),
  sigma: exp(logSigma).toNested<number[]>(),
});
