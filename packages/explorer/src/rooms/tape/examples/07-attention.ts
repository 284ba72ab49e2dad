// A head of causal attention
import { record, type Tensor, tensor, withLabel } from "@wengert/core";
import { greaterEqual, matmul, mul, softmax, sum, transpose } from "@wengert/ops";

const x = tensor([
  [1, 0, -1, 0.5],
  [0.2, 1, 0, -0.3],
  [-0.6, 0.4, 1, 0],
  [0.1, -0.8, 0.3, 1],
  [0.7, 0.2, -0.4, 0.6],
], { label: "x" });

// A word attends to itself and to earlier words.
const places = tensor([[0], [1], [2], [3], [4]]);
const past = withLabel(greaterEqual(places, transpose(places)), "past");

interface Head {
  readonly Q: Tensor;
  readonly K: Tensor;
  readonly V: Tensor;
}

const f = ({ Q, K, V }: Head) => {
  const [q, k] = [matmul(x, Q), matmul(x, K)];
  const products = matmul(q, transpose(k));
  const scores = mul(products, 1 / Math.sqrt(2));
  const weights = softmax(scores, { where: past });
  return sum(matmul(weights, matmul(x, V)));
};

record(f, {
  Q: tensor([[0.5, -0.3], [0.8, 0.1], [-0.2, 0.7], [0.4, 0.4]]),
  K: tensor([[0.9, 0.2], [-0.5, 0.6], [0.3, -0.1], [0, 0.8]]),
  V: tensor([[0.1, 0.9], [0.4, -0.6], [-0.7, 0.2], [0.5, 0.3]]),
});
