// 9. A Hessian times a vector, by gradients
import { grad, record, type Tensor, tensor } from "@wengert/core";
import { exp, mul, sum } from "@wengert/ops";
import { checkHvp, todo } from "exercises";

// H is the Hessian of f at x. Write H v with grad, without building H.
const product = (f: (x: Tensor) => Tensor, x: Tensor, v: Tensor): Tensor => todo();

if (checkHvp(product)) {
  const f = (x: Tensor) => mul(sum(x), sum(exp(x)));
  // The tape contains the steps of f, of the sweep that computes the gradient of f, and of a sweep through both.
  record((x: Tensor) => product(f, x, tensor([1, 0])), tensor([0.5, -1]));
}
