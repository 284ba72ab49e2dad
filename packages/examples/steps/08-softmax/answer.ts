import assert from "node:assert/strict";
import { defineOp, log, mul, type Op, rowSums, softmax, sub, Tensor, tensor, vjp } from "./tape.ts";

// y = logSoftmax(x): yᵢ = xᵢ − log Σₖ exp(xₖ), so ∂yᵢ/∂xⱼ = δᵢⱼ − sⱼ, and x̄ⱼ = Σᵢ gᵢ (δᵢⱼ − sⱼ) = gⱼ − sⱼ Σᵢ gᵢ
const logSoftmax: Op = defineOp({
  name: "logSoftmax",
  compute: (x) => {
    const width = x.shape.at(-1) ?? 1;
    const data: number[] = [];
    for (let start = 0; start < x.data.length; start += width) {
      const row = x.data.slice(start, start + width);
      const largest = Math.max(...row);
      const total = row.reduce((sum, xi) => sum + Math.exp(xi - largest), 0);
      data.push(...row.map((xi) => xi - largest - Math.log(total)));
    }
    return new Tensor(x.shape, data);
  },
  vjp: [(g, { inputs: [x] }) => sub(g, mul(softmax(x), rowSums(g)))],
});

const [x, g] = [tensor([[2, 1, 0], [0, 0, 5]]), tensor([[3, -1, 0.5], [1, 2, -4]])];
const [ours] = vjp(logSoftmax, x).pullback(g);
const [composed] = vjp((x) => log(softmax(x)), x).pullback(g);
for (const [i, dx] of ours.data.entries()) assert(Math.abs(dx - composed.data[i]) < 1e-13);

// Where the probability of softmax is rounded to 0, its logarithm is gone; that of logSoftmax is not
assert.deepEqual(log(softmax(tensor([0, 1000]))).data, [-Infinity, 0]);
assert.deepEqual(logSoftmax(tensor([0, 1000])).data, [-1000, 0]);
