// A NaN in a gradient, and how nonFinite finds it
import { nonFinite, record, type Tensor, tensor } from "@wengert/core";
import { add, log, mul, sqrt, square, sum } from "@wengert/ops";

const weights = tensor([[0], [1], [0.5]], {
  label: "weights",
});

// f computes a weighted norm of each row. The values are
// finite, but the sweep gives NaN for the row of zeros.
const f = (x: Tensor) => {
  const squares = sum(square(x), {
    axis: 1, keepDims: true,
  });
  const norms = sqrt(squares);
  return sum(mul(weights, log(add(norms, 1))));
};

const x = tensor([[1, 2], [0, 0], [3, -4]]);
record(f, x);
console.log(nonFinite(f, x)?.message);
