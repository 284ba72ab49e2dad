// A value that is used twice
import { record, type Tensor, tensor } from "@wengert/core";
import { exp, mul, square, sum } from "@wengert/ops";

// s is used twice, so the sweep adds two contributions
// to its cotangent.
const f = (x: Tensor) => {
  const s = square(x);
  return sum(mul(s, exp(s)));
};

record(f, tensor([0.5, -1, 0.2]));
