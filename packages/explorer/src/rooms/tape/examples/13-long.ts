// A long tape: 250 rounds of a recurrence
import { record, type Tensor, tensor } from "@wengert/core";
import { add, matmul, sum, tanh } from "@wengert/ops";

const f = (W: Tensor, b: Tensor) => {
  let h = tensor([0.1, -0.2, 0.3], { label: "h" });
  for (let t = 0; t < 250; t++)
    h = tanh(add(matmul(W, h), b));
  return sum(h);
};

// The gradients vanish: the cotangents of the first
// states h are almost 0.
const W = tensor([
  [0.9, -0.3, 0],
  [0.3, 0.9, 0.1],
  [0, -0.1, 0.8],
]);
record(f, W, tensor([0.01, 0, 0.02]));
