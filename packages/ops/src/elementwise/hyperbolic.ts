import type { Op, Unary } from "@wengert/core/extend";
import { domainCause, overflowCause } from "../declaring/nonFiniteCauses.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { elementwiseFunction } from "./declaring.ts";
import { sqrt } from "./functions.ts";
import { hypot } from "./hypot.ts";

// This file declares the hyperbolic functions and their inverses, except tanh, which is in functions.ts.

/** Returns y = sinh x = (eˣ − e⁻ˣ) / 2. The VJP maps the cotangent g to g cosh x. */
export const sinh: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "sinh",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.sinh(a[p]!);
  },
  (g, { inputs: [x] }) => mul(g, cosh(x)),
  { nonFinite: overflowCause },
);

/** Returns y = cosh x = (eˣ + e⁻ˣ) / 2. The VJP maps the cotangent g to g sinh x. */
export const cosh: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "cosh",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.cosh(a[p]!);
  },
  (g, { inputs: [x] }) => mul(g, sinh(x)),
  { nonFinite: overflowCause },
);

/** Returns y = arsinh x = ln(x + √(x² + 1)). The VJP maps the cotangent g to g / √(x² + 1), without overflow. */
export const asinh: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "asinh",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.asinh(a[p]!);
  },
  (g, { inputs: [x] }) => div(g, hypot(x, 1)),
);

/**
 * Returns y = arcosh x = ln(x + √(x² − 1)); NaN below 1. The VJP maps the cotangent g to g / √(x² − 1), without
 * overflow.
 */
export const acosh: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "acosh",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.acosh(a[p]!);
  },
  (g, { inputs: [x] }) => div(div(g, sqrt(sub(x, 1))), sqrt(add(x, 1))),
  { samplePoints: [1.25, 2, 3.5], nonFinite: /* @__PURE__ */ domainCause("x > 1", (x) => x > 1) },
);

/** Returns y = artanh x = ½ ln((1 + x) / (1 − x)); NaN beyond ±1. The VJP maps the cotangent g to g / (1 − x²). */
export const atanh: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "atanh",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.atanh(a[p]!);
  },
  (g, { inputs: [x] }) => div(g, mul(sub(1, x), add(1, x))),
  {
    samplePoints: [-0.75, -0.25, 0.5, 0.9],
    nonFinite: /* @__PURE__ */ domainCause("−1 < x < 1", (x) => Math.abs(x) < 1),
  },
);
