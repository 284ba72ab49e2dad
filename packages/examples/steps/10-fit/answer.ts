import assert from "node:assert/strict";
import { add, log, matmul, mul, softmax, sub, sum, type Tensor, tensor, vjp } from "./tape.ts";

const X = tensor([[0, 0], [0, 1], [1, 0], [1, 1]]);
const Y = tensor([[1, 0], [0, 1], [0, 1], [1, 0]]);

// Fits the XOR problem by softmax regression, without a hidden layer
const loss = (W: Tensor, b: Tensor) => mul(tensor(-1 / 4), sum(mul(Y, log(softmax(add(matmul(X, W), b))))));
let W = tensor([[0.5, -0.4], [0.2, 0.6]]);
let b = tensor([0.1, -0.2]);
for (let epoch = 0; epoch < 500; epoch++) {
  const [dW, db] = vjp(loss, W, b).pullback(tensor(1));
  W = sub(W, mul(tensor(0.5), dW));
  b = sub(b, mul(tensor(0.5), db));
}

// Without a hidden layer, the trained model predicts the probability ½ in all rows, so the loss is log 2
assert(Math.abs(loss(W, b).item() - Math.log(2)) < 1e-6);
const p = softmax(add(matmul(X, W), b)).toNested();
for (const [no, yes] of p as number[][]) assert(Math.abs(no - 0.5) < 1e-2 && Math.abs(yes - 0.5) < 1e-2);
