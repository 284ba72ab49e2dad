import { product, productError, quotient, sumError } from "./doubleDouble.ts";
import { expPair, ldexp, power } from "./exponential.ts";
import { sigmoid, sigmoidSlope } from "./logistic.ts";

// This file computes silu, x σ(x) for the sigmoid σ, and its derivative. Silu and its derivative are accurate for
// negative x down to where they underflow.

const pair = /* @__PURE__ */ new Float64Array(2);
const maxInput = 800; // σ(−800) is far below the smallest double

/** The zero of 1 + x + eˣ, which is also the zero of the derivative of x σ(x) (silu), as a sum of two doubles. */
const zero = -1.2784645427610737;
const zeroRest = -1.0946994183093437e-16;
const expAtZero = 0.2784645427610738;

/** Returns x σ(x). */
export function silu(x: number): number {
  if (x > -1 || Number.isNaN(x)) return x === 0 ? x : x * sigmoid(x, 0); // −0 stays
  const t = Math.max(x, -maxInput);
  const k = expPair(pair, t, 0);
  const numerator = t * pair[0]!;
  const rest = productError(t, pair[0]!, numerator) + t * pair[1]!;
  const e = pair[0]! * power(k);
  const sum = 1 + e;
  return ldexp(quotient(numerator, rest, sum, sumError(1, e, sum) + pair[1]! * power(k)), k);
}

/**
 * Returns the derivative of x σ(x), which is σ(x) + x σ′(x). For x < −½ this sum cancels, so the derivative is computed
 * as p (1 + x + p) / (1 + p)², where p = exp(x). The factor 1 + x + p is zero at a point z, and equals
 * (x − z) + exp(z) (exp(x − z) − 1). The two terms of this sum have the same sign, so they do not cancel.
 */
export function siluSlope(x: number): number {
  if (!(x < -0.5)) return sigmoid(x, 0) + Math.min(x, maxInput) * sigmoidSlope(x, 0);
  const t = Math.max(x, -maxInput);
  const k = expPair(pair, t, 0);
  const scale = power(k);
  const e = pair[0]! * scale;
  const s = 1 + e;
  const square = s * s;
  const rest = 1 - square + 2 * e + e * e + 2 * s * (pair[1]! * scale);
  const weight = quotient(pair[0]!, pair[1]!, square, rest);
  const distance = t - zero;
  const growth = expAtZero * Math.expm1(distance - zeroRest);
  const sum = distance + growth;
  const rounding = sumError(distance, growth, sum) - zeroRest;
  const numerator = sum + rounding;
  return ldexp(product(weight, numerator, sum - numerator + rounding), k);
}
