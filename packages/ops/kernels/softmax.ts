// Softmax and its pullback, lane by lane: n entries, the next lane right behind. Results are written beyond the end of a
// lane by up to a vector, which the next one overwrites. What a lane gives depends on nothing but that lane.

import { expBelow } from "./exp";

/** How many entries of T a vector has. */
// @ts-ignore: decorator
@inline
function width<T>(): i32 {
  return 16 / sizeof<T>();
}

/** All bits set in the first `count` entries of a vector, none in the others. */
// @ts-ignore: decorator
@inline
function first<T>(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(sizeof<T>() == 4 ? count : 2 * count));
}

/** Two entries as doubles. */
// @ts-ignore: decorator
@inline
function load2<T>(p: usize): v128 {
  return sizeof<T>() == 4 ? f64x2.promote_low_f32x4(v128.load64_zero(p)) : v128.load(p);
}

/** Two entries from doubles. */
// @ts-ignore: decorator
@inline
function store2<T>(p: usize, v: v128): void {
  if (sizeof<T>() == 4) v128.store64_lane(p, f32x4.demote_f64x2_zero(v), 0);
  else v128.store(p, v);
}

/** The sum of both entries. */
// @ts-ignore: decorator
@inline
function both(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}

/** (a + b) − sum, exactly, for sum = a + b as rounded. */
// @ts-ignore: decorator
@inline
function sumError(a: v128, b: v128, sum: v128): v128 {
  const c = f64x2.sub(sum, a);
  return f64x2.add(f64x2.sub(a, f64x2.sub(sum, c)), f64x2.sub(b, c));
}

/** The maximum of a lane, whatever is NaN left out: −Infinity where all of it is. */
function maximum<T>(n: i32, x: usize): T {
  const least = v128.splat<T>(<T>-Infinity);
  let a = least;
  if (n < width<T>()) a = v128.bitselect(v128.load(x), least, first<T>(n));
  else {
    const last = x + <usize>(n - width<T>()) * sizeof<T>();
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

/** Writes the exponentials of a lane, less its maximum, to y, as `expBelow` has them; and returns their sum. */
function exponentials<T>(n: i32, y: usize, x: usize, maximum: T): f64 {
  const top = v128.splat<T>(maximum);
  let a = f64x2.splat(0);
  let b = f64x2.splat(0);
  for (let l = 0; l < n; l += width<T>()) {
    let e = expBelow<T>(v128.load(x), top);
    if (l + width<T>() > n) e = v128.and(e, first<T>(n - l));
    v128.store(y, e);
    if (sizeof<T>() == 4) {
      a = f64x2.add(a, f64x2.promote_low_f32x4(e));
      b = f64x2.add(b, f64x2.promote_low_f32x4(i64x2.shuffle(e, e, 1, 0)));
    } else {
      const sum = f64x2.add(a, e);
      b = f64x2.add(b, sumError(a, e, sum)); // so that long lanes are as exact as short ones
      a = sum;
    }
    x += 16;
    y += 16;
  }
  return both(f64x2.add(a, b));
}

// @ts-ignore: decorator
@inline
function softmax<T>(rows: i32, n: i32, y: usize, x: usize): void {
  for (; rows > 0; rows--) {
    const total = exponentials<T>(n, y, x, maximum<T>(n, x));
    if (sizeof<T>() == 4) {
      const scale = f64x2.splat(1 / total); // as a float it would be one rounding more
      for (let l = 0; l < n; l += 4) {
        const p = y + (<usize>l << 2);
        const e = v128.load(p);
        const low = f64x2.mul(f64x2.promote_low_f32x4(e), scale);
        const high = f64x2.mul(f64x2.promote_low_f32x4(i64x2.shuffle(e, e, 1, 0)), scale);
        v128.store(p, i64x2.shuffle(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2));
      }
    } else {
      const divisor = f64x2.splat(total);
      for (let l = 0; l < n; l += 2) {
        const p = y + (<usize>l << 3);
        v128.store(p, f64x2.div(v128.load(p), divisor));
      }
    }
    x += <usize>n * sizeof<T>();
    y += <usize>n * sizeof<T>();
  }
}

export function softmax32(rows: i32, n: i32, y: usize, x: usize): void {
  softmax<f32>(rows, n, y, x);
}

export function softmax64(rows: i32, n: i32, y: usize, x: usize): void {
  softmax<f64>(rows, n, y, x);
}

/** Where a lane is as great as `maximum`, first. */
function position<T>(n: i32, x: usize, maximum: T): i32 {
  const top = v128.splat<T>(maximum);
  for (let l = 0; l < n; l += width<T>()) {
    const found = v128.eq<T>(v128.load(x + <usize>l * sizeof<T>()), top);
    const bits = sizeof<T>() == 4 ? i32x4.bitmask(found) : i64x2.bitmask(found);
    if (bits) return l + ctz(bits);
  }
  return 0; // all of it is NaN
}

/** Σ s (g − near) / Σ s of a lane; 0 for no weights, and NaN where the sum is infinite. */
function meanBeyond<T>(n: i32, s: usize, g: usize, near: f64): f64 {
  const centre = f64x2.splat(near);
  let total = f64x2.splat(0);
  let weights = total;
  let totalLost = total;
  let weightsLost = total;
  for (let l = 0; l < n; l += 2) {
    let weight = load2<T>(s);
    let term = f64x2.mul(weight, f64x2.sub(load2<T>(g), centre));
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

// The mean of g under s is near + rest, as meanUnder in ../src/lanes.ts has it.
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
    const centre = f64x2.splat(near);
    const beyond = f64x2.splat(rest);
    for (let l = 0; l < n; l += 2) {
      const p = <usize>l * sizeof<T>();
      const u = load2<T>(g + p);
      const h = f64x2.sub(u, centre);
      const isExact = sizeof<T>() == 4; // but for what a float has no digits for
      const deviation = isExact
        ? f64x2.sub(h, beyond)
        : f64x2.add(h, f64x2.sub(sumError(u, f64x2.neg(centre), h), beyond));
      store2<T>(y + p, f64x2.mul(load2<T>(s + p), deviation));
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
