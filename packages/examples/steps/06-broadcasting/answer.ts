import assert from "node:assert/strict";
import { add, grad, mul, sum, type Tensor, tensor } from "./tape.ts";

const mean = (x: Tensor) => mul(tensor(1 / x.data.size), sum(x));

const variance = (x: Tensor) => {
  const off = add(x, mul(tensor(-1), mean(x)));
  return mean(mul(off, off));
};

// The gradient of the mean of n numbers is 1/n for each number
const x = tensor([1, 2, 3, 6]);
assert.deepEqual(grad(mean)(x).toNested(), [0.25, 0.25, 0.25, 0.25]);

// The gradient of the variance is 2 (xᵢ − mean)/n. The contributions through the mean cancel: Σ (xᵢ − mean) = 0.
assert.equal(variance(x).item(), 3.5);
assert.deepEqual(grad(variance)(x).toNested(), [-1, -0.5, 0, 1.5]);
