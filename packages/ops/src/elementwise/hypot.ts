import type { Tensor } from "@wengert/core";
import type { Binary, Op } from "@wengert/core/extend";
import { overflowCause, pairDomainCause } from "../declaring/nonFiniteCauses.ts";
import * as numerics from "../numerics/hypot.ts";
import { add, div, mul, neg, sub } from "./arithmetic.ts";
import { equal } from "./compare.ts";
import { elementwisePair, pairLoopOf } from "./declaring.ts";
import { square } from "./functions.ts";
import { where } from "./where.ts";

const originCause = /* @__PURE__ */ pairDomainCause("(y, x) ≠ (0, 0)", (y, x) => y !== 0 || x !== 0);

// This file declares the polar coordinates of a point in the plane: its distance from the origin (hypot) and its angle
// (atan2).

/**
 * Returns y = √(a² + b²), without overflow. The VJP maps the cotangent g to g a / y for a and g b / y for b. At a = b =
 * 0 the gradient is 0. As in IEEE 754, y is Infinity if a or b is infinite, even if the other is NaN.
 */
export const hypot: Op<Binary> = /* @__PURE__ */ elementwisePair(
  "hypot",
  /* @__PURE__ */ pairLoopOf(numerics.hypot),
  (g, { inputs: [a, b] }) => mul(g, hypotSlope(a, b)),
  (g, { inputs: [a, b] }) => mul(g, hypotSlope(b, a)),
  { nonFinite: overflowCause },
);

/**
 * Returns the derivative of hypot by a, y = a / h for h = √(a² + b²), rounded once. With z = b / h, the VJP maps the
 * cotangent g to g z² / h for a and −g y z / h for b. At a = b = 0, y and its gradient are 0.
 */
export const hypotSlope: Op<Binary> = /* @__PURE__ */ elementwisePair(
  "hypotSlope",
  /* @__PURE__ */ pairLoopOf(numerics.hypotSlope),
  (g, { inputs: [a, b] }) => div(mul(g, square(hypotSlope(b, a))), nonzeroHypot(a, b)),
  (g, { inputs: [a, b], output }) => neg(div(mul(g, mul(output, hypotSlope(b, a))), nonzeroHypot(a, b))),
  { nonFinite: overflowCause },
);

/** Returns hypot(a, b), or 1 where it is 0, for use as a divisor. */
function nonzeroHypot(a: Tensor, b: Tensor): Tensor {
  const h = hypot(a, b);
  return where(equal(h, 0), 1, h);
}

/**
 * Returns the angle φ from −π to π between the positive x axis and the point (x, y), like Math.atan2. With h² = x² +
 * y², the VJP maps the cotangent g to g x / h² for y and −g y / h² for x. The derivatives at x = y = 0 are NaN.
 */
export const atan2: Op<readonly [y: Tensor, x: Tensor]> = /* @__PURE__ */ elementwisePair(
  "atan2",
  (n, out, o, y, i, s, x, j, t) => {
    for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) out[o + l] = Math.atan2(y[p]!, x[q]!);
  },
  (g, { inputs: [y, x] }) => mul(g, atan2Slope(y, x)),
  (g, { inputs: [y, x] }) => neg(mul(g, atan2Slope(x, y))),
  { nonFinite: originCause },
);

/**
 * Returns the derivative of atan2 by y, s = x / (x² + y²), rounded once; NaN if x = y = 0. With t = y / (x² + y²), the
 * VJP maps the cotangent g to −2 g s t for y and g (t² − s²) for x.
 */
export const atan2Slope: Op<readonly [y: Tensor, x: Tensor]> = /* @__PURE__ */ elementwisePair(
  "atan2Slope",
  /* @__PURE__ */ pairLoopOf(numerics.atan2Slope),
  (g, { inputs: [y, x], output: s }) => mul(g, mul(mul(s, atan2Slope(x, y)), -2)),
  (g, { inputs: [y, x], output: s }) => {
    const t = atan2Slope(x, y);
    return mul(g, mul(sub(t, s), add(t, s)));
  },
  { nonFinite: originCause },
);
