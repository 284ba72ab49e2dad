import assert from "node:assert/strict";
import { exp, mul, type Tensor, tensor, vjp, vmap } from "./tape.ts";

/** Returns the Jacobian of f at a vector x. The rows of the identity matrix are the cotangents, and vmap pulls all of them back. */
function jacobian(f: (x: Tensor) => Tensor, x: Tensor): Tensor {
  const { value, pullback } = vjp(f, x);
  const places = Array.from({ length: value.shape[0] }, (_, i) => i);
  const identity = tensor(places.map((i) => places.map((j) => (i === j ? 1 : 0))));
  return vmap((u) => pullback(u)[0])(identity);
}

assert.deepEqual(jacobian((x) => mul(x, x), tensor([1, 2, 3])).toNested(), [[2, 0, 0], [0, 4, 0], [0, 0, 6]]);
assert.deepEqual(jacobian((x) => exp(x), tensor([0, 1])).toNested(), [[1, 0], [0, Math.E]]);
