import type { DType } from "@wengert/core";
import type { Shape } from "@wengert/core/extend";
import * as ops from "@wengert/ops";
import { exclusiveCumprod, linearRecurrence } from "@wengert/ops/extend";
import type { GraphBuilder } from "../graph/graph.ts";
import { arithmetic, castTo, type JoinedAxes, joinAxes, log1p } from "./formulas.ts";
import { type Rule, rule } from "./rule.ts";
import { flip, padZeros, sliceAxis } from "./slices.ts";

// Cumulative ops. ONNX has an operator for cumsum only. The other ops run in log₂ n rounds: for d = 1, 2, 4, …, a round
// combines each entry with the entry d positions before it, so each round doubles the number of combined entries
// (Hillis and Steele, "Data parallel algorithms", 1986).

/** Returns x moved by `by` entries towards the end of an axis, with `value` in front. */
function shift(
  g: GraphBuilder,
  x: string,
  { axis, size, rank }: JoinedAxes,
  by: number,
  value: number,
  dtype: DType,
): string {
  const before = Array.from({ length: rank }, (_, i) => (i === axis ? by : 0));
  return padZeros(g, sliceAxis(g, x, axis, 0, size - by), before, Array(rank).fill(0), g.number(value, dtype));
}

/** Returns the powers of 2 below n: 1, 2, 4, …. */
const rounds = (n: number): number[] => Array.from({ length: Math.ceil(Math.log2(Math.max(n, 1))) }, (_, k) => 2 ** k);

const cumulativeProduct = (g: GraphBuilder, x: string, axes: JoinedAxes, dtype: DType): string =>
  rounds(axes.size).reduce((y, by) => g.node("Mul", [y, shift(g, y, axes, by, 1, dtype)]), x);

/**
 * Joins the axes `axes` of the inputs into one axis, reverses this axis if `reverse` is true, and calls `f`. Then
 * undoes the reversal and splits the axis of the result again.
 */
function directed(
  g: GraphBuilder,
  inputs: readonly string[],
  shape: Shape,
  { axes, reverse }: { readonly axes: readonly number[]; readonly reverse: boolean },
  f: (inputs: readonly string[], axes: JoinedAxes) => string,
): string {
  const joined = joinAxes(g, shape, axes);
  const turn = (x: string) => (reverse ? flip(g, x, [joined.axis]) : x);
  const result = f(
    inputs.map((x) => turn(joined.join(x))),
    joined,
  );
  return joined.split(turn(result));
}

export const cumulativeRules = (): readonly Rule[] => [
  rule(ops.cumsum, (g, [x], { inputs: [{ dtype }], params: { axis } }) =>
    g.node("CumSum", [dtype === "bool" ? castTo(g, x, "int32") : x, g.number(axis, "int64")]),
  ),
  rule(ops.cumprod, (g, [x], { inputs: [input], output: { dtype, shape }, params: { axis } }) => {
    const numbers = input.dtype === dtype ? x : castTo(g, x, dtype);
    return cumulativeProduct(g, numbers, joinAxes(g, shape, [axis]), dtype);
  }),
  rule(exclusiveCumprod, (g, [x], { output: { dtype, shape }, params }) =>
    directed(g, [x], shape, params, ([factors], axes) =>
      axes.size === 0 ? factors! : cumulativeProduct(g, shift(g, factors!, axes, 1, 1, dtype), axes, dtype),
    ),
  ),
  rule(linearRecurrence, (g, [a, b], { output: { dtype, shape }, params }) =>
    directed(g, [a, b], shape, params, ([slopes, offsets], axes) => {
      if (axes.size === 0) return offsets!;
      // Step i of the recurrence maps y to p y + q. The map y ↦ p′ y + q′ followed by y ↦ p y + q is the map with slope
      // p p′ and offset p q′ + q. The first step gets the slope 0, because it multiplies y₀ = 0: an infinite slope
      // would give NaN.
      const rest = sliceAxis(g, slopes!, axes.axis, 1, axes.size);
      const front = Array.from({ length: axes.rank }, (_, i) => (i === axes.axis ? 1 : 0));
      let [p, q] = [padZeros(g, rest, front, Array(axes.rank).fill(0)), offsets!];
      for (const by of rounds(axes.size)) {
        q = g.node("Add", [g.node("Mul", [p, shift(g, q, axes, by, 0, dtype)]), q]);
        p = g.node("Mul", [p, shift(g, p, axes, by, 1, dtype)]);
      }
      return shift(g, q, axes, 1, 0, dtype);
    }),
  ),
  rule(ops.logCumsumExp, (g, [x], { output: { dtype, shape }, params: { axis } }) => {
    const { add, sub, equal, max, where, apply } = arithmetic(g, dtype);
    const axes = joinAxes(g, shape, [axis]);
    return rounds(axes.size).reduce((y, by) => {
      const earlier = shift(g, y, axes, by, Number.NEGATIVE_INFINITY, dtype);
      const largest = max(y, earlier);
      const distance = apply("Abs", sub(y, earlier));
      const sum = add(largest, log1p(g, apply("Exp", apply("Neg", distance)), dtype));
      return where(equal(apply("Abs", largest), Number.POSITIVE_INFINITY), largest, sum);
    }, x);
  }),
];
