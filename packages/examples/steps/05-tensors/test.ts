import assert from "node:assert/strict";
import { add, exp, explain, grad, mul, record, type Tensor, tensor, vjp } from "./tape.ts";

const x = tensor([[1, 2, 3], [4, 5, 6]]);
assert.deepEqual(x.shape, [2, 3]);
assert.equal(x.data.get(1, 0), 4); // row 1, column 0
assert.deepEqual(x.toNested(), [[1, 2, 3], [4, 5, 6]]);
assert.deepEqual(tensor(7).shape, []);
assert.throws(() => tensor([[1, 2], [3]])); // rows of different length

// An elementwise op records one step for any number of elements
const f = (x: Tensor, y: Tensor) => mul(add(x, y), exp(x));
const { tape } = record(f, tensor([0, 0]), tensor([5, 6]));
assert.equal(
  explain(tape),
  `#1 = add([0,0], [5,6]) = [5,6]
#2 = exp([0,0]) = [1,1]
#3 = mul(#1, #2) = [5,6]`,
);

// The pullback of x² maps a cotangent g, which has the shape of x, to x̄ᵢ = gᵢ · 2xᵢ
const square = vjp((x) => mul(x, x), tensor([1, 2, 3]));
assert.deepEqual(square.pullback(tensor([1, 1, 1]))[0].toNested(), [2, 4, 6]);
assert.deepEqual(square.pullback(tensor([0, 10, 0]))[0].toNested(), [0, 40, 0]);
assert.throws(() => square.pullback(tensor([1, 1])), /\[3\].*\[2\]/);

// grad throws if the output of the function is not a scalar
assert.throws(() => grad((x) => exp(x))(tensor([1, 2, 3])), /\[3\].*\[\]/);

// add throws for inputs of the shapes [2] and [3]
assert.throws(() => add(tensor([1, 2]), tensor([1, 2, 3])));

console.log("step 5 passes");
