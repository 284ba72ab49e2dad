// Two classes: softmax is the sigmoid of the difference
import { record, type Tensor, tensor } from "@wengert/core";
import { sigmoid, softmax, stack, sub, take } from "@wengert/ops";

// Zero for every a and b, and so is its gradient: the two ways back cancel.
const f = (a: Tensor, b: Tensor) => {
  const s = take(softmax(stack([a, b])), tensor(1, { dtype: "int32" }));
  return sub(s, sigmoid(sub(b, a)));
};

record(f, tensor(0.3), tensor(1.5));
