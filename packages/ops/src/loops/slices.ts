import type { Data } from "@wengert/core/extend";
import { quotient, sumError } from "../numerics/doubleDouble.ts";
import { exp } from "../numerics/exponential.ts";

// In this file, a slice is n entries of the array `a`, from index `i` on, in steps of `t`. Sums are compensated: each
// addition's rounding error is added to the next term (W. Kahan, Further remarks on reducing truncation errors, 1965),
// so long slices are as accurate as short ones.

/**
 * Returns the sum of a slice in float64, or modulo 2³² for integers. The function keeps eight partial sums, and adds
 * entry l to partial sum l mod 8. The processor computes independent sums in parallel, and their rounding error is
 * smaller than that of a single sum. The WebAssembly kernels use the same order.
 */
export function sumOf(n: number, a: Data, i: number, t: number): number {
  if (a instanceof Int32Array) return sumOfIntegers(n, a, i, t);
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let s4 = 0;
  let s5 = 0;
  let s6 = 0;
  let s7 = 0;
  let p = i;
  let remaining = n;
  for (; remaining >= 8; remaining -= 8) {
    s0 += a[p]!;
    s1 += a[p + t]!;
    s2 += a[p + 2 * t]!;
    s3 += a[p + 3 * t]!;
    p += 4 * t;
    s4 += a[p]!;
    s5 += a[p + t]!;
    s6 += a[p + 2 * t]!;
    s7 += a[p + 3 * t]!;
    p += 4 * t;
  }
  if (remaining > 0) s0 += a[p]!;
  if (remaining > 1) s1 += a[p + t]!;
  if (remaining > 2) s2 += a[p + 2 * t]!;
  if (remaining > 3) s3 += a[p + 3 * t]!;
  if (remaining > 4) s4 += a[p + 4 * t]!;
  if (remaining > 5) s5 += a[p + 5 * t]!;
  if (remaining > 6) s6 += a[p + 6 * t]!;
  return s0 + s4 + (s2 + s6) + (s1 + s5 + (s3 + s7));
}

/** Returns Σ (x − m)² over the entries x of a slice, in float64, with eight partial sums as in `sumOf`. */
export function squaresOf(n: number, a: Data, i: number, t: number, m: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let s4 = 0;
  let s5 = 0;
  let s6 = 0;
  let s7 = 0;
  let p = i;
  let remaining = n;
  for (; remaining >= 8; remaining -= 8) {
    s0 += square(a[p]! - m);
    s1 += square(a[p + t]! - m);
    s2 += square(a[p + 2 * t]! - m);
    s3 += square(a[p + 3 * t]! - m);
    p += 4 * t;
    s4 += square(a[p]! - m);
    s5 += square(a[p + t]! - m);
    s6 += square(a[p + 2 * t]! - m);
    s7 += square(a[p + 3 * t]! - m);
    p += 4 * t;
  }
  if (remaining > 0) s0 += square(a[p]! - m);
  if (remaining > 1) s1 += square(a[p + t]! - m);
  if (remaining > 2) s2 += square(a[p + 2 * t]! - m);
  if (remaining > 3) s3 += square(a[p + 3 * t]! - m);
  if (remaining > 4) s4 += square(a[p + 4 * t]! - m);
  if (remaining > 5) s5 += square(a[p + 5 * t]! - m);
  if (remaining > 6) s6 += square(a[p + 6 * t]! - m);
  return s0 + s4 + (s2 + s6) + (s1 + s5 + (s3 + s7));
}

const square = (x: number): number => x * x;

function sumOfIntegers(n: number, a: Int32Array, i: number, t: number): number {
  let sum = 0;
  for (let l = 0, p = i; l < n; l++, p += t) sum = (sum + a[p]!) | 0;
  return sum;
}

/** Returns the inner product Σ aₗ bₗ of two slices, in float64, or modulo 2³² for integers. */
export function innerProduct(n: number, a: Data, i: number, s: number, b: Data, j: number, t: number): number {
  let sum = 0;
  if (a instanceof Int32Array)
    for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) sum = (sum + Math.imul(a[p]!, b[q]!)) | 0;
  else for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) sum += a[p]! * b[q]!;
  return sum;
}

/** Returns the maximum of a slice: NaN if any entry is NaN, −Infinity if the slice is empty. 0 is above −0. */
export function maxOf(n: number, a: Data, i: number, t: number): number {
  let peak = -Infinity;
  for (let l = 0, p = i; l < n; l++, p += t) peak = Math.max(peak, a[p]!);
  return peak;
}

/** Returns the minimum of a slice: NaN if any entry is NaN, Infinity if the slice is empty. −0 is below 0. */
export function minOf(n: number, a: Data, i: number, t: number): number {
  let lowest = Infinity;
  for (let l = 0, p = i; l < n; l++, p += t) lowest = Math.min(lowest, a[p]!);
  return lowest;
}

/** Returns the index of the first maximum of a slice, or, if the slice has a NaN, the index of the first NaN. */
export function argmaxOf(n: number, a: Data, i: number, t: number): number {
  let m = 0;
  for (let l = 1; l < n; l++) {
    const peak = a[i + m * t]!;
    const x = a[i + l * t]!;
    if (!(x <= peak) && !Number.isNaN(peak)) m = l;
  }
  return m;
}

/** Returns the index of the first minimum of a slice, or, if the slice has a NaN, the index of the first NaN. */
export function argminOf(n: number, a: Data, i: number, t: number): number {
  let m = 0;
  for (let l = 1; l < n; l++) {
    const lowest = a[i + m * t]!;
    const x = a[i + l * t]!;
    if (!(x >= lowest) && !Number.isNaN(lowest)) m = l;
  }
  return m;
}

/**
 * Returns Σ exp(xⱼ − xₘ) over all entries of a slice except its peak, entry m. Each term corrects for the rounding
 * error of xⱼ − xₘ, because exp multiplies relative errors by |xⱼ − xₘ|, which may be in the hundreds.
 */
export function sumExpExcept(n: number, a: Data, i: number, t: number, m: number): number {
  const peak = a[i + m * t]!;
  let total = 0;
  let compensation = 0;
  for (let l = 0, p = i; l < n; l++, p += t) {
    if (l === m) continue;
    const x = a[p]! - peak;
    const term = exp(x, sumError(a[p]!, -peak, x)) - compensation;
    const next = total + term;
    compensation = next - total - term;
    total = next;
  }
  return total - compensation;
}

/**
 * Returns the sum of a slice of b. Skips entry m, and the entries for which the corresponding entry of a is −Infinity.
 */
export function sumExcept(n: number, a: Data, i: number, s: number, m: number, b: Data, j: number, t: number): number {
  let total = 0;
  let compensation = 0;
  let plainSum = 0;
  for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) {
    if (l === m || a[p] === -Infinity) continue;
    plainSum += b[q]!;
    const term = b[q]! - compensation;
    const next = total + term;
    compensation = next - total - term;
    total = next;
  }
  return Number.isNaN(total) ? plainSum : total; // the plain sum is infinite or NaN here
}

/**
 * Writes exp(xⱼ − xₘ) for each entry xⱼ of a slice to y, where xₘ is the largest entry. Returns the sum of these
 * exponentials without that of xₘ, which is 1. If xₘ is not finite, all results are NaN.
 */
export function exponentials(
  n: number,
  y: Data,
  o: number,
  r: number,
  a: Data,
  i: number,
  t: number,
  m: number,
): number {
  const peak = Number.isFinite(a[i + m * t]) ? a[i + m * t]! : Number.NaN;
  let total = peak - peak; // 0 or NaN
  let compensation = 0;
  for (let l = 0, p = i, q = o; l < n; l++, p += t, q += r) {
    const x = a[p]! - peak;
    const e = exp(x, sumError(a[p]!, -peak, x));
    y[q] = e;
    if (l === m) continue;
    const term = e - compensation;
    const next = total + term;
    compensation = next - total - term;
    total = next;
  }
  return total - compensation;
}

/**
 * Computes the weighted mean Σ s g / Σ s of the cotangent g, for the softmax s. Writes the mean to `mean` as a sum of
 * two doubles: a center and an offset. If the largest s is at least 0.5, the center is the entry of g at the index of
 * this s. So no digits cancel when the largest s is close to 1. Otherwise the center is the mean computed by a plain
 * sum.
 */
export function weightedMean(
  mean: Float64Array,
  n: number,
  s: Data,
  i: number,
  t: number,
  g: Data,
  j: number,
  u: number,
): void {
  if (n === 0) return;
  const m = argmaxOf(n, s, i, t);
  let center = g[j + m * u]!;
  if (!(s[i + m * t]! >= 0.5)) {
    let offset = 0;
    for (let l = 0, p = i, q = j; l < n; l++, p += t, q += u) offset += s[p]! * (g[q]! - center);
    center += offset;
  }
  mean[0] = center;
  mean[1] = weightedOffset(center, n, s, i, t, g, j, u);
}

/**
 * Returns Σ s (g − center) / Σ s, the mean of g relative to `center` with the weights s, or 0 if the weights sum to 0.
 */
function weightedOffset(
  center: number,
  n: number,
  s: Data,
  i: number,
  t: number,
  g: Data,
  j: number,
  u: number,
): number {
  let total = 0;
  let compensation = 0;
  let weights = 0;
  let weightCompensation = 0;
  for (let l = 0, p = i, q = j; l < n; l++, p += t, q += u) {
    const weight = s[p]!;
    const term = weight * (g[q]! - center) - compensation;
    const next = total + term;
    compensation = next - total - term;
    total = next;
    const weightTerm = weight - weightCompensation;
    const nextWeights = weights + weightTerm;
    weightCompensation = nextWeights - weights - weightTerm;
    weights = nextWeights;
  }
  return weights === 0 ? 0 : quotient(total, -compensation, weights, -weightCompensation);
}
