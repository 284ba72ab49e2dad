import type { Tensor } from "@wengert/core";
import { defineOp, type Op, sharedFloat, type Unary } from "@wengert/core/extend";
import { commonShape } from "../declaring/axes.ts";
import { expCause, log1pCause, logCause, sqrtCause, squareCause } from "../declaring/nonFiniteCauses.ts";
import { irregular } from "../declaring/samples.ts";
import { type ElementwiseLoop, elementwise } from "../loops/strided.ts";
import { density } from "../numerics/constants.ts";
import * as exponential from "../numerics/exponential.ts";
import * as logarithm from "../numerics/logarithm.ts";
import * as logistic from "../numerics/logistic.ts";
import * as normal from "../numerics/normal.ts";
import { operationInWasm } from "../wasm/maps.ts";
import { add, div, mul, neg, sub } from "./arithmetic.ts";
import { clip } from "./clip.ts";
import { elementwiseFunction } from "./declaring.ts";

// Elementwise functions y = f(x). Each VJP rule maps the cotangent g to g f′(x). A declaration consists of the loop,
// the VJP rule, and the points at which tests check the rule.

/** Returns y = x². The VJP maps the cotangent g to 2 g x. */
export const square: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "square",
  (n, y, o, a, i, s) => {
    if (y instanceof Int32Array) for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.imul(a[p]!, a[p]!);
    else for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = a[p]! * a[p]!;
  },
  (g, { inputs: [x] }) => mul(mul(g, x), 2),
  { nonFinite: squareCause, allowsIntegers: true, wasm: "square" },
);

/** Returns y = |x|. The VJP maps the cotangent g to g sign(x). The derivative at 0 is 0. */
export const abs: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "abs",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.abs(a[p]!);
  },
  (g, { inputs: [x] }) => mul(g, sign(x)),
  { allowsIntegers: true },
);

/** Returns the sign of x: −1, 0 or 1; NaN stays NaN. The gradient is 0. */
export const sign: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "sign",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.sign(a[p]!);
  },
  null,
  { allowsIntegers: true },
);

/** Returns y = √x. The VJP maps the cotangent g to g / 2y. */
export const sqrt: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "sqrt",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.sqrt(a[p]!);
  },
  (g, { output: y }) => div(g, mul(y, 2)),
  { samplePoints: [0.25, 1, 3], nonFinite: sqrtCause, wasm: "sqrt" },
);

/** Returns y = eˣ. The VJP maps the cotangent g to g y. */
export const exp: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "exp",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = exponential.exp(a[p]!, 0);
  },
  (g, { output: y }) => mul(g, y),
  { nonFinite: /* @__PURE__ */ expCause("exp"), wasm: "exp" },
);

/** Returns y = eˣ − 1, accurate near x = 0, where eˣ is close to 1. The VJP maps the cotangent g to g eˣ. */
export const expm1: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "expm1",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.expm1(a[p]!);
  },
  (g, { inputs: [x] }) => mul(g, exp(x)),
  { nonFinite: /* @__PURE__ */ expCause("expm1") },
);

/** Returns y = ln x. The VJP maps the cotangent g to g / x. */
export const log: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "log",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = logarithm.log(a[p]!, 0);
  },
  (g, { inputs: [x] }) => div(g, x),
  { samplePoints: [0.25, 1, 3], nonFinite: logCause, wasm: "log" },
);

/** Returns y = ln(1 + x), accurate near x = 0. The VJP maps the cotangent g to g / (1 + x). */
export const log1p: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "log1p",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.log1p(a[p]!);
  },
  (g, { inputs: [x] }) => div(g, add(x, 1)),
  { samplePoints: [-0.5, 0.25, 1, 3], nonFinite: log1pCause },
);

/** Returns y = sin x. The VJP maps the cotangent g to g cos x. */
export const sin: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "sin",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.sin(a[p]!);
  },
  (g, { inputs: [x] }) => mul(g, cos(x)),
);

/** Returns y = cos x. The VJP maps the cotangent g to −g sin x. */
export const cos: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "cos",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.cos(a[p]!);
  },
  (g, { inputs: [x] }) => neg(mul(g, sin(x))),
);

/** Returns y = tanh x. The VJP maps the cotangent g to g / cosh² x. */
export const tanh: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "tanh",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = logistic.tanh(a[p]!);
  },
  (g, { inputs: [x] }) => mul(g, tanhSlope(x)),
  { wasm: "tanh" },
);

/**
 * Returns the derivative of tanh, y = 1 / cosh² x = 4 σ(2x) σ(−2x). y is accurate in both tails, where 1 − tanh² x
 * rounds to 0. The VJP maps the cotangent g to −2 g y tanh x.
 */
export const tanhSlope: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "tanhSlope",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = logistic.sigmoidSlope(2 * a[p]!, 2);
  },
  (g, { inputs: [x], output: y }) => mul(g, mul(mul(y, tanh(x)), -2)),
  { wasm: "tanhSlope" },
);

/** Returns the sigmoid y = σ(x) = 1 / (1 + e⁻ˣ). The VJP maps the cotangent g to g σ′(x). */
export const sigmoid: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "sigmoid",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = logistic.sigmoid(a[p]!, 0);
  },
  (g, { inputs: [x] }) => mul(g, sigmoidSlope(x)),
  { wasm: "sigmoid" },
);

/**
 * Returns the derivative of the sigmoid, y = σ′(x) = σ(x) σ(−x). y is accurate in both tails, where σ (1 − σ) rounds to
 * 0. The VJP maps the cotangent g to g y (σ(−x) − σ(x)) = −g y tanh(x/2).
 */
export const sigmoidSlope: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "sigmoidSlope",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = logistic.sigmoidSlope(a[p]!, 0);
  },
  (g, { inputs: [x], output: y }) => neg(mul(g, mul(y, tanh(mul(x, 0.5))))),
  { wasm: "sigmoidSlope" },
);

/**
 * Returns y = ln(1 + eˣ), computed as max(x, 0) + log1p(e^−|x|). So y does not overflow, and for very negative x it
 * does not round to 0 too early. The VJP maps the cotangent g to g σ(x), where σ is the sigmoid.
 */
export const softplus: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "softplus",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = logistic.softplus(a[p]!);
  },
  (g, { inputs: [x] }) => mul(g, sigmoid(x)),
);

/**
 * Returns y = ln σ(x) = −softplus(−x), where σ is the sigmoid; accurate in both tails. The VJP maps the cotangent g to
 * g σ(−x).
 */
export const logSigmoid: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "logSigmoid",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = 0 - logistic.softplus(-a[p]!);
  },
  (g, { inputs: [x] }) => mul(g, sigmoid(neg(x))),
);

/**
 * Returns y = x Φ(x), where Φ is the standard normal distribution function and φ its density. The VJP maps the
 * cotangent g to g (Φ(x) + x φ(x)).
 */
export const gelu: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "gelu",
  (n, y, o, a, i, s) => normal.geluLoop(false, n, y, o, a, i, s),
  (g, { inputs: [x] }) => mul(g, geluSlope(x)),
  { wasm: "gelu" },
);

/**
 * Returns the derivative of gelu, y = Φ(x) + x φ(x). Φ is the standard normal distribution function and φ its density.
 * y is accurate in the tail and near its zero at −0.7518. The VJP maps the cotangent g to g (2 − x²) φ(x).
 */
export const geluSlope: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "geluSlope",
  (n, y, o, a, i, s) => normal.geluLoop(true, n, y, o, a, i, s),
  (g, { inputs: [x] }) => {
    const squared = square(clip(x, { min: -40, max: 40 })); // φ(±40) is 0; unclipped, Infinity × 0 would give NaN
    return mul(g, mul(sub(2, squared), mul(exp(mul(squared, -0.5)), density)));
  },
  { wasm: "geluSlope" },
);

/** Returns y = max(x, 0); NaN stays NaN. The VJP maps the cotangent g to g where x > 0, else to 0; the derivative at 0 is 0. */
export const relu: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "relu",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.max(a[p]!, 0);
  },
  (g, { inputs: [x] }) => reluPullback(x, g),
  { allowsIntegers: true, wasm: "relu" },
);

const wherePositive: ElementwiseLoop = (n, y, o, x, i, s, g, j, t) => {
  for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = x[p]! > 0 ? g[q]! : 0;
};

/**
 * Returns g where x > 0, else 0: the VJP of relu for the cotangent g. The result is linear in g, and not differentiable
 * in x.
 */
export const reluPullback: Op<readonly [x: Tensor, g: Tensor]> = /* @__PURE__ */ defineOp({
  name: "reluPullback",
  shape: (inputs) => commonShape(inputs, ["x", "g"]),
  dtype: (inputs) => sharedFloat(inputs, ["x", "g"]),
  batch: "shift",
  kernel: (out, [x, g]) => {
    if (!operationInWasm(out, x, g, "reluPullback")) elementwise(out, [x, g], wherePositive);
  },
  vjp: [null, (u, { inputs: [x] }) => reluPullback(x, u)],
  samples: () => [[irregular([2, 3]), irregular([2, 3], 2)]],
});
