import assert from "node:assert/strict";
import { exp, mul, type Tensor, tensor, vjp } from "./tape.ts";

/**
 * Returns the tangent J v of f at x, where J is the Jacobian of f. The pullback u ↦ uᵀJ is linear in u, and the
 * pullback of that map is v ↦ J v.
 */
function jvp(f: (x: Tensor) => Tensor, x: Tensor, v: Tensor): Tensor {
  const { value, pullback } = vjp(f, x);
  const anywhere = mul(tensor(0), value);
  return vjp((u) => pullback(u)[0], anywhere).pullback(v)[0];
}

// The derivative of x · exp(x) is (1 + x) exp(x), so the tangent for a direction v is (1 + x) exp(x) v
const tangent = jvp((x) => mul(x, exp(x)), tensor([0, 1, 2]), tensor([1, 10, 0]));
assert.deepEqual(tangent.toNested(), [1, 20 * Math.E, 0]);
