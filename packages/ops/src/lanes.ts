import type { Data } from "@wengert/core/ndarray";
import { quotient, sumError } from "./doubles.ts";
import { exp } from "./exponential.ts";

// A lane: n entries of `a` from `i` on in steps of `t`. Sums carry along what they have lost to rounding (W. Kahan, Further
// remarks on reducing truncation errors, 1965), so that long lanes are as exact as short ones.

/**
 * The sum of a lane: in float64, of integers modulo 2³². Entry l is added to sum number l mod 8: eight that do not wait for each
 * other, and round less than one would. The kernels in WebAssembly have the same order.
 */
export function total(n: number, a: Data, i: number, t: number): number {
  if (a instanceof Int32Array) return totalOfIntegers(n, a, i, t);
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let s4 = 0;
  let s5 = 0;
  let s6 = 0;
  let s7 = 0;
  let p = i;
  let left = n;
  for (; left >= 8; left -= 8) {
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
  if (left > 0) s0 += a[p]!;
  if (left > 1) s1 += a[p + t]!;
  if (left > 2) s2 += a[p + 2 * t]!;
  if (left > 3) s3 += a[p + 3 * t]!;
  if (left > 4) s4 += a[p + 4 * t]!;
  if (left > 5) s5 += a[p + 5 * t]!;
  if (left > 6) s6 += a[p + 6 * t]!;
  return s0 + s4 + (s2 + s6) + (s1 + s5 + (s3 + s7));
}

function totalOfIntegers(n: number, a: Int32Array, i: number, t: number): number {
  let sum = 0;
  for (let l = 0, p = i; l < n; l++, p += t) sum = (sum + a[p]!) | 0;
  return sum;
}

/** Σ aₗ bₗ of two lanes: in float64, of integers modulo 2³². */
export function innerProduct(n: number, a: Data, i: number, s: number, b: Data, j: number, t: number): number {
  let sum = 0;
  if (a instanceof Int32Array)
    for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) sum = (sum + Math.imul(a[p]!, b[q]!)) | 0;
  else for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) sum += a[p]! * b[q]!;
  return sum;
}

/** The maximum of a lane; NaN if there is one, −Infinity of nothing. */
export function maximum(n: number, a: Data, i: number, t: number): number {
  let most = -Infinity;
  for (let l = 0, p = i; l < n; l++, p += t) {
    const x = a[p]!;
    if (!(x <= most) && !Number.isNaN(most)) most = x;
  }
  return most;
}

/** The minimum of a lane; NaN if there is one, Infinity of nothing. */
export function minimum(n: number, a: Data, i: number, t: number): number {
  let least = Infinity;
  for (let l = 0, p = i; l < n; l++, p += t) {
    const x = a[p]!;
    if (!(x >= least) && !Number.isNaN(least)) least = x;
  }
  return least;
}

/** Where the first maximum of a lane stands, or its first NaN. */
export function peak(n: number, a: Data, i: number, t: number): number {
  let m = 0;
  for (let l = 1; l < n; l++) {
    const most = a[i + m * t]!;
    const x = a[i + l * t]!;
    if (!(x <= most) && !Number.isNaN(most)) m = l;
  }
  return m;
}

/** Where the first minimum of a lane stands, or its first NaN. */
export function trough(n: number, a: Data, i: number, t: number): number {
  let m = 0;
  for (let l = 1; l < n; l++) {
    const least = a[i + m * t]!;
    const x = a[i + l * t]!;
    if (!(x >= least) && !Number.isNaN(least)) m = l;
  }
  return m;
}

/**
 * Σ exp(xⱼ − xₘ) over all entries of a lane but number m, its peak. A rounding of xⱼ − xₘ is |xⱼ − xₘ| roundings of its
 * exponential, hundreds in a tail: so exp is given what the difference has lost, too.
 */
export function sumOfOthers(n: number, a: Data, i: number, t: number, m: number): number {
  const most = a[i + m * t]!;
  let total = 0;
  let lost = 0;
  for (let l = 0, p = i; l < n; l++, p += t) {
    if (l === m) continue;
    const x = a[p]! - most;
    const term = exp(x, sumError(a[p]!, -most, x)) - lost;
    const next = total + term;
    lost = next - total - term;
    total = next;
  }
  return total - lost;
}

/** The sum of a lane b, but for number m and for what stands beside an a of −Infinity. */
export function sumBeside(n: number, a: Data, i: number, s: number, m: number, b: Data, j: number, t: number): number {
  let total = 0;
  let lost = 0;
  let rough = 0;
  for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) {
    if (l === m || a[p] === -Infinity) continue;
    rough += b[q]!;
    const term = b[q]! - lost;
    const next = total + term;
    lost = next - total - term;
    total = next;
  }
  return Number.isNaN(total) ? rough : total; // which is infinite, then, or NaN
}

/**
 * Writes exp(xⱼ − xₘ) of a lane from y[o] on in steps of r, and returns their sum without that of m, its peak, which is
 * exp(0) = 1. All of it is NaN if the peak is not finite.
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
  const most = Number.isFinite(a[i + m * t]) ? a[i + m * t]! : Number.NaN;
  let total = most - most; // 0 or NaN
  let lost = 0;
  for (let l = 0, p = i, q = o; l < n; l++, p += t, q += r) {
    const x = a[p]! - most;
    const e = exp(x, sumError(a[p]!, -most, x));
    y[q] = e;
    if (l === m) continue;
    const term = e - lost;
    const next = total + term;
    lost = next - total - term;
    total = next;
  }
  return total - lost;
}

/**
 * Writes ḡ = Σ s g / Σ s, the mean of g under the softmax s, to `mean`, as a sum of two doubles: a number near it, and how far
 * it is from that. Near it is g at the peak of s, and nothing cancels where that is all but 1; where there is no such peak, it
 * is the mean itself as found by a plain sum.
 */
export function meanUnder(
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
  const m = peak(n, s, i, t);
  let near = g[j + m * u]!;
  if (!(s[i + m * t]! >= 0.5)) {
    let beyond = 0;
    for (let l = 0, p = i, q = j; l < n; l++, p += t, q += u) beyond += s[p]! * (g[q]! - near);
    near += beyond;
  }
  mean[0] = near;
  mean[1] = meanBeyond(near, n, s, i, t, g, j, u);
}

/** Σ s (g − near) / Σ s, and 0 for no weights */
function meanBeyond(near: number, n: number, s: Data, i: number, t: number, g: Data, j: number, u: number): number {
  let total = 0;
  let lost = 0;
  let weights = 0;
  let lostWeights = 0;
  for (let l = 0, p = i, q = j; l < n; l++, p += t, q += u) {
    const weight = s[p]!;
    const term = weight * (g[q]! - near) - lost;
    const next = total + term;
    lost = next - total - term;
    total = next;
    const share = weight - lostWeights;
    const nextWeights = weights + share;
    lostWeights = nextWeights - weights - share;
    weights = nextWeights;
  }
  return weights === 0 ? 0 : quotient(total, -lost, weights, -lostWeights);
}
