import type { Tensor } from "@wengert/core";
import type { Op, Unary } from "@wengert/core/extend";
import { domainCause, overflowCause } from "../declaring/nonFiniteCauses.ts";
import { mul, neg, sub } from "../elementwise/arithmetic.ts";
import { clip } from "../elementwise/clip.ts";
import { elementwiseFunction, loopOf } from "../elementwise/declaring.ts";
import * as numerics from "../numerics/erf.ts";

// This file declares the error function, its complement and inverse, and the logarithm of the normal distribution
// function.

const twoOverRootPi = 1.1283791670955126;

/** Returns y = erf(x) = 2/√π ∫ e^(−t²) dt from 0 to x. The VJP maps the cotangent g to g 2/√π e^(−x²). */
export const erf: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "erf",
  /* @__PURE__ */ loopOf(numerics.erf),
  (g, { inputs: [x] }) => mul(mul(g, twoOverRootPi), gaussian(x)),
);

/**
 * Returns y = erfc(x) = 1 − erf(x), accurate in the upper tail, where the difference rounds to 0. The VJP maps the
 * cotangent g to −g 2/√π e^(−x²).
 */
export const erfc: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "erfc",
  /* @__PURE__ */ loopOf(numerics.erfc),
  (g, { inputs: [x] }) => mul(mul(g, -twoOverRootPi), gaussian(x)),
);

/**
 * Returns y = e^(−x²), corrected for the rounding error of x², which exp would magnify for a large x. The VJP maps the
 * cotangent g to −2 g x y.
 */
export const gaussian: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "gaussian",
  /* @__PURE__ */ loopOf(numerics.gaussian),
  (g, { inputs: [x], output: y }) => {
    const t = clip(x, { min: -40, max: 40 }); // y is 0 at ±40; unclipped, Infinity × 0 would give NaN
    return mul(g, mul(mul(y, t), -2));
  },
);

/**
 * Returns the y for which erf(y) = x; ±Infinity at ±1, and NaN beyond. The VJP maps the cotangent g to g √π/2 e^(y²).
 * The result is accurate even for x close to ±1.
 */
export const erfinv: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "erfinv",
  /* @__PURE__ */ loopOf(numerics.erfinv),
  (g, { inputs: [x] }) => mul(g, erfinvSlope(x)),
  {
    samplePoints: [-0.75, -0.25, 0.5, 0.9],
    nonFinite: /* @__PURE__ */ domainCause("−1 < x < 1", (x) => Math.abs(x) < 1),
  },
);

/**
 * Returns the derivative of erfinv, y = √π/2 e^(z²) for z = erfinv(x). The VJP maps the cotangent g to 2 g z y².
 */
export const erfinvSlope: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "erfinvSlope",
  /* @__PURE__ */ loopOf(numerics.erfinvSlope),
  (g, { inputs: [x], output: y }) => mul(mul(mul(g, 2), mul(y, erfinv(x))), y),
  {
    samplePoints: [-0.75, -0.25, 0.5, 0.9],
    nonFinite: /* @__PURE__ */ domainCause("−1 < x < 1", (x) => Math.abs(x) < 1),
  },
);

/**
 * Returns y = ln Φ(x), where Φ is the standard normal distribution function; accurate in both tails. With the density
 * φ, the VJP maps the cotangent g to g φ(x) / Φ(x).
 */
export const logNdtr: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "logNdtr",
  /* @__PURE__ */ loopOf(numerics.logNdtr),
  (g, { inputs: [x] }) => mul(g, inverseMills(x)),
  { nonFinite: overflowCause },
);

/**
 * Returns the derivative of logNdtr, y = φ(x) / Φ(x), for the standard normal density φ and distribution function Φ. y
 * is the reciprocal of Mills' ratio at −x. The VJP maps the cotangent g to −g y (x + y).
 */
export const inverseMills: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "inverseMills",
  /* @__PURE__ */ loopOf(numerics.inverseMills),
  (g, { inputs: [x] }) => neg(mul(g, inverseMillsTimesExcess(x))),
);

/**
 * Returns y = x + h for h = φ(x) / Φ(x), with the standard normal density φ and distribution function Φ. y is accurate
 * even in the lower tail, where the two terms cancel. The VJP maps the cotangent g to g (1 − h y).
 */
export const inverseMillsExcess: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "inverseMillsExcess",
  /* @__PURE__ */ loopOf(numerics.inverseMillsExcess),
  (g, { inputs: [x] }) => mul(g, sub(1, inverseMillsTimesExcess(x))),
);

/**
 * Returns the product h (x + h), where h = φ(x) / Φ(x) for the normal density φ and distribution function Φ. x is
 * clipped, because for infinite x the product would be ∞ × 0 = NaN; at the bounds, the product has already reached its
 * limits 1 and 0.
 */
function inverseMillsTimesExcess(x: Tensor): Tensor {
  const t = clip(x, { min: -1e30, max: 40 });
  return mul(inverseMills(t), inverseMillsExcess(t));
}
