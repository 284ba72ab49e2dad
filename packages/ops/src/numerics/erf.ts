import { density } from "./constants.ts";
import { productError, quotient, sumError } from "./doubleDouble.ts";
import { exp, expPair, ldexp, power } from "./exponential.ts";
import { log } from "./logarithm.ts";
import { millsRatio, millsTimesDensity } from "./normal.ts";

// This file computes the error function and related functions. erfc(x) = √(2/π) m(√2 x) e^(−x²), where m(t) = Φ(−t) /
// φ(t) is Mills' ratio. Φ is the standard normal distribution function and φ its density.

const pair = /* @__PURE__ */ new Float64Array(2);
const single = /* @__PURE__ */ new Float64Array(1);

/** Mathematical constants, each stored as a sum of two doubles. */
const root2 = Math.SQRT2;
const root2Rest = -9.667293313452913e-17;
const root2OverPi = 0.7978845608028654;
const root2OverPiRest = -4.98465440455546e-17;
const slopeAt0 = 1.1283791670955126; // erf′(0) = 2 / √π
const slopeAt0Rest = 1.533545961316588e-17;

/** Writes Mills' ratio m(√2 x) of the normal distribution to `pair` as a sum of two doubles, for 0 ≤ x ≤ 28. */
function writeMills(pair: Float64Array, x: number): void {
  const t = x * root2;
  const dt = productError(x, root2, t) + x * root2Rest;
  single[0] = t;
  millsRatio(pair, single, 0, 0);
  pair[1] = pair[1]! + dt * (t * pair[0]! - 1); // m′ = t m − 1
}

/** Writes erfc(x) / 2ᵏ to `pair` as a sum of two doubles and returns k, for ½ ≤ x ≤ 28. */
function writeErfc(pair: Float64Array, x: number): number {
  writeMills(pair, x);
  const m = pair[0]! * root2OverPi;
  const dm = productError(pair[0]!, root2OverPi, m) + (pair[0]! * root2OverPiRest + pair[1]! * root2OverPi);
  const square = x * x;
  const k = expPair(pair, -square, -productError(x, x, square));
  const product = pair[0]! * m;
  const rest = productError(pair[0]!, m, product) + (pair[0]! * dm + pair[1]! * m);
  pair[0] = product + rest;
  pair[1] = product - pair[0] + rest;
  return k;
}

/** Writes erf(x) to `pair` as a sum of two doubles, by Taylor's series, for |x| < ½. */
function writeErf(pair: Float64Array, x: number): void {
  const z = x * x;
  let series = 0;
  for (let n = 13, factor = -1 / 6227020800; n > 0; factor *= -n, n--) series = series * z + factor / (2 * n + 1);
  const y = slopeAt0 * x;
  const rest = Math.abs(x) < 1e-150 ? 0 : y * (series * z) + (productError(slopeAt0, x, y) + slopeAt0Rest * x);
  pair[0] = y + rest;
  pair[1] = y - pair[0] + rest;
}

/** Returns erf(x) = 2/√π ∫ e^(−t²) dt from 0 to x. */
export function erf(x: number): number {
  const t = Math.abs(x);
  if (t < 0.5) {
    writeErf(pair, x);
    return x === 0 ? x : pair[0]!;
  }
  if (!(t < 6)) return Number.isNaN(x) ? x : Math.sign(x);
  const scale = power(writeErfc(pair, t));
  const y = 1 - pair[0]! * scale - pair[1]! * scale;
  return x < 0 ? -y : y;
}

/** Returns erfc(x) = 1 − erf(x), accurate in the upper tail. */
export function erfc(x: number): number {
  const t = Math.abs(x);
  if (t < 0.5) {
    writeErf(pair, x);
    const y = 1 - pair[0]!;
    return y + (sumError(1, -pair[0]!, y) - pair[1]!);
  }
  if (!(t < 28)) return Number.isNaN(x) ? x : x < 0 ? 2 : 0;
  const k = writeErfc(pair, t);
  if (x > 0) return ldexp(pair[0]!, k);
  const y = 2 - pair[0]! * power(k);
  return y + (sumError(2, -pair[0]! * power(k), y) - pair[1]! * power(k));
}

/** Returns e^(−x²). Corrects for the rounding error of x², which exp would magnify for a large x. */
export function gaussian(x: number): number {
  if (!(Math.abs(x) < 30)) return Number.isNaN(x) ? x : 0;
  const square = x * x;
  return exp(-square, -productError(x, x, square));
}

/** Returns the x for which erf(x) = y: an approximation, improved by steps of Halley's method on erf or erfc. */
export function erfinv(y: number): number {
  const p = Math.abs(y);
  if (!(p < 1)) return p === 1 ? y * Infinity : Number.NaN;
  if (y === 0) return y; // −0 stays
  if (p < 1e-9) return y / slopeAt0 + (y - (y / slopeAt0) * slopeAt0) / slopeAt0;
  let x = approximateErfinv(p);
  for (let i = 0; i < (p < 0.99 ? 2 : 4); i++) {
    const slope = slopeAt0 * exp(-x * x, 0);
    let excess: number;
    if (x < 0.5) {
      writeErf(pair, x);
      excess = pair[0]! - p + pair[1]!;
    } else {
      const scale = power(writeErfc(pair, x));
      excess = 1 - p - pair[0]! * scale - pair[1]! * scale;
    }
    const step = excess / slope;
    x -= step / (1 + x * step);
  }
  return y < 0 ? -x : x;
}

/**
 * Returns erfinv(p), the inverse of erf, within 1 %, for 0 < p < 1 (S. Winitzki, A handy approximation for the error
 * function, 2008).
 */
function approximateErfinv(p: number): number {
  if (p < 0.3) return (p / slopeAt0) * (1 + (Math.PI / 12) * p * p);
  const half = Math.log((1 - p) * (1 + p)) / 2;
  const c = 2 / (Math.PI * 0.147) + half;
  return Math.sqrt(Math.sqrt(c * c - (2 * half) / 0.147) - c);
}

/**
 * Returns the derivative of erfinv at y, √π/2 e^(x²) for x = erfinv(y). For large x, uses the equal expression m(√2 x)
 * / (√2 erfc(x)), where m is Mills' ratio.
 */
export function erfinvSlope(y: number): number {
  const p = Math.abs(y);
  if (!(p < 1)) return p === 1 ? Infinity : Number.NaN;
  const x = erfinv(p);
  if (p < 0.5) return exp(x * x, productError(x, x, x * x)) / slopeAt0;
  writeMills(pair, x);
  return pair[0]! / (root2 * (1 - p));
}

/**
 * Returns Laplace's continued fraction c(t) = 1 / (t + 2 / (t + 3 / … )), for t ≥ 6. Mills' ratio of the normal
 * distribution is m(t) = 1 / (t + c(t)).
 */
function excessInTail(t: number): number {
  let f = t;
  for (let n = 23; n > 1; n--) f = t + n / f;
  return 1 / f;
}

const halfLog2Pi = 0.9189385332046728;
const halfLog2PiRest = -3.8782941580672414e-17;

/**
 * Returns ln Φ(x) for the normal distribution function Φ. In the lower tail, computes it as −x²/2 − ½ ln 2π + ln m(−x),
 * where m is Mills' ratio.
 */
export function logNdtr(x: number): number {
  const t = Math.abs(x);
  single[0] = t;
  if (x > 0) {
    if (t > 39) return 0;
    const k = millsTimesDensity(pair, single, 0, 0);
    const tail = ldexp(pair[0]!, k);
    return Math.log1p(-tail) - (pair[1]! * power(k)) / (1 - tail);
  }
  if (Number.isNaN(x) || t > 1e155) return Number.isNaN(x) ? x : -Infinity;
  const square = (t / 2) * t;
  let logMills: number;
  if (t < 6) {
    millsRatio(pair, single, 0, 0);
    logMills = log(pair[0]!, 0) + pair[1]! / pair[0]!;
  } else logMills = -log(t + excessInTail(t), 0);
  const sum = square + halfLog2Pi;
  const rest = sumError(square, halfLog2Pi, sum) + productError(t / 2, t, square) + halfLog2PiRest;
  const y = logMills - sum;
  return square === Infinity ? -Infinity : y + (sumError(logMills, -sum, y) - (Number.isNaN(rest) ? 0 : rest));
}

/**
 * Returns φ(x) / Φ(x), the reciprocal of Mills' ratio at −x, for the normal distribution function Φ and its density φ.
 */
export function inverseMills(x: number): number {
  const t = Math.abs(x);
  single[0] = t;
  if (x > 0) {
    if (t > 39) return 0;
    const square = t * t;
    const height = density * exp(-square / 2, -productError(t, t, square) / 2);
    const k = millsTimesDensity(pair, single, 0, 0);
    return height / (1 - pair[0]! * power(k));
  }
  if (!(t < 6)) return t + excessInTail(t);
  millsRatio(pair, single, 0, 0);
  return quotient(1, 0, pair[0]!, pair[1]!);
}

/**
 * Returns x + φ(x) / Φ(x) for the normal distribution function Φ and its density φ. In the lower tail, where the two
 * terms cancel, uses a formula that keeps all digits.
 */
export function inverseMillsExcess(x: number): number {
  if (!(x <= 0)) return x + inverseMills(x);
  const t = -x;
  if (t >= 6) return excessInTail(t);
  single[0] = t;
  millsRatio(pair, single, 0, 0);
  const product = t * pair[0]!;
  return (1 - product - productError(t, pair[0]!, product) - t * pair[1]!) / pair[0]!;
}

/** Returns Mills' ratio m(t) of the normal distribution for t ≥ 0. */
export const mills = (t: number): number => 1 / inverseMills(-t);
