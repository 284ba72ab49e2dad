// Erroneous calls, as a user might write them: every way to make a function of onnx throw.
//
// Run `npx vitest run --project onnx errors -u` after adding a call, and read errors.snapshot.md as a user would.

import type { Chapter } from "../../ops/test/mistakesTest.ts";

/** The code that runs before each erroneous call. */
export const prelude = `
const x = zeros([2, 3], { label: "x" });
const program = trace((x) => exp(x), x);
const engine = onnx(ort);
const images = (dtype) => [zeros([1, 3, 3, 1], { dtype }), zeros([2, 2, 1, 1], { dtype })];
`;

export const mistakes: Chapter = {
  toOnnx: [
    "toOnnx()",
    "toOnnx((x) => exp(x))",
    "toOnnx(record((x) => exp(x), x))",
    "toOnnx(program, { version: 17 })",
    "toOnnx(program, { opset: 12 })",
    "toOnnx(program, { opset: '17' })",
    "toOnnx(program, { name: '' })",
    "toOnnx(program, 17)",
    "toOnnx(trace((x) => lgamma(x), x))",
    "toOnnx(trace((A) => [inv(A), svd(A).S, inv(transpose(A))], zeros([3, 3])))",
    "toOnnx(trace((h) => scan((h) => [digamma(h), h], h, undefined, { length: 3 }), zeros([2])))",
    "toOnnx(trace((x) => add(x, broadcastTo(1, { shape: [2 ** 28] })), zeros([])))",
    "toOnnx(trace((x, k) => conv2d(x, k), ...images('int32')))",
    "toOnnx(trace(grad((W) => sum(square(take(W, [0, 0], { axis: 0 })))), x), { opset: 15 })",
  ],
  onnx: [
    "onnx()",
    "onnx(Promise.resolve(ort))",
    "onnx(ort, { threads: 0 })",
    "onnx(ort, { thread: 2 })",
    "onnx(ort, { providers: 'cpu' })",
    "onnx(ort, { providers: [] })",
    "onnx(ort, { opset: 12 })",
    "onnx(ort, { sessionOptions: 'all' })",
  ],
  "calls that ONNX Runtime runs": [
    "await compile((x) => lgamma(x), { engine })(x)",
    "await compile((A) => [inv(A), svd(A).S, inv(transpose(A))], { engine })(zeros([3, 3]))",
    "await compile((x, k) => conv2d(x, k), { engine })(...images('int32'))",
    "await compile((x) => erf(x), { engine })(x)",
    "await compile((x) => exp(x), { engine: onnx(ort, { providers: ['tpu'] }) })(x)",
    "await compile((x) => (x.item() > 0 ? x : neg(x)), { engine })(x)",
    "await compile((x, labels) => crossEntropy(x, labels), { engine })(x, tensor([0, 3], { dtype: 'int32' }))",
    "grad(compile((x) => sum(exp(x)), { engine }))(x)",
  ],
};
