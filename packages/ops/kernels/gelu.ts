// This file computes gelu and its derivative for two floats at a time, as doubles. src/numerics/normal.ts explains the
// mathematics. The code repeats the operations of its function `geluLoop`, so all kernels give the same float32
// results. Φ and φ are the distribution function and the density of the standard normal distribution.

import { both, exp, one } from "./functions";
import { density, lastTail } from "./normal";

/** The number of nodes t = 0, 1/16, 2/16, … 6⅛ of the Taylor series. */
const nodes = 99;
/** The number of bytes of a row of the table. */
const rowSize = 128;
/**
 * The lookup table of Taylor coefficients. The row of a node t has 8 coefficients of Φ(−t), then 8 coefficients of φ(t).
 */
const table = memory.data(99 * 128, 16);

let tail = lastTail;
for (let j = nodes - 1; j >= 0; j--) {
  const t = 0.0625 * <f64>j;
  const row = table + rowSize * <usize>j;
  let before: f64 = 0;
  let ofDensity = f64x2.extract_lane(densityAt(f64x2.splat(t)), 0);
  let ofTail = tail;
  let power: f64 = 1;
  tail = 0;
  for (let n: usize = 0; n < 17; n++) {
    if (n < 8) store<f64>(row + 8 * n, ofTail), store<f64>(row + 8 * n, ofDensity, 64);
    tail += ofTail * power;
    power *= -0.0625;
    ofTail = -ofDensity / <f64>(n + 1);
    const next = -(t * ofDensity + before) / <f64>(n + 1);
    before = ofDensity;
    ofDensity = next;
  }
}

const perNode = memory.data<f64>([16], 8);
const spacing = memory.data<f64>([0.0625], 8);
const half = memory.data<f64>([0.5], 8);
const lastNode = memory.data<f64>([98], 8);
const rowBytes = memory.data<f64>([128], 8);
const toInteger = memory.data<f64>([4503599627370496], 8); // 2⁵²: after adding it, the low bits hold the integer
const firstFar = memory.data<f64>([6.125], 8);

/** Returns φ(t), the density of the standard normal distribution. */
function densityAt(t: v128): v128 {
  return f64x2.mul(f64x2.splat(density), exp(f64x2.mul(f64x2.mul(t, t), f64x2.splat(-0.5)), f64x2.splat(0)));
}

/** Returns a + z b. */
// @ts-ignore: decorator
@inline
function next(a: v128, z: v128, b: v128): v128 {
  return f64x2.add(a, f64x2.mul(z, b));
}

/**
 * Sums the even terms and the odd terms of a Taylor series separately. `row` is the address of the coefficients, and z
 * is the squared distance from the node.
 */
// @ts-ignore: decorator
@inline
function series(row: usize, z: v128): v128 {
  return next(v128.load(row), z, next(v128.load(row, 16), z, next(v128.load(row, 32), z, v128.load(row, 48))));
}

/**
 * Returns the sums of two Taylor series. `a` and `b` are the addresses of the coefficients, and the lanes of h are the
 * distances from the nodes.
 */
// @ts-ignore: decorator
@inline
function sums(a: usize, b: usize, h: v128): v128 {
  const z = f64x2.mul(h, h);
  const sumA = series(a, v128.shuffle<f64>(z, z, 0, 0));
  const sumB = series(b, v128.shuffle<f64>(z, z, 1, 1));
  return next(v128.shuffle<f64>(sumA, sumB, 0, 2), h, v128.shuffle<f64>(sumA, sumB, 1, 3));
}

/** Returns `tail` where x has a minus sign. Elsewhere, returns x − `tail`, or 1 − `tail` if `isSlope` is set. */
// @ts-ignore: decorator
@inline
function finish(x: v128, tail: v128, isSlope: bool): v128 {
  return v128.bitselect(tail, f64x2.sub(isSlope ? both(one) : x, tail), i64x2.gt_s(i64x2.splat(0), x));
}

/**
 * Returns gelu(x), or its derivative if `isSlope` is set, for |x| ≥ 6⅛. Computes Mills' ratio m(t) = Φ(−t) / φ(t) by
 * Laplace's continued fraction 1 / (t + 1 / (t + 2 / (t + …))). t is at most 40, because gelu(−40) underflows to 0.
 */
function far(x: v128, isSlope: bool): v128 {
  const t = f64x2.pmin(f64x2.abs(x), f64x2.splat(40));
  let f = t;
  for (let n = 23; n > 1; n--) f = f64x2.add(t, f64x2.div(f64x2.splat(<f64>n), f));
  const m = f64x2.div(both(one), f64x2.add(t, f64x2.div(both(one), f)));
  const isLimited = f64x2.ne(f64x2.abs(x), t);
  const factor = isSlope ? f64x2.sub(m, t) : f64x2.mul(v128.bitselect(f64x2.neg(t), x, isLimited), m);
  return finish(x, f64x2.mul(factor, densityAt(t)), isSlope);
}

/** The derivative of gelu at x, which the last call gelu(x, false, true) stored. */
let keptSlope = f64x2.splat(0);
export function lastSlope(): v128 {
  return keptSlope;
}

/**
 * Returns gelu(x), or its derivative if `isSlope` is set. If `keepsSlope` is set, also stores the derivative, which
 * `lastSlope` returns.
 */
export function gelu(x: v128, isSlope: bool, keepsSlope: bool = false): v128 {
  const t = f64x2.abs(x);
  const nearest = f64x2.floor(f64x2.add(f64x2.mul(t, both(perNode)), both(half)));
  const node = f64x2.pmin(both(lastNode), nearest); // also for NaN
  const rows = f64x2.add(f64x2.mul(node, both(rowBytes)), both(toInteger));
  const a = table + <usize>i32x4.extract_lane(rows, 0);
  const b = table + <usize>i32x4.extract_lane(rows, 2);
  const h = f64x2.sub(t, f64x2.mul(node, both(spacing)));
  const tail = sums(a, b, h);
  const isFar = f64x2.ge(t, both(firstFar));
  const isAnyFar = v128.any_true(isFar);
  if (isSlope || keepsSlope) {
    let slope = finish(x, f64x2.sub(tail, f64x2.mul(t, sums(a + 64, b + 64, h))), true);
    if (isAnyFar) slope = v128.bitselect(far(x, true), slope, isFar);
    if (isSlope) return slope;
    keptSlope = slope;
  }
  const y = finish(x, f64x2.mul(x, tail), false);
  return isAnyFar ? v128.bitselect(far(x, false), y, isFar) : y;
}
