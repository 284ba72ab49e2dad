// A loop as one step: Horner's method
import { record, scan, type Tensor, tensor } from "@wengert/core";
import { add, mul } from "@wengert/ops";

// f is the polynomial c[0] + c[1] z + c[2] z² + …
// The loop is a single step. Its button { … } shows
// the steps inside the loop.
const f = (z: Tensor, c: Tensor) => {
  const body = (carry: Tensor, x: Tensor) =>
    [add(mul(carry, z), x), undefined] as const;
  return scan(body, tensor(0), c, { reverse: true }).carry;
};

// With c[k] = 1/k!, f(z) and the cotangent of z are close
// to exp(z). The cotangent of c[k] is z to the power k.
const c = [1];
for (let k = 1; k < 8; k++) c.push((c[k - 1] ?? 0) / k);
record(f, tensor(0.5), tensor(c));
