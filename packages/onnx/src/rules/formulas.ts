import type { DType } from "@wengert/core";
import type { Shape } from "@wengert/core/extend";
import { elementTypes } from "../format/model.ts";
import type { GraphBuilder } from "../graph/graph.ts";

// Functions that add common formulas to an ONNX graph. Each function takes the names of its operands, and returns the
// name of the result.

/**
 * Functions that add arithmetic nodes to an ONNX graph, for values of one dtype. A number as an operand stands for a
 * constant of this dtype.
 */
export interface Arithmetic {
  readonly add: (a: Term, b: Term) => string;
  readonly sub: (a: Term, b: Term) => string;
  readonly mul: (a: Term, b: Term) => string;
  readonly div: (a: Term, b: Term) => string;
  readonly equal: (a: Term, b: Term) => string;
  readonly greater: (a: Term, b: Term) => string;
  readonly max: (a: Term, b: Term) => string;
  readonly min: (a: Term, b: Term) => string;
  readonly where: (condition: string, a: Term, b: Term) => string;
  readonly apply: (operator: string, x: Term) => string;
}
type Term = string | number;

export function arithmetic(g: GraphBuilder, dtype: DType): Arithmetic {
  const name = (term: Term) => (typeof term === "number" ? g.number(term, dtype) : term);
  const pair = (operator: string) => (a: Term, b: Term) => g.node(operator, [name(a), name(b)]);
  return {
    add: pair("Add"),
    sub: pair("Sub"),
    mul: pair("Mul"),
    div: pair("Div"),
    equal: pair("Equal"),
    greater: pair("Greater"),
    max: pair("Max"),
    min: pair("Min"),
    where: (condition, a, b) => g.node("Where", [condition, name(a), name(b)]),
    apply: (operator, x) => g.node(operator, [name(x)]),
  };
}

export const not = (g: GraphBuilder, x: string): string => g.node("Not", [x]);
export const and = (g: GraphBuilder, a: string, b: string): string => g.node("And", [a, b]);

export const castTo = (g: GraphBuilder, x: string, type: keyof typeof elementTypes): string =>
  g.node("Cast", [x], { to: elementTypes[type] });

/** Returns the elements of x in another shape. */
export function reshape(g: GraphBuilder, x: string, shape: Shape): string {
  // In the Reshape operator of ONNX, the size 0 means "the size of the input", unless the attribute allowzero is set.
  // Opset 13 does not have this attribute.
  const allowzero: Record<string, number> = shape.includes(0) && g.opset >= 14 ? { allowzero: 1 } : {};
  return g.node("Reshape", [x, g.ints(shape)], allowzero);
}

export const transpose = (g: GraphBuilder, x: string, axes: readonly number[]): string =>
  axes.every((axis, i) => axis === i) ? x : g.node("Transpose", [x], { perm: axes });

export const expand = (g: GraphBuilder, x: string, shape: Shape): string => g.node("Expand", [x, g.ints(shape)]);
export const unsqueeze = (g: GraphBuilder, x: string, axes: readonly number[]): string =>
  axes.length === 0 ? x : g.node("Unsqueeze", [x, g.ints(axes)]);

/** Returns an array of equal numbers without storing them. */
export const fill = (g: GraphBuilder, value: number, shape: Shape, dtype: DType): string =>
  expand(g, g.number(value, dtype), shape);

/** Joins several axes into one, for operators that work along one axis. */
export interface JoinedAxes {
  readonly axis: number;
  readonly size: number;
  readonly rank: number;
  readonly join: (x: string) => string;
  /** Restores the axes. */
  readonly split: (x: string) => string;
}

export function joinAxes(g: GraphBuilder, shape: Shape, axes: readonly number[]): JoinedAxes {
  const size = axes.reduce((n, axis) => n * shape[axis]!, 1);
  const same = (x: string) => x;
  if (axes.length === 1) return { axis: axes[0]!, size, rank: shape.length, join: same, split: same };
  const rest = [...shape.keys()].filter((axis) => !axes.includes(axis));
  const order = [...rest, ...axes];
  const sizes = order.map((axis) => shape[axis]!);
  const inverse = order.map((_, axis) => order.indexOf(axis));
  return {
    axis: rest.length,
    size,
    rank: rest.length + 1,
    join: (x) => reshape(g, transpose(g, x, order), [...sizes.slice(0, rest.length), size]),
    split: (x) => transpose(g, reshape(g, x, sizes), inverse),
  };
}

/**
 * Reduces x over axes. ReduceSum takes the axes as an input. Most other reductions take them as an attribute before
 * opset 18, and as an input since then.
 */
export function reduce(
  g: GraphBuilder,
  operator: string,
  x: string,
  axes: readonly number[],
  keepDims: boolean,
): string {
  const keepdims = keepDims ? 1 : 0;
  if (axes.length === 0) return g.node("Identity", [x]); // without axes, ONNX reduces over all of them
  if (operator === "ReduceSum" || g.opset >= 18) return g.node(operator, [x, g.ints(axes)], { keepdims });
  return g.node(operator, [x], { axes, keepdims });
}

/**
 * Returns ln(1 + x) with Kahan's formula, ln(u) x / (u − 1), where u is 1 + x, rounded. The result is accurate even for
 * a small x.
 */
export function log1p(g: GraphBuilder, x: string, dtype: DType): string {
  const { add, sub, mul, div, equal, where, apply } = arithmetic(g, dtype);
  const u = add(x, 1);
  const isLimit = g.node("Or", [equal(u, 1), equal(x, Number.POSITIVE_INFINITY)]);
  return where(isLimit, x, mul(apply("Log", u), div(x, sub(u, 1))));
}

/**
 * Returns eˣ − 1 with Kahan's formula, (u − 1) x / ln(u), where u is eˣ, rounded. The result is accurate even for a
 * small x.
 */
export function expm1(g: GraphBuilder, x: string, dtype: DType): string {
  const { sub, mul, div, equal, where, apply } = arithmetic(g, dtype);
  const u = apply("Exp", x);
  const below = sub(u, 1);
  const isLimit = g.node("Or", [equal(below, -1), equal(u, Number.POSITIVE_INFINITY)]);
  return where(equal(u, 1), x, where(isLimit, below, mul(below, div(x, apply("Log", u)))));
}

/**
 * Returns ln(1 + eˣ) as max(x, 0) + ln(1 + e^−|x|). This form does not overflow for a large x, and is accurate for a
 * negative x.
 */
export function softplus(g: GraphBuilder, x: string, dtype: DType): string {
  const { add, apply } = arithmetic(g, dtype);
  const tail = log1p(g, apply("Exp", apply("Neg", apply("Abs", x))), dtype);
  return add(apply("Relu", x), tail);
}

/** Returns whether x is finite: x − x is 0 for finite x, and NaN otherwise. */
export function finite(g: GraphBuilder, x: string, dtype: DType): string {
  const { sub, equal } = arithmetic(g, dtype);
  return equal(sub(x, x), 0);
}

/** Returns whether any entry of x along the given axes is NaN. */
export const anyNaN = (g: GraphBuilder, x: string, axes: readonly number[], keepDims: boolean): string =>
  castTo(g, reduce(g, "ReduceMax", castTo(g, notANumber(g, x), "int32"), axes, keepDims), "bool");

/**
 * Returns σ(x) = 1 / (1 + e⁻ˣ). The operator Sigmoid of ONNX is not used, because runtimes may round small results to
 * 0: ONNX Runtime returns 0 in float32 for x < −18.
 */
export function sigmoid(g: GraphBuilder, x: string, dtype: DType): string {
  const { add, apply } = arithmetic(g, dtype);
  return apply("Reciprocal", add(apply("Exp", apply("Neg", x)), 1));
}

/** Returns whether x is NaN: NaN does not equal itself. */
export const notANumber = (g: GraphBuilder, x: string): string => not(g, g.node("Equal", [x, x]));
