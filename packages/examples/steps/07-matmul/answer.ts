import assert from "node:assert/strict";
import { add, grad, matmul, sum, type Tensor, tensor, transpose } from "./tape.ts";

// f(x) = xᵀ A x for a column x
const A = tensor([[1, 2], [3, 4]]);
const f = (x: Tensor) => sum(matmul(transpose(x), matmul(A, x)));

// x is used twice. To the left, where xᵀ meets A x, x̄ = A x; to the right, where A x meets x, x̄ = Aᵀ x. The two are added.
const x = tensor([[5], [-1]]);
assert.deepEqual(grad(f)(x).toNested(), matmul(add(A, transpose(A)), x).toNested());
