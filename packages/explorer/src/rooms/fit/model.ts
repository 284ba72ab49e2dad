import { type Tensor, zeros } from "@wengert/core";
import { add, crossEntropy, matmul, mul, randomNormal, relu, square, sum } from "@wengert/ops";

/** Softmax regression is a model of one layer, a network with hidden units one of two. */
export type Model = readonly Layer[];

interface Layer {
  readonly W: Tensor;
  readonly b: Tensor;
}

/** A = X W + b, layer by layer, relu between two. The last A holds a score for each class. */
export const scores = (model: Model, X: Tensor): Tensor =>
  model.reduce((A, { W, b }, i) => add(matmul(i === 0 ? A : relu(A), W), b), X);

/** The mean of −log softmax(A) at the right class, and λ/2 times the sum of all squared weights. */
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

/** The last layer starts at zero: each class has the same probability, and the loss is log K. */
export function initialModel({ inputs, hidden, classes }: Sizes, key: Tensor): Model {
  const dtype = "float32";
  const last = (from: number): Layer => ({
    W: zeros([from, classes], { dtype, label: "W" }),
    b: zeros([classes], { dtype, label: "b" }),
  });
  if (hidden === 0) return [last(inputs)];
  // Variance 2 / inputs: relu halves what comes through, so the scale stays from layer to layer (He et al. 2015).
  const W = mul(Math.sqrt(2 / inputs), randomNormal(key, { shape: [inputs, hidden], dtype }));
  return [{ W, b: zeros([hidden], { dtype, label: "b1" }) }, last(hidden)];
}
