import assert from "node:assert/strict";
import { exp, mul, type Tensor, tensor, vjp } from "./tape.ts";

/** Returns the Jacobian of f at a vector x. Row i is the pullback of a cotangent that is 1 at index i and 0 elsewhere. */
function jacobian(f: (x: Tensor) => Tensor, x: Tensor): Tensor {
  const { value, pullback } = vjp(f, x);
  const places = Array.from({ length: value.shape[0] }, (_, i) => i);
  const rows = places.map((i) => pullback(tensor(places.map((j) => (i === j ? 1 : 0))))[0]);
  return tensor(rows.map((row) => row.toNested()));
}

// The Jacobian of an elementwise function is diagonal, since yᵢ depends only on xᵢ
assert.deepEqual(jacobian((x) => mul(x, x), tensor([1, 2, 3])).toNested(), [[2, 0, 0], [0, 4, 0], [0, 0, 6]]);
assert.deepEqual(jacobian((x) => exp(x), tensor([0, 1])).toNested(), [[1, 0], [0, Math.E]]);
