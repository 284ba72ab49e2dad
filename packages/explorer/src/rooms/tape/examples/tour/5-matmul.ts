// A product of matrices
import { record, type Tensor, tensor } from "@wengert/core";
import { matmul, mul, sum } from "@wengert/ops";

const G = tensor([[1, 0, 2, 0], [0, 1, 0, 3]], {
  label: "G",
});

// The cotangent of A B is G.
const f = (A: Tensor, B: Tensor) =>
  sum(mul(G, matmul(A, B)));

const A = tensor([[1, 2, 0], [0, 1, 1]]);
const B = tensor([[1, 0, 2, 1], [0, 1, 1, 0], [3, 0, 0, 1]]);
record(f, A, B);
