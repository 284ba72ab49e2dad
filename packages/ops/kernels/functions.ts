// The functions in this file compute eˣ, ln x, tanh x and σ(x) for two doubles at a time. The code repeats the
// operations of exponential.ts, logarithm.ts and logistic.ts in src/numerics, so all kernels give the same bits. These
// files in src/numerics explain the mathematics.

import { artanh0, artanh1, artanh2, artanh3, artanh4, artanh5, artanh6, roots, step, stepRest } from "./constants";

// Constants are loaded from memory, which takes one instruction. V8 needs three instructions to make a vector of a
// constant in the code.
const perStep = memory.data<f64>([1.0 / step], 8);
const toInteger = memory.data<f64>([6755399441055744], 8); // 1.5 × 2⁵²: after adding it, the low bits hold the nearest integer
const toBiased = memory.data<f64>([6755399441055744 + 1023], 8);
const aStep = memory.data<f64>([step], 8);
const aStepRest = memory.data<f64>([stepRest], 8);
const ln2 = memory.data<f64>([32.0 * step], 8);
const ln2Rest = memory.data<f64>([32.0 * stepRest], 8);
export const one = memory.data<f64>([1], 8);
const two = memory.data<f64>([2], 8);
const half = memory.data<f64>([0.5], 8);
const sixth = memory.data<f64>([1.0 / 6], 8);
const inverse24 = memory.data<f64>([1.0 / 24], 8);
const inverse120 = memory.data<f64>([1.0 / 120], 8);
const inverse720 = memory.data<f64>([1.0 / 720], 8);
const lowest = memory.data<f64>([-800], 8);
const highest = memory.data<f64>([800], 8);
const limitOfSeries = memory.data<f64>([0.625], 8);
const p0 = memory.data<f64>([594], 8);
const p1 = memory.data<f64>([45045], 8);
const p2 = memory.data<f64>([675675], 8);
const q0 = memory.data<f64>([630], 8);
const q1 = memory.data<f64>([51975], 8);
const q2 = memory.data<f64>([945945], 8);
const q3 = memory.data<f64>([2027025], 8);
const c0 = memory.data<f64>([artanh0], 8);
const c1 = memory.data<f64>([artanh1], 8);
const c2 = memory.data<f64>([artanh2], 8);
const c3 = memory.data<f64>([artanh3], 8);
const c4 = memory.data<f64>([artanh4], 8);
const c5 = memory.data<f64>([artanh5], 8);
const c6 = memory.data<f64>([artanh6], 8);

/** Returns a vector whose two lanes both hold the constant at `address`. */
// @ts-ignore: decorator
@inline
export function both(address: usize): v128 {
  return v128.load64_splat(address);
}

/**
 * Returns x / (ln 2 / 32) plus the constant `toInteger`. The low bits of the sum hold the integer nearest to the
 * quotient.
 */
// @ts-ignore: decorator
@inline
function inSteps(x: v128): v128 {
  return f64x2.add(f64x2.mul(x, both(perStep)), both(toInteger));
}

/**
 * Loads 2^(j/32) and its rounding error from a lookup table. j is the low 5 bits of one 64-bit lane of the SIMD vector
 * `steps`: the first lane if `lane` is 0, else the second.
 */
// @ts-ignore: decorator
@inline
function entry(steps: v128, lane: u8): v128 {
  const j = lane == 0 ? i32x4.extract_lane(steps, 0) : i32x4.extract_lane(steps, 2);
  return v128.load(roots + ((<usize>(j & 31)) << 4));
}

/**
 * Returns the correction d in e^(x + dx) = 2ᵏ (2^(j/32) + d). `steps` encodes the integers k and j as 32 k + j. The sum
 * of the doubles `root` and `rootRest` is 2^(j/32).
 */
// @ts-ignore: decorator
@inline
function beyondRoot(x: v128, dx: v128, steps: v128, root: v128, rootRest: v128): v128 {
  const n = f64x2.sub(steps, both(toInteger));
  const h = f64x2.sub(x, f64x2.mul(n, both(aStep)));
  const c = f64x2.sub(dx, f64x2.mul(n, both(aStepRest)));
  const r = f64x2.add(h, c);
  const square = f64x2.mul(r, r);
  const last = f64x2.add(
    f64x2.add(both(inverse24), f64x2.mul(r, both(inverse120))),
    f64x2.mul(square, both(inverse720)),
  );
  const series = f64x2.add(f64x2.add(both(half), f64x2.mul(r, both(sixth))), f64x2.mul(square, last));
  const tail = f64x2.add(f64x2.mul(square, series), f64x2.add(f64x2.sub(h, r), c));
  return f64x2.add(rootRest, f64x2.mul(root, f64x2.add(tail, r)));
}

/** Returns 2ᵏ for both integers k of a SIMD vector. Ignores the high bits of each 64-bit lane. */
// @ts-ignore: decorator
@inline
function power(k: v128): v128 {
  return i64x2.shl(i64x2.add(k, i64x2.splat(1023)), 52);
}

/** Returns y 2ᵏ for integers |k| < 2000, in the low bits of each lane of `k`. Rounds a subnormal result only once. */
// @ts-ignore: decorator
@inline
function scaled(y: v128, k: v128): v128 {
  const half = i32x4.shr_s(k, 1);
  return f64x2.mul(f64x2.mul(y, power(half)), power(i32x4.sub(k, half)));
}

/** Returns e^(x + dx) for |dx| far below 1, and 0 for x = −Infinity. */
// @ts-ignore: decorator
@inline
export function exp(x: v128, dx: v128): v128 {
  const y = f64x2.pmin(f64x2.pmax(x, both(lowest)), both(highest)); // NaN stays
  const steps = inSteps(y);
  const a = entry(steps, 0);
  const b = entry(steps, 1);
  const root = v128.shuffle<f64>(a, b, 0, 2);
  const rest = beyondRoot(y, dx, steps, root, v128.shuffle<f64>(a, b, 1, 3));
  return scaled(f64x2.add(root, rest), i32x4.shr_s(steps, 5));
}

/** σ(x) */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const y = f64x2.pmax(f64x2.neg(f64x2.abs(x)), both(lowest));
  const steps = inSteps(y);
  const a = entry(steps, 0);
  const b = entry(steps, 1);
  const root = v128.shuffle<f64>(a, b, 0, 2);
  const rest = beyondRoot(y, f64x2.splat(0), steps, root, v128.shuffle<f64>(a, b, 1, 3));
  const sum = f64x2.add(root, rest);
  const k = i32x4.shr_s(steps, 5);
  const e = scaled(sum, k);
  const de = f64x2.mul(f64x2.add(f64x2.sub(root, sum), rest), scaled(both(one), k));
  const unit = both(one);
  const isNegative = f64x2.lt(x, f64x2.splat(0));
  const reciprocal = f64x2.div(unit, f64x2.add(unit, e));
  const numerator = v128.bitselect(e, unit, isNegative);
  const s = f64x2.mul(numerator, reciprocal);
  const slope = v128.bitselect(f64x2.sub(unit, s), f64x2.neg(s), isNegative);
  const short = f64x2.add(f64x2.sub(f64x2.sub(numerator, s), f64x2.mul(s, e)), f64x2.mul(slope, de));
  return f64x2.add(s, f64x2.mul(short, reciprocal));
}

/**
 * Returns the rounding error of a multiplication, a b − product, by the same operations as `productError` of
 * ../src/numerics/doubleDouble.ts.
 */
// @ts-ignore: decorator
@inline
function productError(a: v128, b: v128, product: v128): v128 {
  const splitter = f64x2.splat(134217729);
  const splitA = f64x2.mul(splitter, a);
  const splitB = f64x2.mul(splitter, b);
  const highA = f64x2.sub(splitA, f64x2.sub(splitA, a));
  const highB = f64x2.sub(splitB, f64x2.sub(splitB, b));
  const lowA = f64x2.sub(a, highA);
  const lowB = f64x2.sub(b, highB);
  const high = f64x2.sub(f64x2.mul(highA, highB), product);
  const middle = f64x2.add(f64x2.add(high, f64x2.mul(highA, lowB)), f64x2.mul(lowA, highB));
  return f64x2.add(middle, f64x2.mul(lowA, lowB));
}

/** 2ⁿ σ′(x) */
export function sigmoidSlope(x: v128, n: i32): v128 {
  const y = f64x2.pmax(f64x2.neg(f64x2.abs(x)), f64x2.splat(-800));
  const steps = inSteps(y);
  const a = entry(steps, 0);
  const b = entry(steps, 1);
  const root = v128.shuffle<f64>(a, b, 0, 2);
  const beyond = beyondRoot(y, f64x2.splat(0), steps, root, v128.shuffle<f64>(a, b, 1, 3));
  const sum = f64x2.add(root, beyond);
  const more = f64x2.add(f64x2.sub(root, sum), beyond);
  const k = i32x4.shr_s(steps, 5);
  const one = f64x2.splat(1);
  const scale = scaled(one, k);
  const e = f64x2.mul(sum, scale);
  const s = f64x2.add(one, e);
  const square = f64x2.mul(s, s);
  const twice = f64x2.add(f64x2.sub(one, square), f64x2.add(e, e));
  const doubled = f64x2.mul(f64x2.add(s, s), f64x2.mul(more, scale));
  const rest = f64x2.add(f64x2.add(twice, f64x2.mul(e, e)), doubled);
  // Divides two sums of two doubles, (sum + more) / (square + rest), by the same operations as `quotient` of
  // ../src/numerics/doubleDouble.ts.
  const reciprocal = f64x2.div(one, square);
  const q = f64x2.mul(sum, reciprocal);
  const product = f64x2.mul(q, square);
  const short = f64x2.sub(f64x2.sub(sum, product), productError(q, square, product));
  const lost = f64x2.add(short, f64x2.sub(more, f64x2.mul(q, rest)));
  return scaled(f64x2.add(q, f64x2.mul(lost, reciprocal)), i32x4.add(k, i32x4.splat(n)));
}

/** tanh x */
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const t = f64x2.abs(x);
  const isSmall = f64x2.lt(t, both(limitOfSeries));
  let y = x;
  if (v128.any_true(isSmall)) {
    const z = f64x2.mul(x, x);
    let p = f64x2.add(both(p0), z);
    p = f64x2.add(both(p1), f64x2.mul(z, p));
    p = f64x2.add(both(p2), f64x2.mul(z, p));
    let q = f64x2.add(both(q0), z);
    q = f64x2.add(both(q1), f64x2.mul(z, q));
    q = f64x2.add(both(q2), f64x2.mul(z, q));
    q = f64x2.add(both(q3), f64x2.mul(z, q));
    y = f64x2.sub(x, f64x2.mul(f64x2.mul(x, z), f64x2.div(p, q)));
    y = v128.bitselect(x, y, f64x2.eq(z, f64x2.splat(0))); // −0 stays
    if (i64x2.all_true(isSmall)) return y;
  }
  const s = sigmoid(f64x2.mul(f64x2.splat(-2), t));
  const size = f64x2.sub(both(one), f64x2.mul(both(two), s));
  return v128.bitselect(y, v128.or(size, v128.and(x, f64x2.splat(-0.0))), isSmall);
}

/** ln x */
// @ts-ignore: decorator
@inline
export function log(x: v128): v128 {
  const isOrdinary = v128.and(f64x2.ge(x, f64x2.splat(2.2250738585072014e-308)), f64x2.lt(x, f64x2.splat(Infinity)));
  if (i64x2.all_true(isOrdinary)) return logOrdinary(x, f64x2.splat(0));
  const isTiny = f64x2.lt(x, f64x2.splat(2.2250738585072014e-308));
  const larger = v128.bitselect(f64x2.mul(x, f64x2.splat(18014398509481984)), x, isTiny); // 2⁵⁴
  let y = logOrdinary(larger, v128.and(f64x2.splat(-54), isTiny));
  y = v128.bitselect(f64x2.splat(-Infinity), y, f64x2.eq(x, f64x2.splat(0)));
  y = v128.bitselect(f64x2.splat(NaN), y, f64x2.lt(x, f64x2.splat(0)));
  return v128.bitselect(y, x, f64x2.lt(x, f64x2.splat(Infinity))); // Infinity and NaN
}

/** Returns ln x + more · ln 2 for each lane. x must not be subnormal, infinite or NaN. */
function logOrdinary(x: v128, more: v128): v128 {
  // Write x = 2ᵏ (1 + f) with √½ ≤ 1 + f < √2. The top 21 bits of x determine k.
  const exponent = i64x2.shr_u(i64x2.add(x, i64x2.splat(0x95f6200000000)), 52); // k + 1023, the biased exponent of 2ᵏ
  const k = f64x2.add(f64x2.sub(i64x2.add(exponent, both(toInteger)), both(toBiased)), more);
  const m = i64x2.sub(x, i64x2.shl(i64x2.sub(exponent, i64x2.splat(1023)), 52));
  const f = f64x2.sub(m, both(one));
  const halfSquare = f64x2.mul(f64x2.mul(both(half), f), f);
  const s = f64x2.div(f, f64x2.add(both(two), f));
  const z = f64x2.mul(s, s);
  const w = f64x2.mul(z, z);
  let odd = f64x2.add(both(c3), f64x2.mul(w, both(c5)));
  odd = f64x2.mul(w, f64x2.add(both(c1), f64x2.mul(w, odd)));
  let even = f64x2.add(both(c4), f64x2.mul(w, both(c6)));
  even = f64x2.add(both(c2), f64x2.mul(w, even));
  even = f64x2.mul(z, f64x2.add(both(c0), f64x2.mul(w, even)));
  let y = f64x2.mul(s, f64x2.add(halfSquare, f64x2.add(even, odd)));
  y = f64x2.add(y, f64x2.mul(k, both(ln2Rest)));
  y = f64x2.add(f64x2.sub(y, halfSquare), f);
  return f64x2.add(y, f64x2.mul(k, both(ln2)));
}
