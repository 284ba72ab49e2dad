// A loop as one step: Horner's method
import { record, scan, type Tensor, tensor } from "@wengert/core";
import { add, mul } from "@wengert/ops";

// The polynomial c[0] + c[1] z + c[2] z² + … The list holds
// the body of the loop once, however often it runs.
// The button { … } opens it.
const f = (z: Tensor, c: Tensor) => {
  const body = (carry: Tensor, x: Tensor) =>
    [add(mul(carry, z), x), undefined] as const;
  return scan(body, tensor(0), c, { reverse: true }).carry;
};

// With c[k] = 1/k! the value is exp(z). The cotangent of z
// is the slope, exp(z) too. That of c is the powers of z.
const c = [1];
for (let k = 1; k < 8; k++) c.push((c[k - 1] ?? 0) / k);
record(f, tensor(0.5), tensor(c));
