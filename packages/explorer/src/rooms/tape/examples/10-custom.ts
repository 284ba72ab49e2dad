// A custom VJP rule: the straight-through estimator
import { customVjp, record, type Tensor, tensor } from "@wengert/core";
import { abs, lessEqual, mul, sign, sum, where } from "@wengert/ops";

// The derivative of sign is 0 almost everywhere. The custom
// VJP rule uses the derivative of the identity instead,
// where |x| ≤ 1.
const binary = customVjp({
  forward: (x: Tensor): [Tensor, Tensor] => [sign(x), x],
  backward: (x, g): [Tensor] => [
    where(lessEqual(abs(x), 1), g, 0),
  ],
});

const weights = tensor([1, 2, 3, 4], { label: "weights" });
const f = (x: Tensor) => sum(mul(binary(x), weights));

record(f, tensor([-0.4, 0.9, 2, 0.1]));
