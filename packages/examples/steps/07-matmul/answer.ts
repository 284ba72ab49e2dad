import assert from "node:assert/strict";
import { add, grad, matmul, sum, type Tensor, tensor, transpose } from "./tape.ts";

// The quadratic form f(x) = xᵀ A x for a column x
const A = tensor([[1, 2], [3, 4]]);
const f = (x: Tensor) => sum(matmul(transpose(x), matmul(A, x)));

// The gradient has two contributions: A x from the left factor of xᵀ (A x), and Aᵀ x from the right factor.
const x = tensor([[5], [-1]]);
assert.deepEqual(grad(f)(x).toNested(), matmul(add(A, transpose(A)), x).toNested());
