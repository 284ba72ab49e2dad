import * as ops from "@wengert/ops";
import { anyText, flag, float, type Operator, operator, same, variadic } from "./operator.ts";

export const productOperators = (): readonly Operator[] => [
  same("MatMul", ops.matmul, 2),
  variadic("Einsum", { equation: anyText }, (inputs, { equation }) =>
    ops.einsum(equation.replaceAll(" ", ""), ...inputs),
  ),
  same("Det", ops.det),
  operator(
    "Gemm",
    [2, 3],
    { alpha: float(1), beta: float(1), transA: flag(false), transB: flag(false) },
    ([a, b, c], { alpha, beta, transA, transB }) => {
      const product = ops.matmul(transA ? ops.transpose(a) : a, transB ? ops.transpose(b) : b);
      const scaled = alpha === 1 ? product : ops.mul(product, alpha);
      return c === undefined ? scaled : ops.add(scaled, beta === 1 ? c : ops.mul(c, beta));
    },
  ),
];
