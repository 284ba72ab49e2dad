// Kernels of logSumExp, logSoftmax, cross-entropy and their pullbacks, which process `rows` slices one after the other.
// Arrays with an entry for each slice (results, labels, or cotangents of results) are contiguous.

import { one } from "./exp";
import * as slices from "./slices";
import { at, first, load2, store2, sumError } from "./slices";

export function logSumExp32(rows: i32, n: i32, y: usize, x: usize, _b: usize, _c: usize, scratch: usize): void {
  logSumExp<f32>(rows, n, y, x, scratch);
}
export function logSumExp64(rows: i32, n: i32, y: usize, x: usize, _b: usize, _c: usize, scratch: usize): void {
  logSumExp<f64>(rows, n, y, x, scratch);
}
// @ts-ignore: decorator
@inline
function logSumExp<T>(rows: i32, n: i32, y: usize, x: usize, tops: usize): void {
  const norms = at<f64>(tops, rows);
  slices.logNorms<T>(rows, n, tops, norms, x);
  for (let row = 0; row < rows; row++)
    store<T>(at<T>(y, row), <T>(load<f64>(at<f64>(tops, row)) + load<f64>(at<f64>(norms, row))));
}

/**
 * Returns log1p of Σ exp(x − maximum) over all entries of a slice except the maximum. Returns NaN if the maximum is not
 * finite.
 */
// @ts-ignore: decorator
@inline
function normOf(norms: usize, row: i32, top: f64): f64 {
  return load<f64>(at<f64>(norms, row)) + (top - top);
}

export function logSoftmax32(rows: i32, n: i32, y: usize, x: usize, _b: usize, _c: usize, scratch: usize): void {
  logSoftmax<f32>(rows, n, y, x, scratch);
}
export function logSoftmax64(rows: i32, n: i32, y: usize, x: usize, _b: usize, _c: usize, scratch: usize): void {
  logSoftmax<f64>(rows, n, y, x, scratch);
}
// @ts-ignore: decorator
@inline
function logSoftmax<T>(rows: i32, n: i32, y: usize, x: usize, tops: usize): void {
  const norms = at<f64>(tops, rows);
  slices.logNorms<T>(rows, n, tops, norms, x);
  for (let row = 0; row < rows; row++) {
    const top = load<f64>(at<f64>(tops, row));
    const most = f64x2.splat(top);
    const norm = f64x2.splat(normOf(norms, row, top));
    for (let l = 0; l < n; l += 2) store2<T>(at<T>(y, l), f64x2.sub(f64x2.sub(load2<T>(at<T>(x, l)), most), norm));
    x = at<T>(x, n);
    y = at<T>(y, n);
  }
}

export function labelLosses32(rows: i32, n: i32, y: usize, x: usize, labels: usize, _c: usize, scratch: usize): void {
  labelLosses<f32>(rows, n, y, x, labels, scratch);
}
export function labelLosses64(rows: i32, n: i32, y: usize, x: usize, labels: usize, _c: usize, scratch: usize): void {
  labelLosses<f64>(rows, n, y, x, labels, scratch);
}
// @ts-ignore: decorator
@inline
function labelLosses<T>(rows: i32, n: i32, y: usize, x: usize, labels: usize, tops: usize): void {
  const norms = at<f64>(tops, rows);
  slices.logNorms<T>(rows, n, tops, norms, x);
  for (let row = 0; row < rows; row++) {
    const top = load<f64>(at<f64>(tops, row));
    const ofLabel = <f64>load<T>(at<T>(x, load<i32>(at<i32>(labels, row))));
    store<T>(at<T>(y, row), <T>(normOf(norms, row, top) - (ofLabel - top)));
    x = at<T>(x, n);
  }
}

export function probabilityLosses32(rows: i32, n: i32, y: usize, x: usize, t: usize, _c: usize, scratch: usize): void {
  probabilityLosses<f32>(rows, n, y, x, t, scratch);
}
export function probabilityLosses64(rows: i32, n: i32, y: usize, x: usize, t: usize, _c: usize, scratch: usize): void {
  probabilityLosses<f64>(rows, n, y, x, t, scratch);
}
// @ts-ignore: decorator
@inline
function probabilityLosses<T>(rows: i32, n: i32, y: usize, x: usize, t: usize, tops: usize): void {
  const norms = at<f64>(tops, rows);
  slices.logNorms<T>(rows, n, tops, norms, x);
  const zero = f64x2.splat(0);
  for (let row = 0; row < rows; row++) {
    const top = load<f64>(at<f64>(tops, row));
    const most = f64x2.splat(top);
    const ofOthers = load<f64>(at<f64>(norms, row)); // NaN if an entry is NaN
    const norm = f64x2.splat(ofOthers);
    let total = zero;
    let lost = zero;
    for (let l = 0; l < n; l += 2) {
      const weight = load2<T>(at<T>(t, l));
      let term = f64x2.mul(weight, f64x2.sub(norm, f64x2.sub(load2<T>(at<T>(x, l)), most)));
      term = v128.andnot(term, f64x2.eq(weight, zero)); // 0 × ∞ is 0 here
      if (l + 1 == n) term = v128.and(term, first<f64>(1));
      const next = f64x2.add(total, term);
      if (sizeof<T>() == 8) lost = f64x2.add(lost, sumError(total, term, next));
      total = next;
    }
    store<T>(at<T>(y, row), <T>(slices.sumOf(total, lost) + (top - top) + (ofOthers - ofOthers)));
    x = at<T>(x, n);
    t = at<T>(t, n);
  }
}

/**
 * A slice is computed in float32 if its cotangents are at most this large, and otherwise in float64. A float32
 * exponential below e⁻¹³¹ is 0, which changes the pullback only if a larger cotangent multiplies the exponential.
 */
const large: f64 = 274877906944; // 2³⁸

/**
 * Computes g − s Σ g of a slice, for the cotangent g and the softmax s. Returns false if a cotangent is too large for
 * floats.
 */
function logSoftmaxPullback<T>(n: i32, y: usize, x: usize, g: usize): bool {
  const top = slices.maximum<T>(n, x);
  const m = slices.position<T>(n, x, top);
  const gOfOthers = slices.sumOfOthers<T>(n, g, x, m);
  const gOfPeak = <f64>load<T>(at<T>(g, m));
  if (sizeof<T>() == 4 && !(abs(gOfOthers) + abs(gOfPeak) <= large)) return false;
  const others = slices.exponentialsAndOthers<T>(n, y, x, top);
  if (others != others) {
    slices.spoil<T>(n, y);
    return true;
  }
  const scale = f64x2.splat(slices.overNorm<T>(gOfOthers, gOfPeak, others));
  const unit = f64x2.splat(1 / one<T>());
  const nothing = f64x2.splat(-Infinity);
  for (let l = 0; l < n; l += 2) {
    const e = f64x2.mul(load2<T>(at<T>(y, l)), unit);
    const pulled = f64x2.sub(load2<T>(at<T>(g, l)), f64x2.mul(e, scale));
    store2<T>(at<T>(y, l), v128.andnot(pulled, f64x2.eq(load2<T>(at<T>(x, l)), nothing)));
  }
  store<T>(at<T>(y, m), <T>((gOfPeak * others - gOfOthers) / (1 + others)));
  return true;
}

export function logSoftmaxPullback32(rows: i32, n: i32, y: usize, x: usize, g: usize, _c: usize, scratch: usize): void {
  for (; rows > 0; rows--) {
    if (!logSoftmaxPullback<f32>(n, y, x, g)) {
      const wideX = scratch;
      const wideG = at<f64>(scratch, n + 2);
      slices.widen(n, wideX, x);
      slices.widen(n, wideG, g);
      logSoftmaxPullback<f64>(n, at<f64>(wideG, n + 2), wideX, wideG);
      slices.narrow(n, y, at<f64>(wideG, n + 2));
    }
    x = at<f32>(x, n);
    g = at<f32>(g, n);
    y = at<f32>(y, n);
  }
}
export function logSoftmaxPullback64(rows: i32, n: i32, y: usize, x: usize, g: usize): void {
  for (; rows > 0; rows--) {
    logSoftmaxPullback<f64>(n, y, x, g);
    x = at<f64>(x, n);
    g = at<f64>(g, n);
    y = at<f64>(y, n);
  }
}

/** Computes g (s − t) of a slice, for the cotangent g, the softmax s and the one-hot vector t of the label. */
function labelPullback<T>(n: i32, y: usize, x: usize, label: i32, g: f64): void {
  const top = slices.maximum<T>(n, x);
  const others = slices.exponentialsAndOthers<T>(n, y, x, top);
  if (others != others) {
    slices.spoil<T>(n, y);
    return;
  }
  const ofLabel = load<T>(at<T>(x, label));
  const scale = ofLabel == <T>-Infinity ? 0 : slices.overNorm<T>(g, 0, others);
  const notLabel = ofLabel == top ? others : 1 + (others - <f64>load<T>(at<T>(y, label)) * (1 / one<T>()));
  const unit = f64x2.splat(1 / one<T>());
  const factor = f64x2.splat(scale);
  for (let l = 0; l < n; l += 2)
    store2<T>(at<T>(y, l), f64x2.mul(f64x2.mul(load2<T>(at<T>(y, l)), unit), factor));
  store<T>(at<T>(y, label), <T>(0 - notLabel * scale)); // not −0
}

export function labelPullback32(rows: i32, n: i32, y: usize, x: usize, labels: usize, g: usize, scratch: usize): void {
  for (let row = 0; row < rows; row++) {
    const label = load<i32>(at<i32>(labels, row));
    const u = <f64>load<f32>(at<f32>(g, row));
    if (abs(u) <= large) labelPullback<f32>(n, y, x, label, u);
    else {
      slices.widen(n, scratch, x);
      labelPullback<f64>(n, at<f64>(scratch, n + 2), scratch, label, u);
      slices.narrow(n, y, at<f64>(scratch, n + 2));
    }
    x = at<f32>(x, n);
    y = at<f32>(y, n);
  }
}
export function labelPullback64(rows: i32, n: i32, y: usize, x: usize, labels: usize, g: usize): void {
  for (let row = 0; row < rows; row++) {
    labelPullback<f64>(n, y, x, load<i32>(at<i32>(labels, row)), load<f64>(at<f64>(g, row)));
    x = at<f64>(x, n);
    y = at<f64>(y, n);
  }
}

/**
 * Computes g (s Σt − t) of a slice, for the cotangent g, the softmax s and the target t. Returns false if t and g are
 * too large for floats.
 */
function probabilityPullback<T>(n: i32, y: usize, x: usize, t: usize, g: f64): bool {
  const top = slices.maximum<T>(n, x);
  const m = slices.position<T>(n, x, top);
  const tOfOthers = slices.sumOfOthers<T>(n, t, x, m);
  const tOfPeak = <f64>load<T>(at<T>(t, m));
  if (sizeof<T>() == 4 && !((abs(tOfOthers) + abs(tOfPeak)) * abs(g) <= large)) return false;
  const others = slices.exponentialsAndOthers<T>(n, y, x, top);
  if (others != others) {
    slices.spoil<T>(n, y);
    return true;
  }
  const factor = f64x2.splat(g);
  const total = f64x2.splat(slices.overNorm<T>(tOfOthers, tOfPeak, others));
  const unit = f64x2.splat(1 / one<T>());
  const nothing = f64x2.splat(-Infinity);
  for (let l = 0; l < n; l += 2) {
    const e = f64x2.mul(load2<T>(at<T>(y, l)), unit);
    const pulled = f64x2.mul(f64x2.sub(f64x2.mul(e, total), load2<T>(at<T>(t, l))), factor);
    store2<T>(at<T>(y, l), v128.andnot(pulled, f64x2.eq(load2<T>(at<T>(x, l)), nothing)));
  }
  store<T>(at<T>(y, m), <T>(((tOfOthers - tOfPeak * others) / (1 + others)) * g));
  return true;
}

export function probabilityPullback32(rows: i32, n: i32, y: usize, x: usize, t: usize, g: usize, scratch: usize): void {
  for (let row = 0; row < rows; row++) {
    const u = <f64>load<f32>(at<f32>(g, row));
    if (!probabilityPullback<f32>(n, y, x, t, u)) {
      const wideX = scratch;
      const wideT = at<f64>(scratch, n + 2);
      slices.widen(n, wideX, x);
      slices.widen(n, wideT, t);
      probabilityPullback<f64>(n, at<f64>(wideT, n + 2), wideX, wideT, u);
      slices.narrow(n, y, at<f64>(wideT, n + 2));
    }
    x = at<f32>(x, n);
    t = at<f32>(t, n);
    y = at<f32>(y, n);
  }
}
export function probabilityPullback64(rows: i32, n: i32, y: usize, x: usize, t: usize, g: usize): void {
  for (let row = 0; row < rows; row++) {
    probabilityPullback<f64>(n, y, x, t, load<f64>(at<f64>(g, row)));
    x = at<f64>(x, n);
    t = at<f64>(t, n);
    y = at<f64>(y, n);
  }
}
