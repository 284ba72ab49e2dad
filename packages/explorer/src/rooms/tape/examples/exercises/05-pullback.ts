// 5. The pullback of softmax
import { customVjp, record, type Tensor, tensor } from "@wengert/core";
import { add, matmul, mul, softmax, sub, sum } from "@wengert/ops";
import { checkPullback, todo } from "exercises";

// s is the softmax of each row, and g is the cotangent of s, both [n, K]. The Jacobian J of a row is diag(s) − s sᵀ.
// Write Jᵀ g for every row without building J.
const pullback = (g: Tensor, s: Tensor): Tensor => todo();

if (checkPullback(pullback)) {
  const own = customVjp({
    forward: (x: Tensor): [Tensor, Tensor] => [softmax(x), softmax(x)],
    backward: (s, g): [Tensor] => [pullback(g, s)],
  });
  record((x: Tensor) => sum(mul(own(x), tensor([1, 2, 3]))), tensor([[2, 1, 0], [0, 1, 1]]));
}
