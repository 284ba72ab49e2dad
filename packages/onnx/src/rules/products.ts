import type { Tensor } from "@wengert/core";
import { sizeOf } from "@wengert/core/extend";
import * as ops from "@wengert/ops";
import type { GraphBuilder } from "../graph/graph.ts";
import { reshape, transpose } from "./formulas.ts";
import { type Rule, rule, sameAs } from "./rule.ts";

/**
 * Returns einsum subscripts in which the letters are replaced by a, b, c, …. ONNX allows only the letters a to z and A
 * to Z, but `vmap` may also use other characters.
 */
function withLetters(subscripts: string): string {
  const labels = [...new Set(subscripts.replaceAll(/[,>-]/g, ""))];
  const letter = (i: number) => String.fromCharCode((i < 26 ? 97 : 65 - 26) + i);
  return [...subscripts].map((each) => (labels.includes(each) ? letter(labels.indexOf(each)) : each)).join("");
}

/** Returns Σₖ a[…, k] b[…, k, m] for a b with at least three axes, as one product of matrices. */
function generalDot(g: GraphBuilder, a: string, b: string, [x, y]: readonly [Tensor, Tensor], output: Tensor): string {
  const [rank, k] = [y.shape.length, y.shape.at(-2)!];
  const axes = [rank - 2, ...[...y.shape.keys()].filter((axis) => axis !== rank - 2)];
  const left = reshape(g, a, [sizeOf(x.shape.slice(0, -1)), k]);
  const right = reshape(g, transpose(g, b, axes), [k, y.size / Math.max(k, 1)]);
  return reshape(g, g.node("MatMul", [left, right]), output.shape);
}

export const productRules = (): readonly Rule[] => [
  sameAs(ops.matmul, "MatMul"),
  rule(ops.einsum, (g, names, { params: { subscripts } }) =>
    g.node("Einsum", names as readonly string[], { equation: withLetters(subscripts) }),
  ),
  rule(ops.dot, (g, [a, b], { inputs: [x, y], output }) => {
    if (x.shape.length === 0 || y.shape.length === 0) return g.node("Mul", [a, b]);
    return y.shape.length <= 2 ? g.node("MatMul", [a, b]) : generalDot(g, a, b, [x, y], output);
  }),
  rule(ops.outer, (g, [a, b], { inputs: [x, y] }) =>
    g.node("Mul", [reshape(g, a, [x.size, 1]), reshape(g, b, [1, y.size])]),
  ),
];
