import { productError, sumError } from "./doubleDouble.ts";
import { logPair } from "./exponential.ts";
import {
  add,
  div,
  inverse,
  log,
  mul,
  negate,
  one,
  over,
  type Pair,
  power,
  sub,
  sumOf,
  times,
  toDouble,
} from "./pairs.ts";

// ln |Γ(x)| and its derivative ψ(x) are computed by Stirling's series, after a shift to z = x + n ≥ 20 by a whole n.
// The terms are sums of two doubles, so the result has enough digits even where terms cancel, such as near the zeros.

/** The Bernoulli numbers B₂, B₄, … B₃₂ as fractions. */
const bernoulli = [
  [1, 6],
  [-1, 30],
  [1, 42],
  [-1, 30],
  [5, 66],
  [-691, 2730],
  [7, 6],
  [-3617, 510],
  [43867, 798],
  [-174611, 330],
  [854513, 138],
  [-236364091, 2730],
  [8553103, 6],
  [-23749461029, 870],
  [8615841276005, 14322],
  [-7709321041217, 510],
] as const;

/** The coefficients B₂ₖ / (2k (2k − 1)) of Stirling's series, for k = 1, 2, … 16. */
export const stirling: readonly Pair[] = /* @__PURE__ */ bernoulli.map(([n, d], i) =>
  over([n, 0], d * (2 * i + 2) * (2 * i + 1)),
);

const leastZ = 20;
const leastShifted = -30; // below, the reflection formula is faster than a shift to z
const halfLog2Pi: Pair = [0.9189385332046728, -3.8782941580672414e-17];

/** Returns Σ B₂ₖ / (2k (2k − 1) z²ᵏ⁻¹) = ln Γ(z) − (z − ½) ln z + z − ½ ln 2π, for z ≥ 20. */
export function stirlingRest(z: Pair): Pair {
  const r = inverse(z);
  const r2 = mul(r, r);
  let sum: Pair = [0, 0];
  for (let k = stirling.length - 1; k >= 0; k--) sum = add(stirling[k]!, mul(r2, sum));
  return mul(r, sum);
}

/**
 * Returns ln |Γ(x)| for −30 < x < 10²⁷⁰ except at poles, by Stirling's series at z = x + n for a whole n, and the
 * identity Γ(x) = Γ(z) / (x (x + 1) … (z − 1)). The terms are combined such that they are smaller than those of
 * Stirling's formula.
 */
export function logGamma(x: Pair): Pair {
  if (x[0] > 0 && x[0] < 1e-32) return negate(log(x));
  let z = x;
  let n = 0;
  let product = one;
  for (; z[0] < leastZ; z = add(z, one), n++) product = mul(product, z);
  const main = sub(mul(sub(x, [0.5, 0]), log(z)), z);
  const sum = add(add(main, halfLog2Pi), stirlingRest(z));
  if (n === 0) return sum;
  const ratio = div(product, power(z, n));
  return sub(sum, log(ratio[0] < 0 ? negate(ratio) : ratio));
}

/** Returns the digamma function ψ(x) for −30 < x except at poles. */
export function psi(x: Pair): Pair {
  if (Math.abs(x[0]) < 1e-32) return [-1 / x[0], 0];
  if (x[0] > 1e100) return log(x);
  let z = x;
  let shifted: Pair = [0, 0];
  for (; z[0] < leastZ; z = add(z, one)) shifted = add(shifted, inverse(z));
  const r = inverse(z);
  const r2 = mul(r, r);
  let sum: Pair = [0, 0];
  for (let k = stirling.length - 1; k >= 0; k--) sum = add(times(stirling[k]!, 2 * k + 1), mul(r2, sum));
  const tail = add(over(r, 2), mul(r2, sum));
  return sub(sub(log(z), tail), shifted);
}

/**
 * For x < 0 between two poles, returns δ = x − ⌊x⌋, 1 − δ and 1 − x, the arguments of the reflection formula of the
 * gamma function.
 */
export function reflected(x: number): readonly [fraction: Pair, rest: Pair, mirror: Pair] {
  const m = -Math.floor(x);
  return [sumOf(x, m), [-x - (m - 1), 0], sumOf(1, -x)];
}

/** The values ζ(2) … ζ(8). */
const zeta = [
  1.6449340668482264, 1.2020569031595942, 1.0823232337111381, 1.03692775514337, 1.0173430619844492, 1.008349277381923,
  1.0040773561979444,
];
const euler = 0.5772156649015329;

/** Returns ln Γ(start + d) for start = 1 or 2 and |d| < 2⁻⁸, by Taylor's series. */
function logGammaNear(start: 1 | 2, d: number): number {
  const first = start - 1;
  let sum = 0;
  for (let k = zeta.length - 1; k >= 0; k--) sum = -d * ((zeta[k]! - first) / (k + 2) + sum);
  return d === 0 ? 0 : d * (first - euler - sum);
}

const argument = /* @__PURE__ */ new Float64Array(1);
const logarithm = /* @__PURE__ */ new Float64Array(2);
const leastFast = 12;

/** Returns Σ cₖ / x²ᵏ for the coefficients cₖ of Stirling's series. If `isSlope`, each term is multiplied by 2k + 1. */
function fastSeries(x: number, isSlope: boolean): number {
  const r2 = 1 / (x * x);
  let sum = 0;
  for (let k = 8; k >= 0; k--) sum = sum * r2 + stirling[k]![0] * (isSlope ? 2 * k + 1 : 1);
  return sum;
}

/**
 * A faster version of `logGamma` for 10⁻³² < x ≤ 10³⁰, which shifts x to z ≥ 12. Only logarithms and their products are
 * computed with more digits than a double. Returns NaN near the zeros 1 and 2 of ln Γ, where terms cancel.
 */
function fastLogGamma(x: number): number {
  let [z, dz] = [x, 0];
  let [product, dproduct] = [1, 0]; // x (x + 1) … (z − 1)
  for (let n = 1; z < leastFast; n++) {
    const next = product * z;
    dproduct = productError(product, z, next) + dproduct * z + product * dz;
    product = next;
    z = x + n;
    dz = sumError(x, n, z);
  }
  argument[0] = product;
  logPair(logarithm, argument, 0);
  const [shift, dshift] = [logarithm[0]!, logarithm[1]! + dproduct / product];
  argument[0] = z;
  logPair(logarithm, argument, 0);
  const [log, dlog] = [logarithm[0]!, logarithm[1]!];
  const factor = z - 0.5;
  const y = factor * log;
  const rest = productError(factor, log, y) + factor * dlog + sumError(z, -0.5, factor) * log + dz * (log - 0.5 / z);
  const difference = y - z;
  const sum = difference + halfLog2Pi[0];
  const total = sum - shift;
  const rounding =
    sumError(y, -z, difference) + sumError(difference, halfLog2Pi[0], sum) + sumError(sum, -shift, total);
  return unlessSmall(total + (rounding + rest + halfLog2Pi[1] - dshift + fastSeries(z, false) / z));
}

/**
 * A faster version of `psi` (the digamma function) for 10⁻³² < x ≤ 10³⁰. The method is that of `fastLogGamma`. Returns
 * NaN near 1.46, where ψ is 0.
 */
function fastDigamma(x: number): number {
  let [z, dz] = [x, 0];
  let [shift, dshift] = [0, 0]; // 1 / x + 1 / (x + 1) + …
  for (let n = 1; z < leastFast; n++) {
    const q = 1 / z;
    const one = q * z;
    const next = shift + q;
    dshift += sumError(shift, q, next) + (1 - one - productError(q, z, one) - q * dz) * q;
    shift = next;
    z = x + n;
    dz = sumError(x, n, z);
  }
  argument[0] = z;
  logPair(logarithm, argument, 0);
  const total = logarithm[0]! - shift;
  const rest = sumError(logarithm[0]!, -shift, total) + logarithm[1]! + (dz / z) * (1 + 0.5 / z) - dshift;
  return unlessSmall(total + (rest - (0.5 + fastSeries(z, true) / z) / z));
}

const unlessSmall = (y: number): number => (Math.abs(y) < 0.05 ? Number.NaN : y);

/** Returns ln |Γ(x)|; Infinity at the poles 0, −1, −2 … and at ±Infinity. */
export function lgamma(x: number): number {
  if (x <= 0 && (Number.isInteger(x) || x === -Infinity)) return Infinity;
  for (const start of [1, 2] as const) if (Math.abs(x - start) < 2 ** -8) return logGammaNear(start, x - start);
  if (x > 1e30) return x * (Math.log(x) - 1);
  if (Number.isNaN(x)) return x;
  if (x < 0 && x > -1e-32) return -Math.log(-x);
  const y = x > 1e-32 ? fastLogGamma(x) : Number.NaN;
  if (!Number.isNaN(y)) return y;
  if (x > leastShifted) return toDouble(logGamma([x, 0]));
  const [fraction, rest, mirror] = reflected(x);
  return toDouble(sub(add(logGamma(fraction), logGamma(rest)), logGamma(mirror)));
}

/** Returns ψ(x) = Γ′(x) / Γ(x): −Infinity at 0, Infinity at −0, and NaN at the other poles −1, −2 … */
export function digamma(x: number): number {
  if (x === 0) return -1 / x;
  if (x < 0 && (Number.isInteger(x) || x === -Infinity)) return Number.NaN;
  if (x === Infinity || Number.isNaN(x)) return x;
  const y = x > 1e-32 && x < 1e30 ? fastDigamma(x) : Number.NaN;
  if (!Number.isNaN(y)) return y;
  if (x > leastShifted) return toDouble(psi([x, 0]));
  const [fraction, rest, mirror] = reflected(x);
  return toDouble(add(sub(psi(fraction), psi(rest)), psi(mirror)));
}
