// 10. The VJP of logSumExp
import { customVjp, record, type Tensor, tensor } from "@wengert/core";
import { div, exp, expandDims, logSumExp, mul, softmax, sum } from "@wengert/ops";
import { checkLogSumExp, todo } from "exercises";

// y = log(sum(exp(x))) for each row, where x is [n, K] and y is [n]. Write the cotangent of x, given x and the cotangent g of y.
const own = customVjp({
  forward: (x: Tensor): [Tensor, Tensor] => [logSumExp(x, { axis: 1 }), x],
  backward: (x, g): [Tensor] => [todo()],
});

// The check of your answer also tries logits of 1000, and second derivatives.
if (checkLogSumExp(own)) record((x: Tensor) => sum(mul(own(x), tensor([1, -2]))), tensor([[0, 1, -1], [2, 0, 0.5]]));
