/**
 * Computes the gradient of a small softmax regression. The other programs in this folder compute the same gradient with
 * other libraries.
 */
import { grad, tensor, zeros } from "@wengert/core";
import { crossEntropy, matmul } from "@wengert/ops";

const X = tensor(
  [
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 10],
  ],
  { dtype: "float32" },
);
const labels = tensor([0, 1, 2], { dtype: "int32" });

export async function gradient() {
  const loss = (W) => crossEntropy(matmul(X, W), labels);
  return grad(loss)(zeros([3, 3], { dtype: "float32" })).data.data;
}
