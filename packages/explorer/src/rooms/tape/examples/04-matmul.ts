// A matrix product
import { record, type Tensor, tensor } from "@wengert/core";
import { matmul, mean, square, sub } from "@wengert/ops";

const target = tensor([[1, 0], [0, 1]], {
  label: "target",
});
const f = (A: Tensor, B: Tensor) =>
  mean(square(sub(matmul(A, B), target)));

const A = tensor([[1, 2, -1], [0.5, 0, 1]]);
const B = tensor([[0.3, -0.2], [0.1, 0.4], [-0.5, 0.6]]);
record(f, A, B);
