// Softmax, then cross-entropy
import { record, type Tensor, tensor } from "@wengert/core";
import { log, mul, neg, softmax, sum } from "@wengert/ops";

const t = tensor([[1, 0, 0], [0, 0, 1]], { label: "t" });

// −Σ t log s. Look at the cotangent of the logits: it is s − t.
const f = (logits: Tensor) => neg(sum(mul(t, log(softmax(logits)))));

record(f, tensor([[2, 1, -1], [0.5, 0, 0.2]]));
