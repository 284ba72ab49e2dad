import assert from "node:assert/strict";
import { add, log, matmul, mul, softmax, sub, sum, type Tensor, tensor, vjp } from "./tape.ts";

const X = tensor([[0, 0], [0, 1], [1, 0], [1, 1]]);
const Y = tensor([[1, 0], [0, 1], [0, 1], [1, 0]]);

// The same fit without the hidden layer
const loss = (W: Tensor, b: Tensor) => mul(tensor(-1 / 4), sum(mul(Y, log(softmax(add(matmul(X, W), b))))));
let W = tensor([[0.5, -0.4], [0.2, 0.6]]);
let b = tensor([0.1, -0.2]);
for (let epoch = 0; epoch < 500; epoch++) {
  const [dW, db] = vjp(loss, W, b).pullback(tensor(1));
  W = sub(W, mul(tensor(0.5), dW));
  b = sub(b, mul(tensor(0.5), db));
}

// It ends where all weights are as good as the same, and each answer has the probability ½: the loss is log 2
assert(Math.abs(loss(W, b).item() - Math.log(2)) < 1e-6);
for (const p of softmax(add(matmul(X, W), b)).data) assert(Math.abs(p - 0.5) < 1e-2);
