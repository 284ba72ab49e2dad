// Functions shared by softmax, logSoftmax and cross-entropy. A slice has n contiguous entries, and its result depends
// on no other slice. Writing a result may overwrite up to 16 bytes after its end, so slices must be processed in order.

import { expBelow, one } from "./exp";
import { log } from "./functions";

/** The number of entries of type T in a SIMD vector. */
// @ts-ignore: decorator
@inline
export function width<T>(): i32 {
  return 16 / sizeof<T>();
}

/** The address of entry l. */
// @ts-ignore: decorator
@inline
export function at<T>(x: usize, l: i32): usize {
  return x + <usize>l * sizeof<T>();
}

/** Returns a mask: all bits are set in the first `count` entries of a vector, and no bits in the other entries. */
// @ts-ignore: decorator
@inline
export function first<T>(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(sizeof<T>() == 4 ? count : 2 * count));
}

/** Loads two entries as doubles. */
// @ts-ignore: decorator
@inline
export function load2<T>(p: usize): v128 {
  return sizeof<T>() == 4 ? f64x2.promote_low_f32x4(v128.load64_zero(p)) : v128.load(p);
}

/** Stores two doubles as entries. */
// @ts-ignore: decorator
@inline
export function store2<T>(p: usize, v: v128): void {
  if (sizeof<T>() == 4) v128.store64_lane(p, f32x4.demote_f64x2_zero(v), 0);
  else v128.store(p, v);
}

/** The sum of both entries. */
// @ts-ignore: decorator
@inline
export function both(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}

/** Returns the exact rounding error (a + b) − sum, where `sum` is the rounded a + b. */
// @ts-ignore: decorator
@inline
export function sumError(a: v128, b: v128, sum: v128): v128 {
  const c = f64x2.sub(sum, a);
  return f64x2.add(f64x2.sub(a, f64x2.sub(sum, c)), f64x2.sub(b, c));
}

/** Returns the maximum of a slice, ignoring NaN; −Infinity if all entries are NaN. */
export function maximum<T>(n: i32, x: usize): T {
  const least = v128.splat<T>(<T>-Infinity);
  let a = least;
  if (n < width<T>()) a = v128.bitselect(v128.load(x), least, first<T>(n));
  else {
    const last = at<T>(x, n - width<T>());
    let b = least;
    let c = least;
    let d = least;
    for (; x + 48 < last; x += 64) {
      a = v128.pmax<T>(a, v128.load(x));
      b = v128.pmax<T>(b, v128.load(x, 16));
      c = v128.pmax<T>(c, v128.load(x, 32));
      d = v128.pmax<T>(d, v128.load(x, 48));
    }
    for (; x < last; x += 16) a = v128.pmax<T>(a, v128.load(x));
    a = v128.pmax<T>(v128.pmax<T>(a, b), v128.pmax<T>(c, v128.pmax<T>(d, v128.load(last))));
  }
  a = v128.pmax<T>(a, i64x2.shuffle(a, a, 1, 0));
  if (sizeof<T>() == 4) a = v128.pmax<T>(a, i32x4.shuffle(a, a, 1, 0, 3, 2));
  return v128.extract_lane<T>(a, 0);
}

/** Returns the index of the first entry of a slice that equals `maximum`. */
export function position<T>(n: i32, x: usize, maximum: T): i32 {
  const top = v128.splat<T>(maximum);
  for (let l = 0; l < n; l += width<T>()) {
    const found = v128.eq<T>(v128.load(at<T>(x, l)), top);
    const bits = sizeof<T>() == 4 ? i32x4.bitmask(found) : i64x2.bitmask(found);
    if (bits) return l + ctz(bits);
  }
  return 0; // all entries are NaN
}

/**
 * Returns the sum of 2ᵖ exp(x − maximum) over the entries x of a slice, with p = 64 for floats and p = 512 for doubles.
 * If `isKept` is set, writes the terms to y. If `isOfOthers` is set, leaves out one entry that equals the maximum.
 */
// @ts-ignore: decorator
@inline
function sumOfExponentials<T>(n: i32, y: usize, x: usize, maximum: T, isKept: bool, isOfOthers: bool): f64 {
  const top = v128.splat<T>(maximum);
  let a = f64x2.splat(0);
  let b = a;
  let ties = a; // integer arithmetic: adds −1 per tie
  for (let l = 0; l < n; l += width<T>()) {
    const values = v128.load(x);
    let e = expBelow<T>(values, top);
    if (l + width<T>() > n) e = v128.and(e, first<T>(n - l));
    if (isKept) v128.store(y, e);
    if (isOfOthers) {
      let isTop = v128.eq<T>(values, top);
      if (l + width<T>() > n) isTop = v128.and(isTop, first<T>(n - l));
      e = v128.andnot(e, isTop);
      ties = sizeof<T>() == 4 ? i32x4.add(ties, isTop) : i64x2.add(ties, isTop);
    }
    if (sizeof<T>() == 4) {
      a = f64x2.add(a, f64x2.promote_low_f32x4(e));
      b = f64x2.add(b, f64x2.promote_low_f32x4(i64x2.shuffle(e, e, 1, 0)));
    } else {
      const sum = f64x2.add(a, e);
      b = f64x2.add(b, sumError(a, e, sum)); // Kahan summation, so long slices are as accurate as short ones
      a = sum;
    }
    x += 16;
    y += 16;
  }
  const sum = both(f64x2.add(a, b));
  if (!isOfOthers) return sum;
  if (sizeof<T>() == 4) ties = i32x4.add(ties, i64x2.shuffle(ties, ties, 1, 0));
  const count =
    sizeof<T>() == 4
      ? i32x4.extract_lane(ties, 0) + i32x4.extract_lane(ties, 1)
      : i32x4.extract_lane(ties, 0) + i32x4.extract_lane(ties, 2);
  return sum + <f64>(-1 - count) * one<T>();
}

/**
 * Writes 2ᵖ exp(x − maximum) to y for each x of a slice, with p = 64 for floats and p = 512 for doubles. Returns the
 * sum of the written numbers.
 */
export function exponentials<T>(n: i32, y: usize, x: usize, maximum: T): f64 {
  return sumOfExponentials<T>(n, y, x, maximum, true, false);
}

/**
 * Writes 2ᵖ exp(x − maximum) to y for each x of a slice, with p = 64 for floats and p = 512 for doubles. Returns the
 * sum of exp(x − maximum) without the maximum's own term, or NaN if the maximum is not finite or any entry is NaN.
 */
export function exponentialsAndOthers<T>(n: i32, y: usize, x: usize, maximum: T): f64 {
  return sumOfExponentials<T>(n, y, x, maximum, true, true) * (1 / one<T>()) + <f64>(maximum - maximum);
}

/**
 * Writes two doubles for each of `rows` slices of x. The maximum is written to `tops`. The log1p of Σ exp(x − maximum)
 * over all other entries is written to `norms`, which has an unused entry at its end.
 */
export function logNorms<T>(rows: i32, n: i32, tops: usize, norms: usize, x: usize): void {
  for (let row = 0; row < rows; row++) {
    const top = maximum<T>(n, x);
    store<f64>(at<f64>(tops, row), <f64>top);
    store<f64>(at<f64>(norms, row), sumOfExponentials<T>(n, 0, x, top, false, true) * (1 / one<T>()));
    x = at<T>(x, n);
  }
  const unit = f64x2.splat(1);
  for (let row = 0; row < rows; row += 2) {
    const others = v128.load(at<f64>(norms, row));
    const sum = f64x2.add(unit, others);
    const lost = f64x2.sub(others, f64x2.sub(sum, unit));
    v128.store(at<f64>(norms, row), f64x2.add(log(sum), f64x2.div(lost, sum)));
  }
}

/**
 * Returns the sum of a slice of b. Skips the entry with index m, and the entries for which the corresponding entry of x
 * is −Infinity.
 */
export function sumOfOthers<T>(n: i32, b: usize, x: usize, m: i32): f64 {
  const below = sumOfPart<T>(m, b, x);
  return below + sumOfPart<T>(n - m - 1, at<T>(b, m + 1), at<T>(x, m + 1));
}

function sumOfPart<T>(n: i32, b: usize, x: usize): f64 {
  const nothing = f64x2.splat(-Infinity);
  let total = f64x2.splat(0);
  let lost = total;
  for (let l = 0; l < n; l += 2) {
    let term = v128.andnot(load2<T>(b), f64x2.eq(load2<T>(x), nothing));
    if (l + 1 == n) term = v128.and(term, first<f64>(1));
    const next = f64x2.add(total, term);
    if (sizeof<T>() == 8) lost = f64x2.add(lost, sumError(total, term, next));
    total = next;
    b += 2 * sizeof<T>();
    x += 2 * sizeof<T>();
  }
  return sumOf(total, lost);
}

/** Returns the sum of both lanes of a vector, corrected by the lanes' rounding errors unless the sum is infinite. */
// @ts-ignore: decorator
@inline
export function sumOf(total: v128, lost: v128): f64 {
  const sum = both(total);
  return abs(sum) < Infinity ? sum + both(lost) : sum;
}

/**
 * Returns (a + b) / (1 + others), the last step of softmax. `others` is the sum of exp(xⱼ − max x) over all entries
 * except the largest. For float64 and a finite quotient, corrects the rounding errors of a + b, of 1 + others and of
 * the quotient.
 */
// @ts-ignore: decorator
@inline
export function overNorm<T>(a: f64, b: f64, others: f64): f64 {
  const sum = a + b;
  const norm = 1 + others;
  const q = sum / norm;
  if (sizeof<T>() == 4) return q;
  const lost = lostInQuotient(a, b, others, sum, norm, q);
  return abs(lost) < abs(q) ? q + lost : q;
}

function lostInQuotient(a: f64, b: f64, others: f64, sum: f64, norm: f64, q: f64): f64 {
  const splitQ = 134217729 * q; // `productError` of ../src/numerics/doubleDouble.ts
  const splitN = 134217729 * norm;
  const highQ = splitQ - (splitQ - q);
  const highN = splitN - (splitN - norm);
  const lowQ = q - highQ;
  const lowN = norm - highN;
  const product = q * norm;
  const rest = highQ * highN - product + highQ * lowN + lowQ * highN + lowQ * lowN;
  return (sum - product - rest + (lostInSum(a, b, sum) - q * lostInSum(1, others, norm))) / norm;
}

function lostInSum(a: f64, b: f64, sum: f64): f64 {
  const c = sum - a;
  return a - (sum - c) + (b - c);
}

/** Fills a slice with NaN. */
export function spoil<T>(n: i32, y: usize): void {
  for (let l = 0; l < n; l += width<T>()) v128.store(at<T>(y, l), v128.splat<T>(<T>NaN));
}

/** Copies a slice of floats to doubles. */
export function widen(n: i32, y: usize, x: usize): void {
  for (let l = 0; l < n; l += 2) v128.store(at<f64>(y, l), load2<f32>(at<f32>(x, l)));
}

/** Copies a slice of doubles to floats. */
export function narrow(n: i32, y: usize, x: usize): void {
  for (let l = 0; l < n; l += 2) store2<f32>(at<f32>(y, l), v128.load(at<f64>(x, l)));
}
