import assert from "node:assert/strict";
import ops from "ndarray-ops";
import { exp, grad, mul, softmax, sub, sum, type Tensor, tensor, vjp } from "./tape.ts";

// At x = 2, x³ is 8 and its derivatives are 3x² = 12, 6x = 12 and 6
const cube = (x: Tensor) => mul(mul(x, x), x);
const at = (f: (x: Tensor) => Tensor) => f(tensor(2)).item();
assert.deepEqual([cube, grad(cube), grad(grad(cube)), grad(grad(grad(cube)))].map(at), [8, 12, 12, 6]);

// ∂(x y)/∂y is x even if y and x are the same tensor. So x · ∂(x y)/∂y is x², and its derivative is 2x.
const inner = (x: Tensor) => grad((y) => mul(x, y))(x);
assert.equal(grad((x) => mul(x, inner(x)))(tensor(3)).item(), 6);

// Newton's method finds the minimum of exp(x) − 2x, which is at x = log 2
const f = (x: Tensor) => sub(exp(x), mul(tensor(2), x));
let x = 0;
for (let i = 0; i < 6; i++) x -= grad(f)(tensor(x)).item() / grad(grad(f))(tensor(x)).item();
assert(Math.abs(x - Math.log(2)) < 1e-15);

// The pullback of the gradient computes H v, a Hessian-vector product. H is symmetric, so ⟨u, H v⟩ = ⟨H u, v⟩.
const c = tensor([1, -2, 5]);
const loss = (x: Tensor) => sum(mul(c, softmax(x)));
const logits = tensor([0.3, -0.1, 0.7]);
const times = (v: Tensor) => vjp(grad(loss), logits).pullback(v)[0];
const [u, v] = [tensor([1, 2, 3]), tensor([-1, 0, 1])];
assert(Math.abs(sum(mul(u, times(v))).item() - sum(mul(times(u), v)).item()) < 1e-14);

// Finite differences of the gradient agree with the Hessian-vector product
const h = 1e-5;
const moved = (by: number) => grad(loss)(sub(logits, mul(tensor(-by), v)));
const slope = mul(tensor(1 / (2 * h)), sub(moved(h), moved(-h)));
assert(ops.norm2(sub(times(v), slope).data) < 1e-8);

console.log("step 9 passes");
