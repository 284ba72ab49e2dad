import assert from "node:assert/strict";
import ops from "ndarray-ops";
import { div, exp, grad, log, mul, rowSums, softmax, sub, sum, Tensor, tensor, vjp } from "./tape.ts";

const near = (x: Tensor, y: Tensor) => {
  assert.deepEqual(x.shape, y.shape);
  assert(ops.norm2(sub(x, y).data) < 1e-14, `${x.toNested()} is not ${y.toNested()}`);
};

// The probabilities of each row sum to 1, and logits of 1000 do not overflow
const x = tensor([[2, 1, 0], [1000, 1001, 1002]]);
const s = softmax(x);
near(rowSums(s), tensor([[1], [1]]));
near(new Tensor(s.data.pick(1)), softmax(tensor([0, 1, 2])));

// The pullback of softmax must agree with its Jacobian diag(s) − s sᵀ, where s is the output of softmax
const logits = tensor([2, 1, 0]);
const [s0, s1, s2] = softmax(logits).toNested() as number[];
const [g0, g1, g2] = [3, -1, 0.5];
const { pullback } = vjp((x) => softmax(x), logits);
near(
  pullback(tensor([g0, g1, g2]))[0],
  tensor([
    g0 * s0 * (1 - s0) - g1 * s1 * s0 - g2 * s2 * s0,
    -g0 * s0 * s1 + g1 * s1 * (1 - s1) - g2 * s2 * s1,
    -g0 * s0 * s2 - g1 * s1 * s2 + g2 * s2 * (1 - s2),
  ]),
);

// The op softmax and the composition of exp, rowSums and div have the same derivative
const composed = (x: Tensor) => div(exp(x), rowSums(exp(x)));
const [small, g] = [tensor([[2, 1, 0], [-1, 0, 3]]), tensor([[3, -1, 0.5], [1, 2, -4]])];
near(vjp(composed, small).pullback(g)[0], vjp(softmax, small).pullback(g)[0]);

// The cross-entropy −Σ yᵢ log sᵢ with s = softmax(logits) has the gradient s − y with respect to the logits
const y = tensor([0, 1, 0]);
const crossEntropy = (x: Tensor) => mul(tensor(-1), sum(mul(y, log(softmax(x)))));
near(grad(crossEntropy)(logits), sub(softmax(logits), y));

console.log("step 8 passes");
