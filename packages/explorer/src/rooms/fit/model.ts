import { type Tensor, zeros } from "@wengert/core";
import { add, crossEntropy, gelu, matmul, mul, randomNormal, relu, sigmoid, square, sum, tanh } from "@wengert/ops";
import type { Activation } from "./protocol.ts";

/** The parameters of the model. Softmax regression has one layer. A network with hidden units has two layers. */
export type Model = readonly Layer[];

interface Layer {
  readonly W: Tensor;
  readonly b: Tensor;
}

const activations: Readonly<Record<Activation, (x: Tensor) => Tensor>> = { relu, tanh, sigmoid, gelu };

/** Computes the logits, [rows, classes]. Each layer is A = X W + b, with the activation between the layers. */
export const scores = (model: Model, X: Tensor, activation: Activation): Tensor =>
  model.reduce((A, { W, b }, i) => add(matmul(i === 0 ? A : activations[activation](A), W), b), X);

/** Computes the activations of the hidden units, [rows, units]. */
export const hiddenUnits = ([{ W, b }]: readonly [Layer, ...Layer[]], X: Tensor, activation: Activation): Tensor =>
  activations[activation](add(matmul(X, W), b));

/**
 * Returns the loss: the mean cross-entropy −log softmax(A) at the true class, plus λ/2 times the sum of squared weights.
 * Without `lambda`, the loss is the cross-entropy alone.
 */
export function loss(model: Model, { X, labels }: Rows, activation: Activation, lambda?: Tensor): Tensor {
  const data = crossEntropy(scores(model, X, activation), labels);
  if (lambda === undefined) return data;
  const squares = model.map(({ W }) => sum(square(W))).reduce((a, b) => add(a, b));
  return add(data, mul(mul(0.5, lambda), squares));
}

interface Rows {
  readonly X: Tensor;
  readonly labels: Tensor;
}

export interface Sizes {
  readonly activation: Activation;
  readonly inputs: number;
  readonly hidden: number;
  readonly classes: number;
}

/**
 * Returns initial parameters. The weights of the last layer are 0, so all K classes have the same initial probability,
 * and the initial loss is log K.
 */
export function initialModel({ inputs, hidden, classes, activation }: Sizes, key: Tensor): Model {
  const dtype = "float32";
  const last = (from: number): Layer => ({
    W: zeros([from, classes], { dtype, label: "W" }),
    b: zeros([classes], { dtype, label: "b" }),
  });
  if (hidden === 0) return [last(inputs)];
  // The variance 1 / inputs keeps the scale equal in all layers. relu and gelu halve the second moment, so they need the
  // variance 2 / inputs (He et al. 2015).
  const gain = activation === "relu" || activation === "gelu" ? 2 : 1;
  const W = mul(Math.sqrt(gain / inputs), randomNormal(key, { shape: [inputs, hidden], dtype }));
  return [{ W, b: zeros([hidden], { dtype, label: "b1" }) }, last(hidden)];
}
