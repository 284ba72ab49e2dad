import assert from "node:assert/strict";
import { add, exp, grad, mul, tensor, vjp } from "./tape.ts";

// The derivatives of a product are ∂(x y)/∂x = y and ∂(x y)/∂y = x
const product = vjp((x, y) => mul(x, y), tensor(3), tensor(4));
assert.equal(product.value.item(), 12);
assert.deepEqual(product.pullback(tensor(1)).map((x) => x.item()), [4, 3]);

// A pullback is linear: ten times the cotangent gives ten times the result. A repeated call gives the same result.
assert.deepEqual(product.pullback(tensor(10)).map((x) => x.item()), [40, 30]);
assert.deepEqual(product.pullback(tensor(1)).map((x) => x.item()), [4, 3]);

// The function exp(2x + y) uses x and y once each: ∂/∂x exp(2x + y) = 2 exp(2x + y)
const f = vjp((x, y) => exp(add(mul(tensor(2), x), y)), tensor(1), tensor(0.5));
assert.deepEqual(f.pullback(tensor(1)).map((x) => x.item()), [2 * Math.exp(2.5), Math.exp(2.5)]);

// The derivative with respect to an unused input is 0
const unused = vjp((x) => exp(x), tensor(0), tensor(7));
assert.deepEqual(unused.pullback(tensor(1)).map((x) => x.item()), [1, 0]);

assert.equal(grad((x) => exp(exp(x)))(tensor(0)).item(), Math.E);

console.log("step 3 passes");
