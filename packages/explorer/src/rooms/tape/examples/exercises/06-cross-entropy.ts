// 6. The gradient of the cross-entropy
import { record, type Tensor, tensor } from "@wengert/core";
import { crossEntropy, div, oneHot, softmax, sub } from "@wengert/ops";
import { checkCrossEntropy, todo } from "exercises";

// The loss is the mean over n rows of −sum(t log softmax(x)). x and t are [n, K], and each row of t is one-hot. Write the
// gradient of the loss with respect to x.
const gradient = (x: Tensor, t: Tensor): Tensor => todo();

if (checkCrossEntropy(gradient)) {
  const labels = tensor([2, 0], { dtype: "int32" });
  record((x: Tensor) => crossEntropy(x, labels), tensor([[1, 0, -1], [0.5, 2, 0]]));
  console.log(String(gradient(tensor([[1, 0, -1], [0.5, 2, 0]]), oneHot(labels, { numClasses: 3 }))));
}
