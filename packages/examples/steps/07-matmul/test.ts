import assert from "node:assert/strict";
import { add, grad, matmul, mul, sub, sum, type Tensor, tanh, tensor, transpose, vjp } from "./tape.ts";

const A = tensor([[1, 2, 3], [4, 5, 6]]);
const B = tensor([[1, 0], [0, 1], [10, 100]]);
assert.deepEqual(matmul(A, B).toNested(), [[31, 302], [64, 605]]);
assert.deepEqual(transpose(A).toNested(), [[1, 4], [2, 5], [3, 6]]);
assert.throws(() => matmul(A, A), /inner sizes/);

// In Y = A B, y₀₁ is row 0 of A times column 1 of B. So the derivative of y₀₁ with respect to row 0 is column 1, and
// vice versa.
const [dA, dB] = vjp((A, B) => matmul(A, B), A, B).pullback(tensor([[0, 1], [0, 0]]));
assert.deepEqual(dA.toNested(), [[0, 1, 100], [0, 0, 0]]);
assert.deepEqual(dB.toNested(), [[0, 1], [0, 2], [0, 3]]);

// Finite differences in each weight of the layer tanh(X W + b) must agree with the gradient
const X = tensor([[1, -1], [0.5, 2], [-2, 0]]);
const target = tensor([[1], [0], [-1]]);
const loss = (W: Tensor, b: Tensor) => {
  const off = sub(tanh(add(matmul(X, W), b)), target);
  return sum(mul(off, off));
};
const [W, b] = [[0.3, -0.2], 0.1];
const at = ([w1, w2]: number[]) => loss(tensor([[w1], [w2]]), tensor([b])).item();
const h = 1e-5;
const slopes = [
  (at([W[0] + h, W[1]]) - at([W[0] - h, W[1]])) / (2 * h),
  (at([W[0], W[1] + h]) - at([W[0], W[1] - h])) / (2 * h),
];
const gradient = grad(loss)(tensor([[W[0]], [W[1]]]), tensor([b]));
assert.deepEqual(gradient.shape, [2, 1]);
for (const [i, slope] of slopes.entries()) assert(Math.abs(gradient.data.get(i, 0) - slope) < 1e-8);

console.log("step 7 passes");
