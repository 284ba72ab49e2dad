import type { DType, Tensor } from "@wengert/core";
import type { Shape } from "@wengert/core/extend";
import * as ops from "@wengert/ops";
import {
  crossEntropyPullback,
  internalOps,
  logSoftmaxPullback,
  softCrossEntropyPullback,
  softmaxPullback,
  subtractWeightedMean,
} from "@wengert/ops/extend";
import type { GraphBuilder } from "../graph/graph.ts";
import { arithmetic, castTo, joinAxes, log1p, reduce, reshape, unsqueeze } from "./formulas.ts";
import { checkedClasses, oneHotAlong } from "./indices.ts";
import { type Rule, rule } from "./rule.ts";

// Emit rules of softmax, logSoftmax, their pullbacks and the losses.

/** Returns the softmax of x over several axes. */
function softmax(g: GraphBuilder, x: string, shape: Shape, axes: readonly number[]): string {
  const { axis, join, split } = joinAxes(g, shape, axes);
  return split(g.node("Softmax", [join(x)], { axis }));
}

/**
 * Returns log softmax(x) over axes. In float64, uses simpler operators instead of LogSoftmax, because the LogSoftmax of
 * ONNX Runtime loses a NaN in its input.
 */
function logSoftmax(g: GraphBuilder, x: string, { shape, dtype }: Tensor, axes: readonly number[]): string {
  if (dtype === "float32") {
    const { axis, join, split } = joinAxes(g, shape, axes);
    return split(g.node("LogSoftmax", [join(x)], { axis }));
  }
  const { sub, apply } = arithmetic(g, dtype);
  const shifted = sub(x, reduce(g, "ReduceMax", x, axes, true));
  return sub(shifted, apply("Log", reduce(g, "ReduceSum", apply("Exp", shifted), axes, true)));
}

/** Returns y − ⟨y, s⟩ / ⟨1, s⟩ over axes: y minus its mean weighted by s. */
function centered(g: GraphBuilder, s: string, y: string, axes: readonly number[], dtype: DType): string {
  const { sub, mul, div } = arithmetic(g, dtype);
  const mean = div(reduce(g, "ReduceSum", mul(s, y), axes, true), reduce(g, "ReduceSum", s, axes, true));
  return sub(y, mean);
}

/** Returns x with the entries set to 0 whose logits are −Infinity. */
function whereVariable(g: GraphBuilder, logits: string, x: string, dtype: DType): string {
  const { equal, where } = arithmetic(g, dtype);
  return where(equal(logits, Number.NEGATIVE_INFINITY), 0, x);
}

export const lossRules = (): readonly Rule[] => [
  rule(ops.softmax, (g, [x], { output: { shape }, params: { axes } }) => softmax(g, x, shape, axes)),
  rule(ops.logSoftmax, (g, [x], { output, params: { axes } }) => logSoftmax(g, x, output, axes)),
  rule(softmaxPullback, (g, [s, cotangent], { output: { dtype }, params: { axes } }) =>
    g.node("Mul", [s, centered(g, s, cotangent, axes, dtype)]),
  ),
  rule(subtractWeightedMean, (g, [s, cotangent], { output: { dtype }, params: { axes } }) =>
    centered(g, s, cotangent, axes, dtype),
  ),
  rule(logSoftmaxPullback, (g, [x, cotangent], { output: { shape, dtype }, params: { axes } }) => {
    const { sub, mul } = arithmetic(g, dtype);
    const variable = whereVariable(g, x, cotangent, dtype);
    return sub(variable, mul(softmax(g, x, shape, axes), reduce(g, "ReduceSum", variable, axes, true)));
  }),
  rule(ops.crossEntropy, (g, [logits, labels], { inputs: [x], output, params: { axis } }) => {
    const classes = unsqueeze(g, checkedClasses(g, labels, x.shape[axis]!), [axis]);
    const taken = g.node("GatherElements", [logSoftmax(g, logits, x, [axis]), classes], { axis });
    return g.node("Neg", [reshape(g, taken, output.shape)]);
  }),
  rule(crossEntropyPullback, (g, [logits, labels, cotangent], { output: { shape, dtype }, params: { axis } }) => {
    const { sub, mul } = arithmetic(g, dtype);
    const classes = unsqueeze(g, checkedClasses(g, labels, shape[axis]!), [axis]);
    const target = oneHotAlong(g, classes, axis, shape, dtype);
    return mul(sub(g.node("Softmax", [logits], { axis }), target), unsqueeze(g, cotangent, [axis]));
  }),
  rule(internalOps.oneHotRows, (g, [, labels], { output: { shape, dtype }, params: { axis } }) =>
    oneHotAlong(g, unsqueeze(g, checkedClasses(g, labels, shape[axis]!), [axis]), axis, shape, dtype),
  ),
  rule(internalOps.probabilityLosses, (g, [logits, t], { inputs: [x], output: { dtype }, params: { axis } }) => {
    const { mul, equal, where, apply } = arithmetic(g, dtype);
    const terms = where(equal(t, 0), 0, mul(t, logSoftmax(g, logits, x, [axis])));
    return apply("Neg", reduce(g, "ReduceSum", terms, [axis], false));
  }),
  rule(softCrossEntropyPullback, (g, [logits, t, cotangent], { output: { dtype }, params: { axis } }) => {
    const { sub, mul } = arithmetic(g, dtype);
    const variable = whereVariable(g, logits, t, dtype);
    const total = reduce(g, "ReduceSum", variable, [axis], true);
    const difference = sub(mul(g.node("Softmax", [logits], { axis }), total), variable);
    return mul(difference, unsqueeze(g, cotangent, [axis]));
  }),
  rule(ops.binaryCrossEntropy, (g, [x, t], { output: { dtype } }) => {
    const { add, sub, mul, equal, max, where, apply } = arithmetic(g, dtype);
    const negative = apply("Neg", x);
    const tail = log1p(g, apply("Exp", apply("Neg", apply("Abs", x))), dtype);
    const ifOne = where(equal(t, 0), 0, mul(t, add(max(negative, 0), tail)));
    const ifZero = where(equal(t, 1), 0, mul(sub(1, t), add(max(x, 0), tail)));
    return add(ifOne, ifZero);
  }),
  rule(internalOps.labelTargets, (g, [labels], { params: { dtype } }) => castTo(g, labels, dtype)),
  rule(ops.huber, (g, [prediction, target], { output: { dtype }, params: { delta } }) => {
    const { sub, mul, greater, where, apply } = arithmetic(g, dtype);
    const distance = apply("Abs", sub(prediction, target));
    const line = mul(sub(distance, delta / 2), delta);
    return where(greater(distance, delta), line, mul(mul(distance, distance), 0.5));
  }),
  rule(ops.klDivergence, (g, [p, q], { output: { dtype } }) => {
    const { sub, mul, div, equal, greater, where, apply } = arithmetic(g, dtype);
    const half = mul(q, 0.5);
    const isClose = g.node("And", [greater(p, half), greater(mul(q, 2), p)]);
    const logarithm = where(isClose, log1p(g, div(sub(p, q), q), dtype), apply("Log", div(p, q)));
    return where(equal(p, 0), 0, mul(p, logarithm));
  }),
];
