import type { Data } from "@wengert/core/ndarray";

// A lane: n entries of `a` from `i` on in steps of `t`.

/** The sum of a lane: in float64, of integers modulo 2³². */
export function total(n: number, a: Data, i: number, t: number): number {
  let sum = 0;
  if (a instanceof Int32Array) for (let l = 0, p = i; l < n; l++, p += t) sum = (sum + a[p]!) | 0;
  else for (let l = 0, p = i; l < n; l++, p += t) sum += a[p]!;
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

/** Σ exp(xⱼ − xₘ) over all entries of a lane but number m, its peak. */
export function sumOfOthers(n: number, a: Data, i: number, t: number, m: number): number {
  const most = a[i + m * t]!;
  let total = 0;
  for (let l = 0, p = i; l < n; l++, p += t) if (l !== m) total += Math.exp(a[p]! - most);
  return total;
}

/**
 * Writes exp(xⱼ − xₘ) of a lane from y[o] on in steps of r, and returns their sum without that of m, its peak, which is
 * exp(0) = 1. All of it is NaN if the peak is not finite. Since a sum of n terms rounds n − 1 times, eights are summed, and
 * those with Kahan's compensation (Further remarks on reducing truncation errors, 1965): what is lost goes into the next.
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
  let others = Number.isNaN(most) ? most : 0;
  let lost = 0;
  for (let l = 0, p = i, q = o; l < n; ) {
    let part = -lost;
    for (const end = Math.min(n, l + 8); l < end; l++, p += t, q += r) {
      const x = Math.exp(a[p]! - most);
      y[q] = x;
      if (l !== m) part += x;
    }
    const next = others + part;
    lost = next - others - part;
    others = next;
  }
  return others;
}
