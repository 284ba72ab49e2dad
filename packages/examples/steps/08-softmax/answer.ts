import assert from "node:assert/strict";
import ops from "ndarray-ops";
import { defineOp, log, mul, type Op, reduced, repeated, rowSums, softmax, sub, Tensor, tensor, vjp, zeros } from "./tape.ts";

// logSoftmax is yᵢ = xᵢ − log Σₖ exp(xₖ). With s = softmax(x), ∂yᵢ/∂xⱼ = δᵢⱼ − sⱼ.
// So a cotangent g of y gives x̄ⱼ = Σᵢ gᵢ (δᵢⱼ − sⱼ) = gⱼ − sⱼ Σᵢ gᵢ.
const logSoftmax: Op = defineOp({
  name: "logSoftmax",
  compute: ({ data: x, shape }) => {
    const [y, powers, column] = [zeros(shape), zeros(shape), [...shape.slice(0, -1), 1]];
    ops.sub(y, x, repeated(reduced(ops.maxeq, x, column, -Infinity), shape)); // at most 0, so exp can't overflow
    ops.exp(powers, y);
    const logD = reduced(ops.addeq, powers, column);
    ops.logeq(logD);
    ops.subeq(y, repeated(logD, shape));
    return new Tensor(y);
  },
  vjp: [(g, { inputs: [x] }) => sub(g, mul(softmax(x), rowSums(g)))],
});

const [x, g] = [tensor([[2, 1, 0], [0, 0, 5]]), tensor([[3, -1, 0.5], [1, 2, -4]])];
const [ours] = vjp(logSoftmax, x).pullback(g);
const [composed] = vjp((x) => log(softmax(x)), x).pullback(g);
assert(ops.norm2(sub(ours, composed).data) < 1e-13);

// Where softmax rounds a probability to 0, log(softmax(x)) is −Infinity, but logSoftmax(x) is finite.
assert.deepEqual(log(softmax(tensor([0, 1000]))).toNested(), [-Infinity, 0]);
assert.deepEqual(logSoftmax(tensor([0, 1000])).toNested(), [-1000, 0]);
