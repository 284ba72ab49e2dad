import type { DType, Tensor } from "@wengert/core";
import type { Shape } from "@wengert/core/extend";
import * as ops from "@wengert/ops";
import type { GraphBuilder } from "../graph/graph.ts";
import { anyNaN, arithmetic, castTo, reduce, reshape } from "./formulas.ts";
import { type Rule, rule } from "./rule.ts";

interface Reduction {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

const countOf = (shape: Shape, axes: readonly number[]): number => axes.reduce((n, axis) => n * shape[axis]!, 1);

/** Converts bools to int32, so that their sum can be computed. Returns other numbers unchanged. */
const addable = (g: GraphBuilder, x: string, dtype: DType): string => (dtype === "bool" ? castTo(g, x, "int32") : x);

/**
 * Returns the largest or smallest entry over axes. Bools are converted to int32, because few runtimes can reduce bools.
 */
function extreme(g: GraphBuilder, operator: string, x: string, input: Tensor, { axes, keepDims }: Reduction): string {
  const result = reduce(g, operator, addable(g, x, input.dtype), axes, keepDims);
  if (input.dtype === "bool") return castTo(g, result, "bool");
  if (input.dtype === "int32") return result;
  // ONNX does not define the maximum of an array with a NaN, and ONNX Runtime ignores NaN.
  const { where } = arithmetic(g, input.dtype);
  return where(anyNaN(g, x, axes, keepDims), Number.NaN, result);
}

/** Returns Σ (x − mean)² / max(n − ddof, 0) over axes. */
function variance(
  g: GraphBuilder,
  x: string,
  { shape, dtype }: Tensor,
  { axes, keepDims, ddof }: Reduction & { readonly ddof: number },
): string {
  const { sub, mul, div } = arithmetic(g, dtype);
  const centered = sub(x, reduce(g, "ReduceMean", x, axes, true));
  return div(reduce(g, "ReduceSum", mul(centered, centered), axes, keepDims), Math.max(countOf(shape, axes) - ddof, 0));
}

/**
 * Returns the index of the largest or smallest entry as int32. The ONNX operators ArgMax and ArgMin search along a
 * single axis, and return int64.
 */
function indexOf(g: GraphBuilder, operator: string, x: string, output: Tensor, { axes, keepDims }: Reduction): string {
  if (axes.length === 1)
    return castTo(g, g.node(operator, [x], { axis: axes[0]!, keepdims: keepDims ? 1 : 0 }), "int32");
  const flat = reshape(g, x, [-1]);
  return reshape(g, castTo(g, g.node(operator, [flat], { axis: 0, keepdims: 0 }), "int32"), output.shape);
}

export const reductionRules = (): readonly Rule[] => [
  rule(ops.sum, (g, [x], { inputs: [{ dtype }], params: { axes, keepDims } }) =>
    reduce(g, "ReduceSum", addable(g, x, dtype), axes, keepDims),
  ),
  rule(ops.prod, (g, [x], { inputs: [{ dtype }], params: { axes, keepDims } }) =>
    reduce(g, "ReduceProd", addable(g, x, dtype), axes, keepDims),
  ),
  rule(ops.mean, (g, [x], { params: { axes, keepDims } }) => reduce(g, "ReduceMean", x, axes, keepDims)),
  rule(ops.max, (g, [x], { inputs, params }) => extreme(g, "ReduceMax", x, inputs[0], params)),
  rule(ops.min, (g, [x], { inputs, params }) => extreme(g, "ReduceMin", x, inputs[0], params)),
  rule(ops.any, (g, [x], { inputs, params }) => extreme(g, "ReduceMax", x, inputs[0], params)),
  rule(ops.all, (g, [x], { inputs, params }) => extreme(g, "ReduceMin", x, inputs[0], params)),
  rule(ops.countNonzero, (g, [x], { inputs: [{ dtype }], params: { axes, keepDims } }) =>
    reduce(g, "ReduceSum", castTo(g, dtype === "bool" ? x : castTo(g, x, "bool"), "int32"), axes, keepDims),
  ),
  rule(ops.argmax, (g, [x], { output, params }) => indexOf(g, "ArgMax", x, output, params)),
  rule(ops.argmin, (g, [x], { output, params }) => indexOf(g, "ArgMin", x, output, params)),
  rule(ops.variance, (g, [x], { inputs, params }) => variance(g, x, inputs[0], params)),
  rule(ops.std, (g, [x], { inputs, params }) => g.node("Sqrt", [variance(g, x, inputs[0], params)])),
  rule(ops.norm, (g, [x], { output: { dtype }, params: { axes, keepDims, ord } }) => {
    if (ord === 1 || ord === 2) return reduce(g, `ReduceL${ord}`, x, axes, keepDims);
    const powers = g.node("Pow", [g.node("Abs", [x]), g.number(ord, dtype)]);
    return g.node("Pow", [reduce(g, "ReduceSum", powers, axes, keepDims), g.number(1 / ord, dtype)]);
  }),
  rule(ops.logSumExp, (g, [x], { output: { dtype, shape }, params: { axes } }) => {
    const { add, sub, equal, where, apply } = arithmetic(g, dtype);
    const largest = reduce(g, "ReduceMax", x, axes, true);
    const shift = where(equal(apply("Abs", largest), Number.POSITIVE_INFINITY), 0, largest);
    const sum = reduce(g, "ReduceSum", apply("Exp", sub(x, shift)), axes, true);
    return reshape(g, add(shift, apply("Log", sum)), shape);
  }),
];
