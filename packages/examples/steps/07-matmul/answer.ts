import assert from "node:assert/strict";
import { add, grad, matmul, sum, type Tensor, tensor, transpose } from "./tape.ts";

// f(x) = xᵀ A x for a column x
const A = tensor([[1, 2], [3, 4]]);
const f = (x: Tensor) => sum(matmul(transpose(x), matmul(A, x)));

// x is used twice. The left factor of xᵀ (A x) contributes A x, and the right factor contributes Aᵀ x.
const x = tensor([[5], [-1]]);
assert.deepEqual(grad(f)(x).toNested(), matmul(add(A, transpose(A)), x).toNested());
