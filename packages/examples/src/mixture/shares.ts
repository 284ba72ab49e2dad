import { grad, type Tensor, tensor } from "@wengert/core";
import {
  argmax,
  div,
  exp,
  expandDims,
  log,
  logSumExp,
  matmul,
  mean,
  mul,
  softmax,
  sqrt,
  square,
  sub,
  sum,
} from "@wengert/ops";
import { type Mixture, terms } from "./density.ts";
import { type Shape, shapeOf } from "./fit.ts";
import type { Flippers } from "./flippers.ts";

/**
 * Four methods to compute the responsibility rₖ of each component k for each x: the probability that x comes from
 * component k. The result has the shape [n, K].
 */
const ways = {
  "πN / Σ πN": (mixture: Mixture, x: Tensor): Tensor =>
    tensor(x.toNested<number[]>().map((xi) => bayes(shapeOf(mixture), xi))),
  "softmax(t)": (mixture: Mixture, x: Tensor): Tensor => softmax(terms(mixture, x)),
  "∂ logSumExp(t)/∂t": (mixture: Mixture, x: Tensor): Tensor =>
    grad((t: Tensor) => sum(logSumExp(t, { axis: 1 })))(terms(mixture, x)),
  "∂ log Σ exp(t)/∂t": (mixture: Mixture, x: Tensor): Tensor =>
    grad((t: Tensor) => sum(log(sum(exp(t), { axis: 1 }))))(terms(mixture, x)),
};
export type Way = keyof typeof ways;
export const wayNames = Object.keys(ways) as Way[];

export const shares = (way: Way, mixture: Mixture, x: Tensor): Tensor => ways[way](mixture, x);

/** Returns the probability of each component given x, by Bayes' rule on plain numbers. */
function bayes({ pi, mu, sigma }: Shape, x: number): number[] {
  const joint = pi.map((p, k) => (p / sigma[k]!) * Math.exp(-0.5 * ((x - mu[k]!) / sigma[k]!) ** 2));
  const total = joint.reduce((sum, q) => sum + q, 0);
  return joint.map((q) => q / total);
}

/**
 * The M-step of the EM algorithm: computes new weights, means and widths of the mixture from the responsibilities r.
 */
export function weighted(x: Tensor, r: Tensor): Shape {
  const totals = sum(r, { axis: 0 });
  const mu = div(matmul(x, r), totals);
  const variance = div(sum(mul(r, square(sub(expandDims(x, { axis: 1 }), mu))), { axis: 0 }), totals);
  return {
    pi: mean(r, { axis: 0 }).toNested<number[]>(),
    mu: mu.toNested<number[]>(),
    sigma: sqrt(variance).toNested<number[]>(),
  };
}

/** Counts the penguins of each species in each component. A penguin belongs to its most responsible component. */
export function bySpecies({ species }: Flippers, r: Tensor): Map<string, number[]> {
  const counts = new Map([...new Set(species)].sort().map((name) => [name, new Array<number>(r.shape[1]!).fill(0)]));
  argmax(r, { axis: 1 })
    .toNested<number[]>()
    .forEach((k, i) => {
      counts.get(species[i]!)![k]!++;
    });
  return counts;
}
