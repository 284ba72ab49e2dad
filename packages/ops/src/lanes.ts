import type { Data } from "@wengert/core/ndarray";

// A lane: n entries of `a` from `i` on in steps of `t`.

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

/** Where the first maximum of a lane stands. */
export function peak(n: number, a: Data, i: number, t: number): number {
  let m = 0;
  for (let l = 1; l < n; l++) if (a[i + l * t]! > a[i + m * t]!) m = l;
  return m;
}

/** Σ exp(xⱼ − xₘ) over all entries of a lane but the first maximum xₘ. */
export function sumOfOthers(n: number, a: Data, i: number, t: number): number {
  const m = peak(n, a, i, t);
  let total = 0;
  for (let l = 0, p = i; l < n; l++, p += t) if (l !== m) total += Math.exp(a[p]! - a[i + m * t]!);
  return total;
}
