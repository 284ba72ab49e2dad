// Erroneous calls, as a user might write them: every way to make a function of onnx throw.
//
// Run `npx vitest run --project onnx errors -u` after adding a call, and read errors.snapshot.md as a user would.

import type { Chapter } from "../../ops/test/mistakesTest.ts";

/** The code that runs before each erroneous call. */
export const prelude = `
const x = zeros([2, 3], { label: "x" });
const program = trace((x) => exp(x), x);
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
};
