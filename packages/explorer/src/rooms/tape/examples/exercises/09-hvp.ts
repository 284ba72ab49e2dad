// 9. A Hessian times a vector, by gradients
import { grad, record, type Tensor, tensor } from "@wengert/core";
import { exp, mul, sum } from "@wengert/ops";
import { checkHvp, todo } from "exercises";

// H is the Hessian of f at x. Write H v with grad, without building H.
const product = (f: (x: Tensor) => Tensor, x: Tensor, v: Tensor): Tensor => todo();

if (checkHvp(product)) {
  const f = (x: Tensor) => mul(sum(x), sum(exp(x)));
  // The tape contains f, the sweep for its gradient, and a second sweep through f and the first sweep.
  record((x: Tensor) => product(f, x, tensor([1, 0])), tensor([0.5, -1]));
}
