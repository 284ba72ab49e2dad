import type { Data } from "@wengert/core/extend";
import { crossing, crossingRest, density, densityRest, lastTail, ratios } from "./constants.ts";
import { productError, sumError } from "./doubleDouble.ts";
import { exp, expPair, ldexp, power } from "./exponential.ts";

// Φ and φ are the distribution function and density of the standard normal distribution. Both are computed from Mills'
// ratio m(t) = Φ(−t) / φ(t), which does not underflow in the tail, where Φ does. Since m′ = t m − 1, the value of m at
// a point determines the Taylor series of m around this point.

const columns = 6; // per node: t, m and m′, two doubles each
const terms = 12; // terms of the series after m′, accurate to 2⁻⁶⁰ for |h| ≤ ⅛

/**
 * The table of Mills' ratio m at the nodes of its Taylor series, as sums of two doubles. The first double is a multiple
 * of 2⁻⁴⁰, so adding a number with few digits to it is exact. Only at the node t = m(t), the first double has all its digits. The
 * table is computed at load time, because its source text would make bundles much larger.
 */
const nodes = /* @__PURE__ */ nodesOf(ratios);
function nodesOf(ratios: readonly bigint[]): Float64Array {
  const splitDouble = (x: bigint): [number, number] => {
    const high = (x + (1n << 39n)) >> 40n;
    return [Number(high) * 2 ** -40, Number(x - (high << 40n)) * 2 ** -80];
  };
  const crossingPair = [crossing, crossingRest];
  const nodeValues = ratios.flatMap((m, j) => {
    const isCrossing = j === 3;
    const t = isCrossing ? m : BigInt(j) << 78n;
    const slope = splitDouble(((t * m) >> 80n) - (1n << 80n));
    return isCrossing ? [...crossingPair, ...crossingPair, ...slope] : [...splitDouble(t), ...splitDouble(m), ...slope];
  });
  return Float64Array.from(nodeValues);
}

/** The Taylor coefficients cₙ of Mills' ratio at each node t, from the recurrence (n + 1) cₙ₊₁ = t cₙ + cₙ₋₁. */
const series = /* @__PURE__ */ seriesOf(nodes);
function seriesOf(nodes: Float64Array): Float64Array {
  const series = new Float64Array((nodes.length / columns) * terms);
  for (let j = 0, at = 0; j < series.length; j += terms, at += columns) {
    let before = nodes[at + 2]! + nodes[at + 3]!;
    let last = nodes[at + 4]! + nodes[at + 5]!;
    for (let n = 0; n < terms; n++) {
      const next = (nodes[at]! * last + before) / (n + 2);
      series[j + n] = next;
      before = last;
      last = next;
    }
  }
  return series;
}

const pair = /* @__PURE__ */ new Float64Array(2);

/**
 * Writes m(t) − tFactor t to `pair` as a sum of two doubles, where m is Mills' ratio of the normal distribution, t =
 * |x|, and tFactor is 0 or 1.
 */
export function millsRatio(pair: Float64Array, a: Data, p: number, tFactor: number): void {
  const t = Math.abs(a[p]!);
  if (!(t < 6.125)) {
    millsRatioInTail(pair, a, p, tFactor);
    return;
  }
  const j = Math.round(4 * t);
  const at = j * columns;
  const distance = t - nodes[at]!;
  const h = distance - nodes[at + 1]!;
  const dh = distance - h - nodes[at + 1]!;
  const z = h * h;
  let even = 0;
  let odd = 0;
  for (let n = j * terms + terms - 2; n >= j * terms; n -= 2) {
    even = even * z + series[n]!;
    odd = odd * z + series[n + 1]!;
  }
  const constant = nodes[at + 4]! - tFactor;
  const rest = nodes[at + 5]! + h * (even + h * odd);
  const slope = constant + rest;
  const product = h * slope;
  const dproduct = productError(h, slope, product) + (h * (constant - slope + rest) + dh * slope);
  const node = nodes[at + 2]! - tFactor * nodes[at]!;
  const sum = node + product;
  const dsum = sumError(node, product, sum) + dproduct + (nodes[at + 3]! - tFactor * nodes[at + 1]!);
  pair[0] = sum + dsum;
  pair[1] = sum - pair[0] + dsum;
}

/**
 * Writes m(t) − tFactor t to `pair` as a sum of two doubles, for large t and tFactor 0 or 1. Mills' ratio m(t) is
 * Laplace's continued fraction 1 / (t + 1 / (t + 2 / (t + 3 / … ))).
 */
function millsRatioInTail(pair: Float64Array, a: Data, p: number, tFactor: number): void {
  const t = Math.min(Math.abs(a[p]!), maxInput);
  let f = t;
  for (let n = 23; n > 1; n--) f = t + n / f;
  const c = 1 / f;
  const s = t + c;
  const m = 1 / s;
  const product = m * s;
  const dm = (1 - product - productError(m, s, product) - m * (t - s + c)) * m;
  pair[0] = m - tFactor * t;
  pair[1] = sumError(m, -tFactor * t, pair[0]) + dm;
}

/**
 * Writes φ(t) (m(t) − tFactor t) / 2ᵏ to `pair` and returns k, where φ is the normal density, m is Mills' ratio, t =
 * |x|, and tFactor is 0 or 1.
 */
export function millsTimesDensity(pair: Float64Array, a: Data, p: number, tFactor: number): number {
  millsRatio(pair, a, p, tFactor);
  const m = pair[0]! * density;
  const dm = productError(pair[0]!, density, m) + (pair[0]! * densityRest + pair[1]! * density);
  const t = Math.min(Math.abs(a[p]!), maxInput);
  const square = t * t;
  const k = expPair(pair, -square / 2, -productError(t, t, square) / 2);
  const product = pair[0]! * m;
  const rest = productError(pair[0]!, m, product) + (pair[0]! * dm + pair[1]! * m);
  pair[0] = product + rest;
  pair[1] = product - pair[0] + rest;
  return k;
}

const maxInput = 40; // φ(40) is below the smallest double

/** Writes y = x Φ(x) for y = out[o] and x = a[p], where Φ is the normal distribution function. */
function gelu(out: Data, o: number, a: Data, p: number): void {
  const x = a[p]!;
  if (x === 0 || x > 9) {
    out[o] = x; // −0 stays; 1 − Φ(9) is far below the last digit of 1
    return;
  }
  const k = millsTimesDensity(pair, a, p, 0);
  let cdf = pair[0]!;
  let rest = pair[1]!;
  if (x > 0) {
    const upperTail = cdf * power(k);
    cdf = 1 - upperTail;
    rest = 1 - cdf - upperTail - rest * power(k);
  }
  const t = Math.max(x, -maxInput);
  const product = t * cdf;
  out[o] = ldexp(product + (productError(t, cdf, product) + t * rest), x > 0 ? 0 : k);
}

/**
 * Writes y = Φ(x) + x φ(x), the derivative of gelu, for y = out[o] and x = a[p]. With t = |x| and Mills' ratio m, y is
 * φ(t) (m(t) − t) for x < 0, and 1 − φ(t) (m(t) − t) otherwise.
 */
function geluSlope(out: Data, o: number, a: Data, p: number): void {
  const k = millsTimesDensity(pair, a, p, 1);
  if (a[p]! < 0) out[o] = ldexp(pair[0]!, k);
  else {
    const upperTail = pair[0]! * power(k);
    const slope = 1 - upperTail;
    out[o] = slope + (sumError(1, -upperTail, slope) - pair[1]! * power(k));
  }
}

/** For each node t of the Taylor series for float32 results: 8 coefficients of Φ(−t), then 8 coefficients of φ(t). */
const floatSeries = /* @__PURE__ */ floatSeriesOf();

/**
 * Computes the Taylor coefficients at the nodes t = 0, 1/16, 2/16, … 6⅛. Since φ′(t) = −t φ(t), the coefficients aₙ of
 * φ satisfy (n + 1) aₙ₊₁ = −t aₙ − aₙ₋₁. The derivative of Φ(−t) is −φ(t), so its coefficient n + 1 is −aₙ / (n + 1).
 *
 * The series of Φ(−t) at a node also gives Φ(−t) at the previous node. The loop goes from the last node to the first.
 * All terms of each series are then positive, so relative errors do not grow.
 */
function floatSeriesOf(): Float64Array {
  const series = new Float64Array(99 * 16);
  let tail = lastTail;
  for (let j = 98; j >= 0; j--) {
    const t = j / 16;
    let before = 0;
    let ofDensity = density * exp((t * t) / -2, 0);
    let ofTail = tail;
    let power = 1;
    tail = 0;
    for (let n = 0; n < 17; n++) {
      if (n < 8) {
        series[16 * j + n] = ofTail;
        series[16 * j + 8 + n] = ofDensity;
      }
      tail += ofTail * power;
      power /= -16;
      ofTail = -ofDensity / (n + 1);
      const next = -(t * ofDensity + before) / (n + 1);
      before = ofDensity;
      ofDensity = next;
    }
  }
  return series;
}

/** Sums the Taylor series whose 8 coefficients begin at index k of `floatSeries`, at the distance h from the node. */
function floatSum(k: number, h: number): number {
  const c = floatSeries;
  const z = h * h;
  const even = c[k]! + z * (c[k + 2]! + z * (c[k + 4]! + z * c[k + 6]!));
  const odd = c[k + 1]! + z * (c[k + 3]! + z * (c[k + 5]! + z * c[k + 7]!));
  return even + h * odd;
}

/**
 * Computes gelu, or its derivative if `isSlope` is set, for n elements. float32 results need only Taylor series of Φ(−t)
 * and φ(t) for t = |x|, in float64. The omitted terms are below 3 · 10⁻¹¹ of the sum.
 *
 * Near a zero of the derivative, a subtraction cancels digits. No float32 number is close enough to such a zero to lose
 * more than a few bits.
 */
export function geluLoop(isSlope: boolean, n: number, y: Data, o: number, a: Data, i: number, s: number): void {
  const float32Limit = y instanceof Float32Array ? 6.125 : 0;
  for (let l = 0, p = i; l < n; l++, p += s) {
    const x = a[p]!;
    const t = Math.abs(x);
    if (t < float32Limit && t > 0) {
      const j = (16 * t + 0.5) | 0; // the nearest node; faster than Math.round
      const h = t - j / 16;
      const tail = floatSum(16 * j, h);
      const change = isSlope ? tail - t * floatSum(16 * j + 8, h) : x * tail;
      y[o + l] = x < 0 ? change : (isSlope ? 1 : x) - change;
    } else (isSlope ? geluSlope : gelu)(y, o + l, a, p);
  }
}
