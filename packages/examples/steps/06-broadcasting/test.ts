import assert from "node:assert/strict";
import { add, broadcastTo, exp, explain, grad, mul, record, sum, sumTo, type Tensor, tensor, vjp } from "./tape.ts";

// A row, a column and a number broadcast to a matrix
const x = tensor([[1, 2, 3], [4, 5, 6]]);
assert.deepEqual(add(x, tensor([10, 20, 30])).toNested(), [[11, 22, 33], [14, 25, 36]]);
assert.deepEqual(add(x, tensor([[10], [20]])).toNested(), [[11, 12, 13], [24, 25, 26]]);
assert.deepEqual(mul(tensor(2), x).toNested(), [[2, 4, 6], [8, 10, 12]]);
assert.deepEqual(add(tensor([[1], [2]]), tensor([10, 20])).toNested(), [[11, 21], [12, 22]]);
assert.throws(() => add(x, tensor([1, 2])), /does not broadcast/);

// A bias is used by every row, so its cotangent is the sum over the rows
const { pullback } = vjp((x, b) => add(x, b), x, tensor([10, 20, 30]));
const [dx, db] = pullback(tensor([[1, 2, 3], [100, 200, 300]]));
assert.deepEqual(dx.toNested(), [[1, 2, 3], [100, 200, 300]]);
assert.deepEqual(db.toNested(), [101, 202, 303]);

// broadcastTo and sumTo are transposes of each other: ⟨broadcastTo(b), u⟩ = ⟨b, sumTo(u)⟩
const [b, u] = [tensor([[3], [-1]]), tensor([[1, 2, 3], [4, 5, 6]])];
assert.equal(sum(mul(broadcastTo(b, [2, 3]), u)).item(), sum(mul(b, sumTo(u, [2, 1]))).item());

// mul(w, x) broadcasts w to the shape of x. On the tape, the broadcast is a separate step: broadcastTo
const f = (w: Tensor) => sum(mul(w, x));
assert.deepEqual(grad(f)(tensor([1, 1, 1])).toNested(), [5, 7, 9]);
assert.deepEqual(grad((x) => sum(exp(x)))(tensor([0, 1])).toNested(), [1, Math.E]);
assert.equal(
  explain(record(f, tensor([1, 1, 1])).tape),
  `#1 = broadcastTo([1,1,1]) = [[1,1,1],[1,1,1]]
#2 = mul(#1, [[1,2,3],[4,5,6]]) = [[1,2,3],[4,5,6]]
#3 = sumTo(#2) = 21`,
);

console.log("step 6 passes");
