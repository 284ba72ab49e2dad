import { type Tensor, zeros } from "@wengert/core";
import { add, crossEntropy, matmul, mul, randomNormal, relu, square, sum } from "@wengert/ops";

/** Softmax regression has one layer, a network with hidden units two. */
export type Model = readonly Layer[];

interface Layer {
  readonly W: Tensor;
  readonly b: Tensor;
}

/** Computes A = X W + b layer by layer, with relu in between. The last A is [rows, classes], the logits. */
export const scores = (model: Model, X: Tensor): Tensor =>
  model.reduce((A, { W, b }, i) => add(matmul(i === 0 ? A : relu(A), W), b), X);

/** Returns the loss: the mean of −log softmax(A) at the right class (`data`), plus λ/2 times the sum of squared weights. */
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

/** Returns initial parameters. The last layer is zero, so all classes have the same probability and the loss is log K. */
export function initialModel({ inputs, hidden, classes }: Sizes, key: Tensor): Model {
  const dtype = "float32";
  const last = (from: number): Layer => ({
    W: zeros([from, classes], { dtype, label: "W" }),
    b: zeros([classes], { dtype, label: "b" }),
  });
  if (hidden === 0) return [last(inputs)];
  // Variance 2 / inputs: relu halves the second moment, so the scale stays the same across layers (He et al. 2015).
  const W = mul(Math.sqrt(2 / inputs), randomNormal(key, { shape: [inputs, hidden], dtype }));
  return [{ W, b: zeros([hidden], { dtype, label: "b1" }) }, last(hidden)];
}
