// 7. A rule that keeps its digits
import { customVjp, record, type Tensor, tensor } from "@wengert/core";
import { div, exp, mul, neg, sigmoid, square, sub, sum } from "@wengert/ops";
import { checkSigmoid, todo } from "exercises";

// y = sigmoid(x) = 1 / (1 + exp(−x)). Write the cotangent x̄. The check also tries x = 40, where x̄ is small but not 0.
const rule = (g: Tensor, x: Tensor): Tensor => todo();

if (checkSigmoid(rule)) {
  const own = customVjp({
    forward: (x: Tensor): [Tensor, Tensor] => [sigmoid(x), x],
    backward: (x, g): [Tensor] => [rule(g, x)],
  });
  record((x: Tensor) => sum(own(x)), tensor([-40, 0, 40]));
}
