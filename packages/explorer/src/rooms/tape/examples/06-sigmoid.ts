// With two classes, softmax is a sigmoid
import { record, type Tensor, tensor } from "@wengert/core";
import { sigmoid, softmax, stack, sub, take } from "@wengert/ops";

const second = tensor(1, { dtype: "int32" });

// Returns softmax([a, b])[1] − sigmoid(b − a), which is 0 up to
// rounding for all a and b. Its gradient is 0, too, because two
// contributions cancel.
const f = (a: Tensor, b: Tensor) => {
  const s = softmax(stack([a, b]));
  return sub(take(s, second), sigmoid(sub(b, a)));
};

record(f, tensor(0.3), tensor(1.5));
