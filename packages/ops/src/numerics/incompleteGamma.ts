import { mills } from "./erf.ts";
import { ldexp } from "./exponential.ts";
import { logGamma, stirlingRest } from "./gamma.ts";
import { add, div, expScaled, log, mul, negate, one, over, type Pair, sub, sumOf, times, toDouble } from "./pairs.ts";

// The regularized incomplete gamma function P(a, x) = 1/Γ(a) ∫ tᵃ⁻¹ e⁻ᵗ dt from 0 to x. With sums of two doubles, its
// power series in x is accurate on both sides of x = a. For a ≥ 10⁵, where the power series would need thousands of
// terms, Temme's uniform expansion needs few (NIST, Digital Library of Mathematical Functions, 8.11.4 and 8.12).

const leastStirling = 20;
const leastTemme = 1e5;
const mostGradual = 1e40; // for larger a, P is 0 or 1 at all doubles except x = a

/** Returns φ = x − a − a ln(x / a) ≥ 0. e^−φ is the ratio of xᵃ e⁻ˣ to its maximum, which is at x = a. */
function distance(a: number, x: number): Pair {
  const difference = sumOf(x, -a);
  const u = div(difference, [a, 0]);
  if (Math.abs(u[0]) > 0.05) return sub(difference, times(log(div([x, 0], [a, 0])), a));
  let series: Pair = [0, 0]; // φ = a (u²/2 − u³/3 + u⁴/4 − …), where the difference above cancels
  for (let n = 22; n >= 2; n--) series = sub(over(one, n), mul(u, series));
  return times(mul(mul(u, u), series), a);
}

/**
 * Returns ln(xᵃ⁺ᵈ e⁻ˣ / Γ(a + 1 + d)) as a sum of two doubles, for d = 0 or −1. For a ≥ 20, the factor (2π a)^−½ (x /
 * a)ᵈ is left out of the logarithm, so callers must multiply by this factor.
 */
function logPower(a: number, x: number, d: 0 | -1): Pair {
  if (a >= leastStirling) return negate(add(distance(a, x), stirlingRest([a, 0])));
  const exponent = sumOf(a, d);
  return sub(sub(mul(log([x, 0]), exponent), [x, 0]), logGamma(sumOf(a, d + 1)));
}

/** Returns the incomplete gamma function P(a, x), for a, x ≥ 0. P(0, x) is 1. */
export function gammainc(a: number, x: number): number {
  if (!(a >= 0 && x >= 0)) return Number.NaN;
  if (a === 0 || x === 0) return a === x ? Number.NaN : a === 0 ? 1 : 0;
  if (a > mostGradual || x > mostGradual) return a === x ? (a === Infinity ? Number.NaN : 0.5) : x < a ? 0 : 1;
  if (a >= leastTemme) return uniformExpansion(a, x);
  const exponent = logPower(a, x, 0);
  if (exponent[0] < -800 && x < a) return 0;
  if (exponent[0] < -60 && x > a + 1) return 1;
  let term = one;
  let sum = one;
  for (let n = 1; term[0] > 1e-25 * sum[0]; n++) {
    term = mul(term, div([x, 0], sumOf(a, n)));
    sum = add(sum, term);
  }
  const [value, k] = expScaled(exponent);
  const size = mul(value, sum);
  if (a < leastStirling) return ldexp(toDouble(size), k);
  return ldexp(toDouble(size) / Math.sqrt(2 * Math.PI * a), k);
}

/**
 * The coefficients of Temme's expansion of the incomplete gamma function P(a, x). Each row is a power series in η,
 * where η² / 2 = φ / a, φ = x − a − a ln(x / a), and η has the sign of x − a. The series are accurate for |η| < 0.13.
 */
const expansion: readonly (readonly number[])[] = [
  [
    -0.3333333333333333, 0.08333333333333333, -0.014814814814814815, 0.0011574074074074073, 0.0003527336860670194,
    -0.0001787551440329218, 3.919263178522438e-5, -2.185448510679992e-6, -1.85406221071516e-6, 8.296711340953087e-7,
    -1.7665952736826078e-7, 6.707853543401498e-9, 1.0261809784240309e-8,
  ],
  [
    -0.001851851851851852, -0.003472222222222222, 0.0026455026455026454, -0.0009902263374485596, 0.00020576131687242798,
    -4.018775720164609e-7, -1.8098550334489977e-5, 7.64916091608111e-6, -1.6120900894563446e-6,
  ],
  [
    0.004133597883597883, -0.0026813271604938273, 0.0007716049382716049, 2.0093878600823047e-6, -0.0001073665322636516,
    5.2923448829120125e-5,
  ],
  [0.0006494341563786008, 0.00022947209362139917],
];

/**
 * Returns P(a, x) by Temme's expansion of the incomplete gamma function. The smaller of P and 1 − P is e^−φ / √(2π)
 * (m(√(2φ)) ∓ C / √a), with − for x < a and + for x > a. Here φ = x − a − a ln(x / a), m is Mills' ratio, and C is a
 * series.
 */
function uniformExpansion(a: number, x: number): number {
  const phi = distance(a, x);
  if (phi[0] > 800) return x < a ? 0 : 1;
  const t = Math.sqrt(2 * phi[0]);
  const side = x < a ? 1 : -1;
  const eta = (-side * t) / Math.sqrt(a);
  let correction = 0;
  for (let k = expansion.length - 1; k >= 0; k--) {
    let sum = 0;
    for (let n = expansion[k]!.length - 1; n >= 0; n--) sum = sum * eta + expansion[k]![n]!;
    correction = correction / a + sum;
  }
  const [value, k] = expScaled(negate(phi));
  const tail = ldexp(((mills(t) - (side * correction) / Math.sqrt(a)) / Math.sqrt(2 * Math.PI)) * value[0], k);
  return x < a ? tail : 1 - tail;
}

/** Returns xᵃ⁻¹ e⁻ˣ / Γ(a), the derivative of the incomplete gamma function P(a, x) by x. */
export function gammaincSlope(a: number, x: number): number {
  if (!(a >= 0 && x >= 0) || (a === Infinity && x === Infinity)) return Number.NaN;
  if (a === 0) return x === 0 ? Number.NaN : 0;
  if (x === 0) return a < 1 ? Infinity : a > 1 ? 0 : 1;
  if (a > mostGradual || x > mostGradual) return a === x ? 1 / Math.sqrt(2 * Math.PI * a) : 0;
  const exponent = logPower(a, x, -1);
  if (exponent[0] < -1500) return 0;
  const [value, k] = expScaled(exponent);
  if (a < leastStirling) return ldexp(toDouble(value), k);
  return ldexp((toDouble(value) * Math.sqrt(a / (2 * Math.PI))) / x, k);
}
