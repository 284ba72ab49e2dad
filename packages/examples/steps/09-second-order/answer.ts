import assert from "node:assert/strict";
import { exp, mul, type Tensor, tensor, vjp } from "./tape.ts";

/** J v, the tangent of f(x) when x moves along v. The pullback u ↦ uᵀJ is linear in u; its own pullback is v ↦ J v. */
function jvp(f: (x: Tensor) => Tensor, x: Tensor, v: Tensor): Tensor {
  const { value, pullback } = vjp(f, x);
  const anywhere = mul(tensor(0), value);
  return vjp((u) => pullback(u)[0], anywhere).pullback(v)[0];
}

// Each element of x · exp(x) moves by (1 + x) exp(x) times what x moves by
const tangent = jvp((x) => mul(x, exp(x)), tensor([0, 1, 2]), tensor([1, 10, 0]));
assert.deepEqual(tangent.toNested(), [1, 20 * Math.E, 0]);
