import { quotient } from "./doubleDouble.ts";
import { exp, expPair, ldexp, power } from "./exponential.ts";

// This file computes the sigmoid σ and related functions, all from e^−|x|, which cannot overflow and is accurate in
// both tails.

const pair = /* @__PURE__ */ new Float64Array(2);

/**
 * Returns σ(x + dx) = 1 / (1 + e^−(x + dx)). Uses the remainder of the division to correct the rounding error of the
 * quotient.
 */
export function sigmoid(x: number, dx: number): number {
  const isNegative = x < 0;
  const k = expPair(pair, isNegative ? x : -x, isNegative ? dx : -dx);
  const e = ldexp(pair[0]!, k);
  const de = pair[1]! * power(k);
  const reciprocal = 1 / (1 + e);
  const y = isNegative ? e * reciprocal : reciprocal;
  const shortfall = isNegative ? e - y - y * e + (1 - y) * de : 1 - y - y * e - y * de;
  return y + shortfall * reciprocal;
}

/** Returns 2ⁿ σ′(x) for the sigmoid σ, where σ′(x) = σ(x) σ(−x) = e^−|x| / (1 + e^−|x|)². */
export function sigmoidSlope(x: number, n: number): number {
  const k = expPair(pair, -Math.abs(x), 0);
  const scale = power(k);
  const e = pair[0]! * scale;
  const s = 1 + e;
  const square = s * s;
  const rest = 1 - square + 2 * e + e * e + 2 * s * (pair[1]! * scale);
  return ldexp(quotient(pair[0]!, pair[1]!, square, rest), k + n);
}

/**
 * Returns tanh x, computed as 1 − 2 σ(−2x) for x > 0. Near 0, where the difference cancels, uses Lambert's continued
 * fraction x / (1 + x² / (3 + … + x² / 15)).
 */
export function tanh(x: number): number {
  const t = Math.abs(x);
  if (t < 0.625) {
    const z = x * x;
    if (z === 0) return x; // −0 stays
    const numerator = 675675 + z * (45045 + z * (594 + z));
    const denominator = 2027025 + z * (945945 + z * (51975 + z * (630 + z)));
    return x - x * z * (numerator / denominator);
  }
  const y = 1 - 2 * sigmoid(-2 * t, 0);
  return x < 0 ? -y : y;
}

/** Returns ln(1 + eˣ) = max(x, 0) + log1p(e^−|x|). */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(exp(-Math.abs(x), 0));
}
