// Cross-entropy after softmax
import { record, type Tensor, tensor } from "@wengert/core";
import { log, mul, neg, softmax, sum } from "@wengert/ops";

// The target t says that class 2 is right.
const t = tensor([0, 0, 1], { label: "t" });

// The logits give the probabilities 0.5, 0.25 and 0.25.
const f = (logits: Tensor) => {
  const s = softmax(logits);
  return neg(sum(mul(t, log(s))));
};

record(f, tensor([Math.log(2), 0, 0]));
