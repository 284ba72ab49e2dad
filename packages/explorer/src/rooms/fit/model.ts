import { type Tensor, zeros } from "@wengert/core";
import { add, crossEntropy, matmul, mul, randomNormal, relu, square, sum } from "@wengert/ops";

/** The parameters of the model. Softmax regression has one layer. A network with hidden units has two layers. */
export type Model = readonly Layer[];

interface Layer {
  readonly W: Tensor;
  readonly b: Tensor;
}

/** Computes the logits, [rows, classes]. Each layer is A = X W + b, with relu between the layers. */
export const scores = (model: Model, X: Tensor): Tensor =>
  model.reduce((A, { W, b }, i) => add(matmul(i === 0 ? A : relu(A), W), b), X);

/**
 * Returns the two terms of the loss: `data`, the mean cross-entropy −log softmax(A) at the true class, and λ/2 times
 * the sum of squared weights.
 */
export function loss(model: Model, X: Tensor, labels: Tensor, lambda: number): [total: Tensor, data: Tensor] {
  const data = crossEntropy(scores(model, X), labels);
  if (lambda === 0) return [data, data];
  const squares = model.map(({ W }) => sum(square(W))).reduce((a, b) => add(a, b));
  return [add(data, mul(lambda / 2, squares)), data];
}

export interface Sizes {
  readonly inputs: number;
  readonly hidden: number;
  readonly classes: number;
}

/**
 * Returns initial parameters. The weights of the last layer are 0, so all K classes have the same initial probability,
 * and the initial loss is log K.
 */
export function initialModel({ inputs, hidden, classes }: Sizes, key: Tensor): Model {
  const dtype = "float32";
  const last = (from: number): Layer => ({
    W: zeros([from, classes], { dtype, label: "W" }),
    b: zeros([classes], { dtype, label: "b" }),
  });
  if (hidden === 0) return [last(inputs)];
  // He initialization (He et al. 2015), with variance 2 / inputs. relu halves the second moment, so the factor 2 keeps
  // the scale equal in all layers.
  const W = mul(Math.sqrt(2 / inputs), randomNormal(key, { shape: [inputs, hidden], dtype }));
  return [{ W, b: zeros([hidden], { dtype, label: "b1" }) }, last(hidden)];
}
