// Kernels of softmax and its pullback, which process one slice after the other.

import { at, both, exponentials, first, load2, maximum, position, store2, sumError } from "./slices";

// @ts-ignore: decorator
@inline
function softmax<T>(rows: i32, n: i32, y: usize, x: usize): void {
  for (; rows > 0; rows--) {
    const total = exponentials<T>(n, y, x, maximum<T>(n, x));
    if (sizeof<T>() == 4) {
      const scale = f64x2.splat(1 / total); // in double, because a float would add one rounding
      for (let l = 0; l < n; l += 2) {
        const p = at<f32>(y, l);
        store2<f32>(p, f64x2.mul(load2<f32>(p), scale));
      }
    } else {
      const divisor = f64x2.splat(total);
      for (let l = 0; l < n; l += 2) {
        const p = at<f64>(y, l);
        v128.store(p, f64x2.div(v128.load(p), divisor));
      }
    }
    x = at<T>(x, n);
    y = at<T>(y, n);
  }
}

export function softmax32(rows: i32, n: i32, y: usize, x: usize): void {
  softmax<f32>(rows, n, y, x);
}

export function softmax64(rows: i32, n: i32, y: usize, x: usize): void {
  softmax<f64>(rows, n, y, x);
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
  for (let l = 0; l < n; l += 2) {
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
    for (let l = 0; l < n; l += 2) {
      const p = <usize>l * sizeof<T>();
      const u = load2<T>(g + p);
      const h = f64x2.sub(u, center);
      const isExact = sizeof<T>() == 4; // up to the precision of a float
      const deviation = isExact
        ? f64x2.sub(h, beyond)
        : f64x2.add(h, f64x2.sub(sumError(u, f64x2.neg(center), h), beyond));
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
