import type { DType } from "@wengert/core";
import * as ops from "@wengert/ops";
import { geluSlope, reluPullback, sigmoidSlope, siluSlope, tanhSlope } from "@wengert/ops/extend";
import type { GraphBuilder } from "../graph/graph.ts";
import { arithmetic, expm1, sigmoid, softplus } from "./formulas.ts";
import { type Rule, rule, sameAs } from "./rule.ts";

// Activations of neural networks, and the derivatives that their VJP rules use.

/** Returns σ′(s x) times `factor`, as σ(s x) σ(−s x), which is accurate in both tails. */
function slopeOfSigmoid(g: GraphBuilder, x: string, dtype: DType, scale: number, factor: number): string {
  const { mul, apply } = arithmetic(g, dtype);
  const scaled = scale === 1 ? x : mul(x, scale);
  const slope = mul(sigmoid(g, scaled, dtype), sigmoid(g, apply("Neg", scaled), dtype));
  return factor === 1 ? slope : mul(slope, factor);
}

/** Returns the standard normal distribution function, (1 + erf(x / √2)) / 2. */
function normalDistribution(g: GraphBuilder, x: string, dtype: DType): string {
  const { add, mul, apply } = arithmetic(g, dtype);
  return mul(add(apply("Erf", mul(x, Math.SQRT1_2)), 1), 0.5);
}

export const activationRules = (): readonly Rule[] => [
  sameAs(ops.tanh, "Tanh"),
  rule(ops.sigmoid, (g, [x], { output: { dtype } }) => sigmoid(g, x, dtype)),
  rule(ops.relu, (g, [x], { inputs: [{ dtype }] }) =>
    dtype === "int32" ? g.node("Max", [x, g.number(0, dtype)]) : g.node("Relu", [x]),
  ),
  rule(reluPullback, (g, [x, cotangent], { output: { dtype } }) => {
    const { greater, where } = arithmetic(g, dtype);
    return where(greater(x, 0), cotangent, 0);
  }),
  rule(tanhSlope, (g, [x], { output: { dtype } }) => slopeOfSigmoid(g, x, dtype, 2, 4)),
  rule(sigmoidSlope, (g, [x], { output: { dtype } }) => slopeOfSigmoid(g, x, dtype, 1, 1)),
  rule(ops.softplus, (g, [x], { output: { dtype } }) => softplus(g, x, dtype)),
  rule(ops.logSigmoid, (g, [x], { output: { dtype } }) => {
    const { apply } = arithmetic(g, dtype);
    return apply("Neg", softplus(g, apply("Neg", x), dtype));
  }),
  rule(ops.gelu, (g, [x], { output: { dtype } }) => g.node("Mul", [x, normalDistribution(g, x, dtype)])),
  rule(geluSlope, (g, [x], { output: { dtype } }) => {
    const { add, mul, apply } = arithmetic(g, dtype);
    const density = mul(apply("Exp", mul(mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return add(normalDistribution(g, x, dtype), mul(x, density));
  }),
  rule(ops.silu, (g, [x], { output: { dtype } }) => g.node("Mul", [x, sigmoid(g, x, dtype)])),
  rule(siluSlope, (g, [x], { output: { dtype } }) => {
    const { add, mul, apply } = arithmetic(g, dtype);
    return mul(sigmoid(g, x, dtype), add(mul(x, sigmoid(g, apply("Neg", x), dtype)), 1));
  }),
  rule(ops.elu, (g, [x], { output: { dtype }, params: { alpha } }) => {
    const { mul, greater, where } = arithmetic(g, dtype);
    return where(greater(x, 0), x, mul(expm1(g, x, dtype), alpha));
  }),
  rule(ops.leakyRelu, (g, [x], { output: { dtype }, params: { slope } }) => {
    const { mul, greater, where } = arithmetic(g, dtype);
    return where(greater(x, 0), x, mul(x, slope));
  }),
];
