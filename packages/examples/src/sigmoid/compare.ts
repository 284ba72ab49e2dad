import { grad, hessian, type Tensor, tensor, valueAndGrad } from "@wengert/core";
import {
  add,
  cast,
  crossEntropy,
  expandDims,
  matmul,
  mean,
  mul,
  neg,
  randomKey,
  randomNormal,
  sigmoid,
  slice,
  softmax,
  softplus,
  sub,
  sum,
} from "@wengert/ops";
import { farthest } from "../shared/algebra.ts";
import { descent } from "../shared/descent.ts";
import type { Penguins } from "../shared/penguins.ts";

/** The value of a function, and its first and second derivatives. */
export type Jet = readonly [value: number, first: number, second: number];

/**
 * Computes sigmoid(d) and the second entry of softmax([a₀, a₀ + d]), with their first and second derivatives. `apart`
 * is the largest relative difference between the results for sigmoid and softmax.
 */
export function atDifference(d: number): { sigmoid: Jet; softmax: Jet; apart: number } {
  const second = (a: Tensor) => sum(mul(softmax(a), tensor([0, 1])));
  const a = tensor([3, 3 + d]);
  const gradient = grad(second)(a).toNested() as [number, number];
  const curvature = hessian(second)(a).toNested() as [[number, number], [number, number]];
  const at = tensor(d);
  const logistic = (x: Tensor) => sigmoid(x);
  const jet: Jet = [logistic(at).item(), grad(logistic)(at).item(), hessian(logistic)(at).item()];
  const [value, first, curve] = jet;
  // By the chain rule, each derivative of sigmoid(a₁ − a₀) with respect to a₀ has a factor of −1.
  const expected = [value, -first, first, curve, -curve, -curve, curve];
  const found = [second(a).item(), ...gradient, ...curvature.flat()];
  const apart = Math.max(...expected.map((e, i) => (found[i] === e ? 0 : Math.abs((found[i]! - e) / e))));
  return { sigmoid: jet, softmax: [found[0]!, gradient[1], curvature[1][1]], apart };
}

/** Returns the loss of softmax regression. W has a column of weights for each species. */
export const softmaxLoss = ({ X, labels }: Penguins, W: Tensor): Tensor => crossEntropy(matmul(X, W), labels);

/**
 * Returns the loss of logistic regression: the mean of log(1 + exp(−z)) with z = ±X w for the features X and the
 * weights w. The sign is + for label 1 and − for label 0.
 */
export function logisticLoss({ X, labels }: Penguins, w: Tensor): Tensor {
  const signs = sub(mul(cast(labels, { dtype: "float64" }), 2), 1);
  return mean(softplus(neg(mul(expandDims(signs, { axis: 1 }), matmul(X, w)))));
}

export interface Moment {
  readonly softmaxLoss: number;
  readonly logisticLoss: number;
  /** The weight difference w₁ − w₀ of softmax regression. */
  readonly difference: readonly number[];
  /** The weights w of logistic regression, trained with twice the step size of softmax regression. */
  readonly w: readonly number[];
  /**
   * The largest difference between w₁ − w₀ (softmax regression) and w (logistic regression). In `twice`, logistic
   * regression uses twice the step size of softmax regression. In `same`, both use the same step size.
   */
  readonly apart: { readonly twice: number; readonly same: number };
  /** The largest change of the weight sum w₀ + w₁ since the start of the fit. */
  readonly drift: number;
}

/**
 * Fits softmax regression and logistic regression by gradient descent, from equal random weights. Returns the state at
 * the start and after each step.
 */
export function fitBoth(
  data: Penguins,
  { steps, rate, seed }: { steps: number; rate: number; seed: number },
): Moment[] {
  const start = randomNormal(randomKey(seed), { shape: [data.X.shape[1]!, 2] });
  const ofLogistic = valueAndGrad((w: Tensor) => logisticLoss(data, w));
  const softmax = descent(
    valueAndGrad((W: Tensor) => softmaxLoss(data, W)),
    start,
    { steps, rate },
  );
  const twice = descent(ofLogistic, differenceOf(start), { steps, rate: 2 * rate });
  const same = descent(ofLogistic, differenceOf(start), { steps, rate });
  return softmax.map(({ params: W, loss }, step) => {
    const [difference, w] = [differenceOf(W), twice[step]!.params];
    return {
      softmaxLoss: loss,
      logisticLoss: twice[step]!.loss,
      difference: difference.toNested<number[][]>().flat(),
      w: w.toNested<number[][]>().flat(),
      apart: { twice: farthest(difference, w), same: farthest(difference, same[step]!.params) },
      drift: farthest(sumOf(W), sumOf(start)),
    };
  });
}

const column = (W: Tensor, k: number): Tensor => slice(W, { start: [0, k], stop: [null, k + 1] });
const sumOf = (W: Tensor): Tensor => add(column(W, 0), column(W, 1));
const differenceOf = (W: Tensor): Tensor => sub(column(W, 1), column(W, 0));
