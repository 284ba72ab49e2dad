// Softmax, then cross-entropy
import { record, type Tensor, tensor } from "@wengert/core";
import { log, mul, neg, softmax, sum } from "@wengert/ops";

const t = tensor([[1, 0, 0], [0, 0, 1]], { label: "t" });

// The cross-entropy is −sum(t log s), for the targets t and
// the probabilities s. The sweep computes s − t as the
// cotangent of the logits.
const f = (logits: Tensor) => {
  const s = softmax(logits);
  return neg(sum(mul(t, log(s))));
};

record(f, tensor([[2, 1, -1], [0.5, 0, 0.2]]));
