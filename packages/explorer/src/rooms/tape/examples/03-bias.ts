// A bias that is broadcast
import { record, type Tensor, tensor } from "@wengert/core";
import { add, matmul, sum, tanh } from "@wengert/ops";

const x = tensor([[1, -2], [0.5, 1], [-1, 0.3]], {
  label: "x",
});

// b is broadcast to every row, so the sweep sums its
// cotangent over the rows.
const f = (W: Tensor, b: Tensor) =>
  sum(tanh(add(matmul(x, W), b)));

const W = tensor([[0.4, -0.6, 0.1], [0.2, 0.5, -0.3]]);
record(f, W, tensor([0.1, 0, -0.1]));
