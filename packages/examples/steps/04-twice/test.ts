import assert from "node:assert/strict";
import { add, exp, grad, mul, type Tensor, tensor } from "./tape.ts";

// d(x²)/dx = 2x
assert.equal(grad((x) => mul(x, x))(tensor(3)).item(), 6);

// Two steps use x, so the derivative has two terms: d((x + y) exp(x))/dx = exp(x) + (x + y) exp(x)
const f = (x: Tensor, y: Tensor) => mul(add(x, y), exp(x));
assert.equal(grad(f)(tensor(0), tensor(5)).item(), 6);

// After fifty doublings, 2⁵⁰ paths lead from x to y, but the sweep takes only fifty steps
const doublings = (x: Tensor) => {
  let y = x;
  for (let i = 0; i < 50; i++) y = add(y, y);
  return y;
};
assert.equal(grad(doublings)(tensor(1)).item(), 2 ** 50);

// The sweep is a loop, not a recursion, so thirty thousand steps do not overflow the stack
const long = (x: Tensor) => {
  let y = x;
  for (let i = 0; i < 30_000; i++) y = add(y, x);
  return y;
};
assert.equal(grad(long)(tensor(1)).item(), 30_001);

console.log("step 4 passes");
