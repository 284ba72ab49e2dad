import type { Op, Unary } from "@wengert/core/extend";
import { domainCause } from "../declaring/nonFiniteCauses.ts";
import { add, div, mul, neg, sub } from "./arithmetic.ts";
import { elementwiseFunction } from "./declaring.ts";
import { cos, sqrt, square } from "./functions.ts";

// This file declares tan and the inverse trigonometric functions, except atan2, which is in hypot.ts.

/** Returns y = tan x. The VJP maps the cotangent g to g / cos² x. */
export const tan: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "tan",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.tan(a[p]!);
  },
  (g, { inputs: [x] }) => div(g, square(cos(x))),
  { samplePoints: [-1.2, -0.25, 0.5, 2] },
);

/** Returns y = arcsin x, from −π/2 to π/2. The VJP maps the cotangent g to g / √(1 − x²). */
export const asin: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "asin",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.asin(a[p]!);
  },
  (g, { inputs: [x] }) => div(g, sqrt(mul(sub(1, x), add(1, x)))),
  {
    samplePoints: [-0.75, -0.25, 0.5, 0.9],
    nonFinite: /* @__PURE__ */ domainCause("−1 < x < 1", (x) => Math.abs(x) < 1),
  },
);

/** Returns y = arccos x, from 0 to π. The VJP maps the cotangent g to −g / √(1 − x²). */
export const acos: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "acos",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.acos(a[p]!);
  },
  (g, { inputs: [x] }) => neg(div(g, sqrt(mul(sub(1, x), add(1, x))))),
  {
    samplePoints: [-0.75, -0.25, 0.5, 0.9],
    nonFinite: /* @__PURE__ */ domainCause("−1 < x < 1", (x) => Math.abs(x) < 1),
  },
);

/** Returns y = arctan x, from −π/2 to π/2. The VJP maps the cotangent g to g / (1 + x²). */
export const atan: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "atan",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.atan(a[p]!);
  },
  (g, { inputs: [x] }) => div(g, add(square(x), 1)),
);
