// A value that is used twice
import { record, type Tensor, tensor } from "@wengert/core";
import { exp, mul, square, sum } from "@wengert/ops";

// s goes two ways; coming back, its two cotangents
// are added.
const f = (x: Tensor) => {
  const s = square(x);
  return sum(mul(s, exp(s)));
};

record(f, tensor([0.5, -1, 0.2]));
