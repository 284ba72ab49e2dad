import { type Tensor, treeMap, valueAndGrad, withLabel, zeros } from "@wengert/core";
import {
  add,
  argmax,
  axpy,
  crossEntropy,
  foldIn,
  matmul,
  max,
  mean,
  mul,
  randomKey,
  randomNormal,
  softmax,
} from "@wengert/ops";

interface Params {
  readonly W: Tensor;
  readonly b: Tensor;
}

export interface State {
  readonly params: Params;
  /** The momentum of each parameter. */
  readonly momentum: Params;
  /**
   * The loss before the last training step, and the mean, over all examples, of the probability of the most probable
   * class.
   */
  readonly loss: Tensor;
  readonly confidence: Tensor;
}

/** Returns the scores A = X W + b. */
const scoresOf = ({ W, b }: Params, X: Tensor): Tensor => add(matmul(X, W), b);

/**
 * Computes a training step, gradient descent with momentum: m ← 0.9 m + ∂loss/∂p, p ← p − 0.1 m for each parameter p.
 */
export function trainingStep({ params, momentum }: State, X: Tensor, labels: Tensor): State {
  const { value: loss, grad } = valueAndGrad((p: Params) => crossEntropy(scoresOf(p, X), labels))(params);
  const next = treeMap((m, g) => axpy(0.9, m, g), momentum, grad);
  const confidence = mean(max(softmax(scoresOf(params, X)), { axis: 1 })); // computes the scores again
  return { params: treeMap((p, m) => axpy(-0.1, m, p), params, next), momentum: next, loss, confidence };
}

/** Returns the initial training state: parameters, momentum, loss and confidence, all 0. */
export function startOf(features: number, classes: number, dtype: "float32" | "float64"): State {
  const params = () => ({
    W: zeros([features, classes], { dtype, label: "W" }),
    b: zeros([classes], { dtype, label: "b" }),
  });
  const [loss, confidence] = [zeros([], { dtype }), zeros([], { dtype })];
  return { params: params(), momentum: params(), loss, confidence };
}

/**
 * Returns random examples for training. The label of an example is the class with the largest score of a random linear
 * model, plus noise.
 */
export function dataOf(sizes: {
  readonly rows: number;
  readonly features: number;
  readonly classes: number;
  readonly dtype: "float32" | "float64";
  readonly seed: number;
}): { readonly X: Tensor; readonly labels: Tensor } {
  const { rows, features, classes, dtype, seed } = sizes;
  const normal = (n: number, shape: readonly number[]) => randomNormal(foldIn(randomKey(seed), n), { shape, dtype });
  const X = normal(0, [rows, features]);
  const scores = add(matmul(X, normal(1, [features, classes])), mul(0.5, normal(2, [rows, classes])));
  return { X: withLabel(X, "X"), labels: withLabel(argmax(scores, { axis: 1 }), "labels") };
}
