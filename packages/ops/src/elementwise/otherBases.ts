import type { Op, Unary } from "@wengert/core/extend";
import { domainCause, overflowCause } from "../declaring/nonFiniteCauses.ts";
import * as numerics from "../numerics/otherBases.ts";
import { div, mul, neg } from "./arithmetic.ts";
import { elementwiseFunction } from "./declaring.ts";

// This file declares the power 2ˣ, logarithms to the bases 2 and 10, and the reciprocal.

/** Returns y = 2ˣ; exact for whole x. The VJP maps the cotangent g to g y ln 2. */
export const exp2: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "exp2",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = numerics.exp2(a[p]!);
  },
  (g, { output: y }) => mul(mul(g, Math.LN2), y),
  { nonFinite: overflowCause },
);

/** Returns y = log₂ x; exact for powers of 2. The VJP maps the cotangent g to g / (x ln 2). */
export const log2: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "log2",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = numerics.log2(a, p);
  },
  (g, { inputs: [x] }) => div(mul(g, Math.LOG2E), x),
  { samplePoints: [0.25, 1, 3], nonFinite: /* @__PURE__ */ domainCause("x > 0", (x) => x > 0) },
);

/** Returns y = log₁₀ x; exact for powers of 10. The VJP maps the cotangent g to g / (x ln 10). */
export const log10: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "log10",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = numerics.log10(a, p);
  },
  (g, { inputs: [x] }) => div(mul(g, Math.LOG10E), x),
  { samplePoints: [0.25, 1, 3], nonFinite: /* @__PURE__ */ domainCause("x > 0", (x) => x > 0) },
);

/** Returns y = 1 / x. The VJP maps the cotangent g to −g / x². */
export const reciprocal: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "reciprocal",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = 1 / a[p]!;
  },
  (g, { inputs: [x] }) => neg(div(div(g, x), x)),
  { nonFinite: /* @__PURE__ */ domainCause("x ≠ 0", (x) => x !== 0) },
);
