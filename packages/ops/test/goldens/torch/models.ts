import { type Tensor, tensor } from "@wengert/core";
import {
  add,
  crossEntropy,
  div,
  expandDims,
  gelu,
  lessEqual,
  matmul,
  mse,
  mul,
  softmax,
  square,
  sum,
  tanh,
  transpose,
} from "@wengert/ops";

// The models of models.py.

const affine = (x: Tensor, w: Tensor, b: Tensor): Tensor => add(matmul(x, w), b);

function softmaxRegression(w: Tensor, b: Tensor, x: Tensor, labels: Tensor): Tensor {
  return add(crossEntropy(affine(x, w, b), labels), mul(sum(square(w)), 0.05));
}

function network(w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor, w3: Tensor, b3: Tensor, x: Tensor, labels: Tensor) {
  const hidden = gelu(affine(tanh(affine(x, w1, b1)), w2, b2));
  return crossEntropy(affine(hidden, w3, b3), labels, { labelSmoothing: 0.1 });
}

function attention(q: Tensor, k: Tensor, v: Tensor, out: Tensor, x: Tensor, target: Tensor): Tensor {
  const keys = transpose(matmul(x, k), { axes: [0, 2, 1] });
  const scores = div(matmul(matmul(x, q), keys), Math.sqrt(q.shape[1]!));
  const places = tensor([...Array(x.shape[1]).keys()]);
  const isPast = lessEqual(places, expandDims(places, { axis: 1 }));
  return mse(matmul(matmul(softmax(scores, { where: isPast }), matmul(x, v)), out), target);
}

export const models = { softmaxRegression, network, attention };
