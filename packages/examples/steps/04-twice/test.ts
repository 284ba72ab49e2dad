import assert from "node:assert/strict";
import { add, exp, grad, mul, type Tensor, tensor } from "./tape.ts";

// d(x²)/dx = 2x
assert.equal(grad((x) => mul(x, x))(tensor(3)).item(), 6);

// d((x + y) exp(x))/dx = exp(x) + (x + y) exp(x): x is used in two steps
const f = (x: Tensor, y: Tensor) => mul(add(x, y), exp(x));
assert.equal(grad(f)(tensor(0), tensor(5)).item(), 6);

// Fifty doublings: 2⁵⁰ paths lead from x to y, and the sweep takes fifty steps
const doublings = (x: Tensor) => {
  let y = x;
  for (let i = 0; i < 50; i++) y = add(y, y);
  return y;
};
assert.equal(grad(doublings)(tensor(1)).item(), 2 ** 50);

// Thirty thousand steps: no recursion, so the stack does not overflow
const long = (x: Tensor) => {
  let y = x;
  for (let i = 0; i < 30_000; i++) y = add(y, x);
  return y;
};
assert.equal(grad(long)(tensor(1)).item(), 30_001);

console.log("step 4 passes");
