import assert from "node:assert/strict";
import { add, mul, tensor, vjp } from "./tape.ts";

// For x = 2 and y = 3, the values are a = x y = 6, b = a + x = 8 and c = b a = 48. In reverse order, the cotangents are
// c̄ = 1, b̄ = a c̄ = 6, ā = b c̄ + b̄ = 8 + 6 = 14, x̄ = b̄ + y ā = 6 + 42 = 48 and ȳ = x ā = 28
const { pullback } = vjp(
  (x, y) => {
    const a = mul(x, y);
    const b = add(a, x);
    return mul(b, a);
  },
  tensor(2),
  tensor(3),
);
const [dx, dy] = pullback(tensor(1));
assert.deepEqual([dx.item(), dy.item()], [48, 28]);
