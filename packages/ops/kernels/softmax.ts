// Kernels of softmax and its pullback, which process one slice after the other.

import * as exp from "./exp";
import { constant, one } from "./exp";
import { at, both, exponentials, exponentialsAndOthers, first, load2, maximum, position, store2, sumError } from "./slices";
import { madd32 } from "./vector";

/** `scaledExponentials` is exact enough if the slice's maximum is from −2708 to 2708: 4096 ln 2 − 131, rounded down. */
const limit: f32 = 2708;

/**
 * Returns 2⁶⁴⁻ᵐ exp(x) for four floats x. `shift` is the constant `toInteger` minus the integer m. The constants of
 * exp.ts are parameters, so a loop loads them only once.
 */
// @ts-ignore: decorator
@inline
function scaledExponential(
  x: v128, shift: v128, perLn2: v128, ln2: v128, ln2Rest: v128, unit: v128, c6: v128, c5: v128, c4: v128, c3: v128, c2: v128,
): v128 {
  const t = f32x4.add(f32x4.mul(x, perLn2), shift);
  const n = f32x4.sub(t, shift);
  const r = f32x4.sub(f32x4.sub(x, f32x4.mul(n, ln2)), f32x4.mul(n, ln2Rest));
  const square = f32x4.mul(r, r);
  const q = madd32(square, madd32(square, c6, madd32(r, c5, c4)), madd32(r, c3, c2));
  return f32x4.mul(i32x4.shl(t, 23), f32x4.add(unit, f32x4.add(r, f32x4.mul(square, q))));
}

/**
 * Writes 2⁶⁴⁻ᵐ exp(x) to y for each float x of a slice, where m is the integer nearest to maximum / ln 2. Returns the
 * sum of the written numbers. Unlike `expBelow`, the function does not compute x − maximum, so no rounding error of
 * this difference needs a correction. With x = n ln 2 + r, the product of n and the constant `ln2` is exact for
 * |n| ≤ 4096.
 */
function scaledExponentials(n: i32, y: usize, x: usize, maximum: f32): f64 {
  const least = f32x4.splat(maximum - 131); // the softmax of a smaller number is 0
  const perLn2 = constant<f32>(exp.perLn2);
  const shift = f32x4.sub(constant<f32>(exp.toInteger), f32x4.nearest(f32x4.mul(f32x4.splat(maximum), perLn2)));
  const ln2 = constant<f32>(exp.ln2);
  const ln2Rest = constant<f32>(exp.ln2Rest);
  const unit = constant<f32>(exp.unit);
  const c6 = constant<f32>(exp.coefficients);
  const c5 = constant<f32>(exp.coefficients + 1);
  const c4 = constant<f32>(exp.coefficients + 2);
  const c3 = constant<f32>(exp.coefficients + 3);
  const c2 = constant<f32>(exp.coefficients + 4);
  let a = f64x2.splat(0);
  let b = a;
  for (; n >= 4; n -= 4) {
    const z = f32x4.pmax(v128.load(x), least); // NaN stays
    const e = scaledExponential(z, shift, perLn2, ln2, ln2Rest, unit, c6, c5, c4, c3, c2);
    v128.store(y, e);
    a = f64x2.add(a, f64x2.promote_low_f32x4(e));
    b = f64x2.add(b, f64x2.promote_low_f32x4(i64x2.shuffle(e, e, 1, 0)));
    x += 16;
    y += 16;
  }
  if (n > 0) {
    const z = f32x4.pmax(v128.load(x), least);
    const e = v128.and(scaledExponential(z, shift, perLn2, ln2, ln2Rest, unit, c6, c5, c4, c3, c2), first<f32>(n));
    v128.store(y, e);
    a = f64x2.add(a, f64x2.promote_low_f32x4(e));
    b = f64x2.add(b, f64x2.promote_low_f32x4(i64x2.shuffle(e, e, 1, 0)));
  }
  return both(f64x2.add(a, b));
}

/** Multiplies a slice of floats by `factor`, in double, because a float factor would add a rounding error. */
function multiply(n: i32, y: usize, factor: f64): void {
  const factors = f64x2.splat(factor);
  for (; n > 0; n -= 4) {
    const a = f64x2.mul(load2<f32>(y), factors);
    const b = f64x2.mul(load2<f32>(y + 8), factors);
    store2<f32>(y, a);
    store2<f32>(y + 8, b);
    y += 16;
  }
}

export function softmax32(rows: i32, n: i32, y: usize, x: usize): void {
  for (; rows > 0; rows--) {
    const top = maximum<f32>(n, x);
    if (abs(top) <= limit) multiply(n, y, 1 / scaledExponentials(n, y, x, top));
    else multiply(n, y, 1 / (one<f32>() * (1 + exponentialsAndOthers<f32>(n, y, x, top))));
    x = at<f32>(x, n);
    y = at<f32>(y, n);
  }
}

export function softmax64(rows: i32, n: i32, y: usize, x: usize): void {
  for (; rows > 0; rows--) {
    const total = f64x2.splat(exponentials<f64>(n, y, x, maximum<f64>(n, x)));
    for (let l = 0; l < n; l += 2) {
      const p = at<f64>(y, l);
      v128.store(p, f64x2.div(v128.load(p), total));
    }
    x = at<f64>(x, n);
    y = at<f64>(y, n);
  }
}

/**
 * Returns the mean of g − `near`, weighted by s, where g and s are the entries of two slices, and `near` is a number.
 * Returns 0 if the weights sum to 0, and NaN if their sum is infinite.
 */
function meanBeyond<T>(n: i32, s: usize, g: usize, near: f64): f64 {
  const center = f64x2.splat(near);
  let total = f64x2.splat(0);
  let weights = total;
  let totalLost = total;
  let weightsLost = total;
  let l = 0;
  if (sizeof<T>() == 4) {
    // Here `totalLost` and `weightsLost` are a second pair of sums. The processor adds to both pairs at the same time.
    for (; l + 4 <= n; l += 4) {
      const weight = load2<T>(s);
      const nextWeight = load2<T>(s + 8);
      total = f64x2.add(total, f64x2.mul(weight, f64x2.sub(load2<T>(g), center)));
      weights = f64x2.add(weights, weight);
      totalLost = f64x2.add(totalLost, f64x2.mul(nextWeight, f64x2.sub(load2<T>(g + 8), center)));
      weightsLost = f64x2.add(weightsLost, nextWeight);
      s += 16;
      g += 16;
    }
  }
  for (; l < n; l += 2) {
    let weight = load2<T>(s);
    let term = f64x2.mul(weight, f64x2.sub(load2<T>(g), center));
    if (l + 1 == n) {
      weight = v128.and(weight, first<f64>(1));
      term = v128.and(term, first<f64>(1));
    }
    if (sizeof<T>() == 4) {
      total = f64x2.add(total, term);
      weights = f64x2.add(weights, weight);
    } else {
      const nextTotal = f64x2.add(total, term);
      totalLost = f64x2.add(totalLost, sumError(total, term, nextTotal));
      total = nextTotal;
      const nextWeights = f64x2.add(weights, weight);
      weightsLost = f64x2.add(weightsLost, sumError(weights, weight, nextWeights));
      weights = nextWeights;
    }
    s += 2 * sizeof<T>();
    g += 2 * sizeof<T>();
  }
  const all = both(f64x2.add(weights, weightsLost));
  if (all == 0) return 0;
  const mean = both(f64x2.add(total, totalLost)) / all;
  return mean + (mean - mean);
}

// Computes the softmax pullback s (g − ḡ), where ḡ is the mean of the cotangent g with the weights s. ḡ is computed as
// a sum of two doubles, as in `weightedMean` of ../src/loops/slices.ts.
// @ts-ignore: decorator
@inline
function softmaxPullback<T>(rows: i32, n: i32, y: usize, s: usize, g: usize): void {
  for (; rows > 0; rows--) {
    const most = maximum<T>(n, s);
    let near = <f64>load<T>(g + <usize>position<T>(n, s, most) * sizeof<T>());
    let rest = meanBeyond<T>(n, s, g, near);
    if (sizeof<T>() == 8 && !(most >= 0.5)) {
      near += rest;
      rest = meanBeyond<T>(n, s, g, near);
    }
    const center = f64x2.splat(near);
    const beyond = f64x2.splat(rest);
    let p: usize = 0;
    if (sizeof<T>() == 4) {
      for (let l = 0; l < n; l += 4) {
        const a = f64x2.sub(f64x2.sub(load2<T>(g + p), center), beyond);
        const b = f64x2.sub(f64x2.sub(load2<T>(g + p + 8), center), beyond);
        const pulled = f64x2.mul(load2<T>(s + p), a);
        const next = f64x2.mul(load2<T>(s + p + 8), b);
        store2<T>(y + p, pulled);
        store2<T>(y + p + 8, next);
        p += 16;
      }
    } else {
      for (let l = 0; l < n; l += 2) {
        const u = load2<T>(g + p);
        const h = f64x2.sub(u, center);
        const deviation = f64x2.add(h, f64x2.sub(sumError(u, f64x2.neg(center), h), beyond));
        store2<T>(y + p, f64x2.mul(load2<T>(s + p), deviation));
        p += 16;
      }
    }
    s += <usize>n * sizeof<T>();
    g += <usize>n * sizeof<T>();
    y += <usize>n * sizeof<T>();
  }
}

export function softmaxPullback32(rows: i32, n: i32, y: usize, s: usize, g: usize): void {
  softmaxPullback<f32>(rows, n, y, s, g);
}

export function softmaxPullback64(rows: i32, n: i32, y: usize, s: usize, g: usize): void {
  softmaxPullback<f64>(rows, n, y, s, g);
}
