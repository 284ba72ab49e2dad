import assert from "node:assert/strict";
import { add, exp, mul, tensor } from "./tape.ts";

// Computes f(x, y) = (x + y) · exp(x) by three ops: add, exp and mul
const f = (x: number, y: number) => {
  const a = tensor(x);
  const sum = add(a, tensor(y));
  return mul(sum, exp(a)).item();
};
assert.equal(f(0, 5), 5);
assert.equal(f(1, 2), 3 * Math.E);

// A finite difference must agree with the exact derivative ∂f/∂x = exp(x) + (x + y) · exp(x)
const h = 1e-6;
const slope = (f(1 + h, 2) - f(1 - h, 2)) / (2 * h);
assert(Math.abs(slope - 4 * Math.E) < 1e-8);

// Two tensors with equal numbers are different tensors
assert.notEqual(tensor(1), tensor(1));

console.log("step 1 passes");
