// This file computes gelu and its derivative for two floats at a time, as doubles. src/numerics/normal.ts explains the
// mathematics. The code repeats the operations of its function `geluLoop`, so all kernels give the same float32
// results.

import { exp } from "./functions";
import { crossing, crossingRest, crossingSlope, crossingSlopeRest, density, ratios } from "./millsRatio";

/**
 * The lookup table for Mills' ratio m, with a row for each node t: t, m(t), m′(t), one unused double, and 8 Taylor
 * coefficients of m around t.
 */
const table = memory.data(25 * 96, 16);
for (let j: i64 = 0; j < 25; j++) {
  const row = table + 96 * <usize>j;
  const pair = ratios + 16 * <usize>j;
  const isCrossing = j == 3;
  const t = isCrossing ? crossing : 0.25 * <f64>j;
  const m = isCrossing ? crossing : load<f64>(pair);
  const rest = isCrossing ? crossingRest : load<f64>(pair, 8);
  // The derivative of Mills' ratio m is m′ = t m − 1. It is stored as the sum of a multiple of 2⁻⁴⁰ and a small
  // remainder.
  const high = j * <i64>(m * 1099511627776.0);
  const low = ((high & 3) << 38) + ((j * <i64>(rest * 1208925819614629174706176.0)) >> 2);
  const carry = (low + 0x8000000000) >> 40;
  const slope = isCrossing ? crossingSlope : <f64>((high >> 2) + carry) / 1099511627776.0 - 1;
  const slopeRest = isCrossing ? crossingSlopeRest : <f64>(low - (carry << 40)) / 1208925819614629174706176.0;
  store<f64>(row, t);
  store<f64>(row, m, 8);
  store<f64>(row, slope, 16);
  let before = m + rest;
  let last = slope + slopeRest;
  for (let n: usize = 0; n < 8; n++) {
    const next = (t * last + before) / <f64>(n + 2);
    store<f64>(row + 8 * n, next, 32);
    before = last;
    last = next;
  }
}

/** Returns a + z b. */
// @ts-ignore: decorator
@inline
function next(a: v128, z: v128, b: v128): v128 {
  return f64x2.add(a, f64x2.mul(z, b));
}

/**
 * Sums the even terms and the odd terms of a Taylor series separately. `row` is the address of the coefficients, and z
 * is the squared distance from the center of the series.
 */
// @ts-ignore: decorator
@inline
function series(row: usize, z: v128): v128 {
  const last = next(v128.load(row, 64), z, v128.load(row, 80));
  return next(v128.load(row, 32), z, next(v128.load(row, 48), z, last));
}

/** The derivative of gelu at x, which the last call gelu(x, false, true) stored. */
let keptSlope = f64x2.splat(0);
export function lastSlope(): v128 {
  return keptSlope;
}

/**
 * Returns gelu(x), or its derivative. `t` is min(|x|, 40), `m` is Mills' ratio at t, and `e` is exp(−t² / 2).
 */
function finish(x: v128, t: v128, m: v128, e: v128, isSlope: bool): v128 {
  const isLimited = f64x2.ne(f64x2.abs(x), t);
  const factor = isSlope ? f64x2.sub(m, t) : f64x2.mul(v128.bitselect(f64x2.neg(t), x, isLimited), m);
  const tail = f64x2.mul(f64x2.mul(factor, f64x2.splat(density)), e);
  const y = v128.bitselect(tail, f64x2.sub(isSlope ? f64x2.splat(1) : x, tail), f64x2.lt(x, f64x2.splat(0)));
  return isSlope ? y : v128.bitselect(x, y, f64x2.eq(x, f64x2.splat(0))); // −0 stays
}

/**
 * Returns gelu(x), or its derivative if `isSlope` is set. If `keepsSlope` is set, also stores the derivative, which
 * `lastSlope` returns.
 */
export function gelu(x: v128, isSlope: bool, keepsSlope: bool = false): v128 {
  let t = f64x2.abs(x);
  const steps = i32x4.min_u(i32x4.trunc_sat_f64x2_u_zero(f64x2.add(f64x2.mul(t, f64x2.splat(4)), f64x2.splat(0.5))), i32x4.splat(24));
  const a = table + 96 * <usize>i32x4.extract_lane(steps, 0);
  const b = table + 96 * <usize>i32x4.extract_lane(steps, 1);
  const h = f64x2.sub(t, v128.shuffle<f64>(v128.load(a), v128.load(b), 0, 2));
  const z = f64x2.mul(h, h);
  const seriesA = series(a, v128.shuffle<f64>(z, z, 0, 0));
  const seriesB = series(b, v128.shuffle<f64>(z, z, 1, 1));
  const rest = next(v128.shuffle<f64>(seriesA, seriesB, 0, 2), h, v128.shuffle<f64>(seriesA, seriesB, 1, 3));
  const slope = next(v128.shuffle<f64>(v128.load(a, 16), v128.load(b, 16), 0, 2), h, rest);
  let m = next(v128.shuffle<f64>(v128.load(a), v128.load(b), 1, 3), h, slope);
  const isTail = f64x2.ge(t, f64x2.splat(6.125));
  if (v128.any_true(isTail)) {
    // For t = |x| ≥ 6.125, Mills' ratio is computed by Laplace's continued fraction 1 / (t + 1 / (t + 2 / (t + …))). t
    // is limited to 40, because gelu(−40) underflows to 0.
    t = f64x2.pmin(t, f64x2.splat(40));
    let f = t;
    for (let n = 23; n > 1; n--) f = f64x2.add(t, f64x2.div(f64x2.splat(<f64>n), f));
    const one = f64x2.splat(1);
    const ratio = f64x2.div(one, f64x2.add(t, f64x2.div(one, f)));
    m = v128.bitselect(ratio, m, isTail);
  }
  const e = exp(f64x2.mul(f64x2.mul(t, t), f64x2.splat(-0.5)), f64x2.splat(0));
  if (keepsSlope) keptSlope = finish(x, t, m, e, true);
  return finish(x, t, m, e, isSlope);
}
