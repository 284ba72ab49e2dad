import assert from "node:assert/strict";
import ops from "ndarray-ops";
import { at, exp, explain, grad, matmul, mul, record, softmax, stack, sub, sum, type Tensor, tensor, vmap } from "./tape.ts";

const X = tensor([[1, 2], [3, 4], [5, 6]]);
const loop = (f: (x: Tensor) => Tensor) => (X: Tensor) => stack([0, 1, 2].map((i) => f(at(X, i))));
const close = (a: Tensor, b: Tensor) => assert(ops.norm2(sub(a, b).data) < 1e-12);

// vmap equals a loop over the entries
const f = (x: Tensor) => mul(softmax(x), sum(mul(x, x)));
assert.deepEqual(vmap(f)(X).shape, [3, 2]);
close(vmap(f)(X), loop(f)(X));

// An elementwise op runs once for the whole batch
const squares = vmap((x) => mul(x, x));
const { tape } = record(squares, tensor([1, 2, 3]));
assert.match(explain(tape), /mul\(\[1,2,3\], \[1,2,3\]\) = \[1,4,9\]$/);

// The gradient of a batch
close(grad((X) => sum(vmap(f)(X)))(X), grad((X) => sum(loop(f)(X)))(X));

// A batch of gradients: the gradient for each example, with respect to weights W that all examples share
const W = tensor([[0.1], [0.2]]);
const loss = (W: Tensor, x: Tensor) => sum(exp(matmul(stack([x]), W)));
const gradient = (x: Tensor) => grad((W) => loss(W, x))(W);
assert.deepEqual(vmap(gradient)(X).shape, [3, 2, 1]);
close(vmap(gradient)(X), loop(gradient)(X));

// Nested vmap: the inner products of all pairs of rows of X, X Xᵀ
const products = vmap((x) => vmap((y) => sum(mul(x, y)))(X))(X);
assert.deepEqual(products.toNested(), [[5, 11, 17], [11, 25, 39], [17, 39, 61]]);

console.log("step 11 passes");
