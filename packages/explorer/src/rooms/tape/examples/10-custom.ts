// A rule of one's own: straight through a sign
import { customVjp, record, type Tensor, tensor } from "@wengert/core";
import { clip, mul, sign, sum } from "@wengert/ops";

// The derivative of a sign is 0 almost everywhere. This rule pretends that it is that of the identity, as long as |x| ≤ 1.
const binary = customVjp({
  forward: (x: Tensor): [Tensor, Tensor] => [sign(x), x],
  backward: (x, g): [Tensor] => [mul(g, sign(clip(mul(x, x), { min: 0, max: 1 })))],
});

record((x: Tensor) => sum(mul(binary(x), tensor([1, 2, 3, 4]))), tensor([-0.4, 0.9, 2, 0.1]));
