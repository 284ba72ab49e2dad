// 3. The rule of the matrix product
import { customVjp, record, type Tensor, tensor } from "@wengert/core";
import { matmul, sum, tanh, transpose } from "@wengert/ops";
import { checkMatmul, todo } from "exercises";

// C = A B, and G is the cotangent of C. Write the cotangents of A and B with matmul and transpose. Hint: look at the shapes.
const ofA = (G: Tensor, A: Tensor, B: Tensor): Tensor => todo();
const ofB = (G: Tensor, A: Tensor, B: Tensor): Tensor => todo();

if (checkMatmul({ A: ofA, B: ofB })) {
  const product = customVjp({
    forward: (A: Tensor, B: Tensor): [Tensor, [Tensor, Tensor]] => [matmul(A, B), [A, B]],
    backward: ([A, B], G): [Tensor, Tensor] => [ofA(G, A, B), ofB(G, A, B)],
  });
  record((A: Tensor, B: Tensor) => sum(tanh(product(A, B))), tensor([[0.1, 0.2]]), tensor([[1, 2], [3, 4]]));
}
