import assert from "node:assert/strict";
import { add, explain, matmul, mul, record, sum, type Tensor, tanh, tensor, vjp } from "./tape.ts";

// The tape keeps only steps that depend on an input, so it skips the sum of two constants
const c = tensor(0);
const { tape } = record((x) => mul(add(c, c), mul(x, x)), tensor(3));
assert.equal(
  explain(tape),
  `#1 = mul(3, 3) = 9
#2 = mul(0, #1) = 0`,
);

// The sweep computes no cotangent of the constant X, so it runs only one of the two VJP rules of matmul
const X = tensor([[1, 2], [3, 4], [5, 6]]);
const loss = (W: Tensor, b: Tensor) => sum(tanh(add(matmul(X, W), b)));
const [W, b] = [tensor([[0.1], [-0.2]]), tensor([0.05])];
const sweep = record((g) => {
  const [dW, db] = vjp(loss, W, b).pullback(g);
  return add(sum(dW), db);
}, tensor(1));
assert.equal(explain(sweep.tape).match(/matmul/g)?.length, 1);

console.log("step 10 passes");
