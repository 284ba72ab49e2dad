// Random numbers: Threefry-2x32 with 20 rounds, for eight counters at a time. The code repeats the operations of
// src/random and src/numerics, so kernels and plain loops give the same bits. tools/setup/kernels.mjs compiles this
// file to its own binary, so a program includes it only if it draws random numbers.

import { log } from "./functions";

/** Memory for the random bits that the function `blocks` writes: four vectors of 16 bytes. */
const words: usize = memory.data(64, 16);

/** Returns the first address in WebAssembly memory that the kernels in this file do not use. */
export function free(): usize {
  return (__heap_base + 15) & ~15;
}

// @ts-ignore: decorator
@inline
function rotated(y: v128, count: i32): v128 {
  return v128.or(i32x4.shl(y, count), i32x4.shr_u(y, 32 - count));
}

/**
 * Writes eight Threefry blocks to memory, for two groups of four counters. The first group has the counters (c, stream)
 * to (c + 3, stream), the second (otherC, otherStream) to (otherC + 3, otherStream).
 */
function blocks(k0: i32, k1: i32, c: i32, stream: i32, otherC: i32, otherStream: i32): void {
  const lanes = i32x4(0, 1, 2, 3);
  let x = i32x4.add(i32x4.splat(c + k0), lanes);
  let y = i32x4.splat(stream + k1);
  let u = i32x4.add(i32x4.splat(otherC + k0), lanes);
  let v = i32x4.splat(otherStream + k1);
  // After every four rounds, Threefry adds two of its three key words to its state: first (k1, k2), then (k2, k0), then
  // (k0, k1), and so on. The variables a, b and c2 hold the key words in the order of their next use.
  let a = k1;
  let b = 0x1bd11bda ^ k0 ^ k1;
  let c2 = k0;
  for (let n = 1; ; n += 2) {
    x = i32x4.add(x, y);
    u = i32x4.add(u, v);
    y = v128.xor(rotated(y, 13), x);
    v = v128.xor(rotated(v, 13), u);
    x = i32x4.add(x, y);
    u = i32x4.add(u, v);
    y = v128.xor(rotated(y, 15), x);
    v = v128.xor(rotated(v, 15), u);
    x = i32x4.add(x, y);
    u = i32x4.add(u, v);
    y = v128.xor(rotated(y, 26), x);
    v = v128.xor(rotated(v, 26), u);
    x = i32x4.add(x, y);
    u = i32x4.add(u, v);
    y = v128.xor(rotated(y, 6), x);
    v = v128.xor(rotated(v, 6), u);
    x = i32x4.add(x, i32x4.splat(a));
    u = i32x4.add(u, i32x4.splat(a));
    y = i32x4.add(y, i32x4.splat(b + n));
    v = i32x4.add(v, i32x4.splat(b + n));
    if (n == 5) break;
    x = i32x4.add(x, y);
    u = i32x4.add(u, v);
    y = v128.xor(rotated(y, 17), x);
    v = v128.xor(rotated(v, 17), u);
    x = i32x4.add(x, y);
    u = i32x4.add(u, v);
    y = v128.xor(rotated(y, 29), x);
    v = v128.xor(rotated(v, 29), u);
    x = i32x4.add(x, y);
    u = i32x4.add(u, v);
    y = v128.xor(v128.shuffle<i16>(y, y, 1, 0, 3, 2, 5, 4, 7, 6), x); // a rotation by 16 bits
    v = v128.xor(v128.shuffle<i16>(v, v, 1, 0, 3, 2, 5, 4, 7, 6), u);
    x = i32x4.add(x, y);
    u = i32x4.add(u, v);
    y = v128.xor(rotated(y, 24), x);
    v = v128.xor(rotated(v, 24), u);
    x = i32x4.add(x, i32x4.splat(b));
    u = i32x4.add(u, i32x4.splat(b));
    y = i32x4.add(y, i32x4.splat(c2 + n + 1));
    v = i32x4.add(v, i32x4.splat(c2 + n + 1));
    const first = a;
    a = c2;
    c2 = b;
    b = first;
  }
  v128.store(words, x);
  v128.store(words, y, 16);
  v128.store(words, u, 32);
  v128.store(words, v, 48);
}

/**
 * Returns two uniform numbers of 53 bits, made from two of the eight Threefry blocks in memory. `group` (0 or 1)
 * selects four of the blocks, and `half` (0 or 1) selects two of these four.
 */
// @ts-ignore: decorator
@inline
function uniform53(group: usize, half: usize): v128 {
  const x = v128.load64_zero(words + group * 32 + half * 8);
  const y = v128.load64_zero(words + group * 32 + half * 8 + 16);
  const high = f64x2.convert_low_i32x4_u(i32x4.shr_u(x, 5));
  const low = f64x2.convert_low_i32x4_u(i32x4.shr_u(y, 6));
  return f64x2.mul(f64x2.add(f64x2.mul(high, f64x2.splat(67108864)), low), f64x2.splat(1.1102230246251565e-16)); // 2²⁶, 2⁻⁵³
}

/**
 * Returns two uniform numbers of 24 bits, made from two of the eight Threefry blocks in memory. `group` (0 or 1)
 * selects four of the blocks, and `half` (0 or 1) selects two of these four.
 */
// @ts-ignore: decorator
@inline
function uniform24(group: usize, half: usize): v128 {
  const x = v128.load64_zero(words + group * 32 + half * 8);
  return f64x2.mul(f64x2.convert_low_i32x4_u(i32x4.shr_u(x, 8)), f64x2.splat(5.9604644775390625e-8)); // 2⁻²⁴
}

// @ts-ignore: decorator
@inline
function uniform<T>(group: usize, half: usize): v128 {
  return sizeof<T>() == 4 ? uniform24(group, half) : uniform53(group, half);
}

/** Stores two doubles as two entries of type T. */
// @ts-ignore: decorator
@inline
function store2<T>(y: usize, x: v128): void {
  if (sizeof<T>() == 4) v128.store64_lane(y, f32x4.demote_f64x2_zero(x), 0);
  else v128.store(y, x);
}

/**
 * Writes n numbers min + range · u, limited to [first, last]. The uniform random numbers u come from a counter-based
 * generator, with the counters c, c + 1, …. Writes up to seven entries past the end.
 */
// @ts-ignore: decorator
@inline
function uniforms<T>(
  n: i32, y: usize, k0: i32, k1: i32, c: i32, stream: i32, min: f64, range: f64, first: f64, last: f64,
): void {
  const isUnit = min == 0 && range == 1; // then u already has the dtype and is in the interval
  for (; n > 0; n -= 8, c += 8) {
    blocks(k0, k1, c, stream, c + 4, stream);
    for (let pair: usize = 0; pair < 4; pair++, y += 2 * sizeof<T>()) {
      let u = uniform<T>(pair >> 1, pair & 1);
      if (!isUnit) {
        u = f64x2.add(f64x2.splat(min), f64x2.mul(f64x2.splat(range), u));
        u = f64x2.max(f64x2.splat(first), f64x2.min(u, f64x2.splat(last)));
      }
      store2<T>(y, u);
    }
  }
}

export function uniform32(
  n: i32, y: usize, k0: i32, k1: i32, c: i32, stream: i32, min: f64, range: f64, first: f64, last: f64,
): void {
  uniforms<f32>(n, y, k0, k1, c, stream, min, range, first, last);
}
export function uniform64(
  n: i32, y: usize, k0: i32, k1: i32, c: i32, stream: i32, min: f64, range: f64, first: f64, last: f64,
): void {
  uniforms<f64>(n, y, k0, k1, c, stream, min, range, first, last);
}

/**
 * The divisors k (k + 1) of the Taylor series of cosine and sine, for two numbers at a time. Each of the four rows is
 * for a pair of functions: (cos, cos), (sin, cos), (cos, sin) and (sin, sin). Sine has one term fewer, so its last
 * divisor is infinite.
 */
const divisors: usize = memory.data<f64>([
  2, 2, 12, 12, 30, 30, 56, 56, 90, 90, 132, 132, 182, 182, 240, 240, 306, 306,
  6, 2, 20, 12, 42, 30, 72, 56, 110, 90, 156, 132, 210, 182, 272, 240, Infinity, 306,
  2, 6, 12, 20, 30, 42, 56, 72, 90, 110, 132, 156, 182, 210, 240, 272, 306, Infinity,
  6, 6, 20, 20, 42, 42, 72, 72, 110, 110, 156, 156, 210, 210, 272, 272, Infinity, Infinity,
], 16);

/** Returns cos 2πa for 0 ≤ a < 1, with the Taylor series of `cosine` in src/random/random.ts. */
// @ts-ignore: decorator
@inline
function cosine(a: v128): v128 {
  const four = f64x2.mul(f64x2.splat(4), a);
  const quarter = f64x2.floor(f64x2.add(four, f64x2.splat(0.5)));
  const x = f64x2.mul(f64x2.splat(6.283185307179586), f64x2.sub(a, f64x2.mul(quarter, f64x2.splat(0.25))));
  const isOdd = v128.or(f64x2.eq(quarter, f64x2.splat(1)), f64x2.eq(quarter, f64x2.splat(3))); // then a sine
  const row = divisors + <usize>(i64x2.bitmask(isOdd) * 144);
  const square = f64x2.mul(f64x2.neg(x), x);
  let term = v128.bitselect(x, f64x2.splat(1), isOdd);
  let sum = term;
  term = f64x2.mul(term, f64x2.div(square, v128.load(row)));
  sum = f64x2.add(sum, term);
  term = f64x2.mul(term, f64x2.div(square, v128.load(row, 16)));
  sum = f64x2.add(sum, term);
  term = f64x2.mul(term, f64x2.div(square, v128.load(row, 32)));
  sum = f64x2.add(sum, term);
  term = f64x2.mul(term, f64x2.div(square, v128.load(row, 48)));
  sum = f64x2.add(sum, term);
  term = f64x2.mul(term, f64x2.div(square, v128.load(row, 64)));
  sum = f64x2.add(sum, term);
  term = f64x2.mul(term, f64x2.div(square, v128.load(row, 80)));
  sum = f64x2.add(sum, term);
  term = f64x2.mul(term, f64x2.div(square, v128.load(row, 96)));
  sum = f64x2.add(sum, term);
  term = f64x2.mul(term, f64x2.div(square, v128.load(row, 112)));
  sum = f64x2.add(sum, term);
  term = f64x2.mul(term, f64x2.div(square, v128.load(row, 128)));
  sum = f64x2.add(sum, term);
  const isNegative = v128.or(f64x2.eq(quarter, f64x2.splat(1)), f64x2.eq(quarter, f64x2.splat(2)));
  return v128.xor(sum, v128.and(isNegative, f64x2.splat(-0.0)));
}

/**
 * Writes n standard normal numbers √(−2 ln(1 − r)) cos 2πa, for uniform numbers r and a in [0, 1). Writes up to three
 * entries past the end.
 */
// @ts-ignore: decorator
@inline
function normals<T>(n: i32, y: usize, k0: i32, k1: i32, c: i32, radius: i32, angle: i32): void {
  for (; n > 0; n -= 4, c += 4) {
    blocks(k0, k1, c, radius, c, angle);
    for (let half: usize = 0; half < 2; half++, y += 2 * sizeof<T>()) {
      const r = log(f64x2.sub(f64x2.splat(1), uniform<T>(0, half)));
      store2<T>(y, f64x2.mul(f64x2.sqrt(f64x2.mul(f64x2.splat(-2), r)), cosine(uniform<T>(1, half))));
    }
  }
}

export function normal32(n: i32, y: usize, k0: i32, k1: i32, c: i32, radius: i32, angle: i32): void {
  normals<f32>(n, y, k0, k1, c, radius, angle);
}
export function normal64(n: i32, y: usize, k0: i32, k1: i32, c: i32, radius: i32, angle: i32): void {
  normals<f64>(n, y, k0, k1, c, radius, angle);
}

/**
 * Converts n uniform float64 numbers u to random numbers −ln(1 − u) of the exponential distribution, and writes these
 * to y, which may be the array of u.
 */
// @ts-ignore: decorator
@inline
function exponentials<T>(n: i32, y: usize, u: usize): void {
  for (; n > 0; n -= 2, y += 2 * sizeof<T>(), u += 16)
    store2<T>(y, f64x2.neg(log(f64x2.sub(f64x2.splat(1), v128.load(u)))));
}

export function exponential32(n: i32, y: usize, u: usize): void {
  exponentials<f32>(n, y, u);
}
export function exponential64(n: i32, y: usize, u: usize): void {
  exponentials<f64>(n, y, u);
}

/**
 * Converts n uniform float64 numbers u to random numbers −ln(−ln max(u, 2⁻⁵⁴)) of the Gumbel distribution, and writes
 * these to y, which may be the array of u.
 */
// @ts-ignore: decorator
@inline
function gumbels<T>(n: i32, y: usize, u: usize): void {
  for (; n > 0; n -= 2, y += 2 * sizeof<T>(), u += 16) {
    const x = f64x2.max(v128.load(u), f64x2.splat(5.551115123125783e-17));
    store2<T>(y, f64x2.neg(log(f64x2.neg(log(x)))));
  }
}

export function gumbel32(n: i32, y: usize, u: usize): void {
  gumbels<f32>(n, y, u);
}
export function gumbel64(n: i32, y: usize, u: usize): void {
  gumbels<f64>(n, y, u);
}
