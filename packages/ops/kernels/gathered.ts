// Kernels for reductions over several inner axes. Each result is a reduction of n entries of x, whose byte offsets are
// in a list. For the next result of a row, all entries are one element further. A kernel may read and write up to 16
// bytes beyond the end of a row.

import { load2 } from "./vector";

// @ts-ignore: decorator
@inline
function offset(offsets: usize, l: i32): usize {
  return <usize>load<u32>(offsets + ((<usize>l) << 2));
}

/**
 * Writes sums divided by `divisor` to y. Adds in the same order as `sumOf` in ../src/loops/slices.ts, which gives the
 * same bits.
 */
// @ts-ignore: decorator
@inline
function sums<T>(n: i32, offsets: usize, rows: i32, step: usize, m: i32, y: usize, x: usize, divisor: f64): void {
  const bytes = <usize>m * sizeof<T>();
  for (; rows > 0; rows--, x += step, y += bytes)
    for (let at: usize = 0; at < bytes; at += 2 * sizeof<T>()) {
      const p = x + at;
      const zero = f64x2.splat(0);
      let s0 = zero;
      let s1 = zero;
      let s2 = zero;
      let s3 = zero;
      let s4 = zero;
      let s5 = zero;
      let s6 = zero;
      let s7 = zero;
      let l = 0;
      for (; l + 8 <= n; l += 8) {
        s0 = f64x2.add(s0, load2<T>(p + offset(offsets, l)));
        s1 = f64x2.add(s1, load2<T>(p + offset(offsets, l + 1)));
        s2 = f64x2.add(s2, load2<T>(p + offset(offsets, l + 2)));
        s3 = f64x2.add(s3, load2<T>(p + offset(offsets, l + 3)));
        s4 = f64x2.add(s4, load2<T>(p + offset(offsets, l + 4)));
        s5 = f64x2.add(s5, load2<T>(p + offset(offsets, l + 5)));
        s6 = f64x2.add(s6, load2<T>(p + offset(offsets, l + 6)));
        s7 = f64x2.add(s7, load2<T>(p + offset(offsets, l + 7)));
      }
      if (l < n) s0 = f64x2.add(s0, load2<T>(p + offset(offsets, l)));
      if (l + 1 < n) s1 = f64x2.add(s1, load2<T>(p + offset(offsets, l + 1)));
      if (l + 2 < n) s2 = f64x2.add(s2, load2<T>(p + offset(offsets, l + 2)));
      if (l + 3 < n) s3 = f64x2.add(s3, load2<T>(p + offset(offsets, l + 3)));
      if (l + 4 < n) s4 = f64x2.add(s4, load2<T>(p + offset(offsets, l + 4)));
      if (l + 5 < n) s5 = f64x2.add(s5, load2<T>(p + offset(offsets, l + 5)));
      if (l + 6 < n) s6 = f64x2.add(s6, load2<T>(p + offset(offsets, l + 6)));
      const even = f64x2.add(f64x2.add(s0, s4), f64x2.add(s2, s6));
      const odd = f64x2.add(f64x2.add(s1, s5), f64x2.add(s3, s7));
      const all = f64x2.div(f64x2.add(even, odd), f64x2.splat(divisor));
      if (sizeof<T>() == 4) v128.store64_lane(y + at, f32x4.demote_f64x2_zero(all), 0);
      else v128.store(y + at, all);
    }
}

export function gatheredSum32(n: i32, offsets: usize, rows: i32, step: usize, m: i32, y: usize, x: usize, divisor: f64): void {
  sums<f32>(n, offsets, rows, step, m, y, x, divisor);
}
export function gatheredSum64(n: i32, offsets: usize, rows: i32, step: usize, m: i32, y: usize, x: usize, divisor: f64): void {
  sums<f64>(n, offsets, rows, step, m, y, x, divisor);
}

// @ts-ignore: decorator
@inline
function extreme<T>(a: v128, b: v128, isMin: bool): v128 {
  return isMin ? v128.min<T>(a, b) : v128.max<T>(a, b);
}

/**
 * Writes to each element of y the maximum of n entries of x, or their minimum if `isMin` is true. Writes NaN if an
 * entry is NaN.
 */
// @ts-ignore: decorator
@inline
function extremes<T>(n: i32, offsets: usize, rows: i32, step: usize, m: i32, y: usize, x: usize, isMin: bool): void {
  const bytes = <usize>m * sizeof<T>();
  for (; rows > 0; rows--, x += step, y += bytes)
    for (let at: usize = 0; at < bytes; ) {
      let p = x + at + offset(offsets, 0);
      let a = v128.load(p);
      if (at + 64 <= bytes) {
        let b = v128.load(p, 16);
        let c = v128.load(p, 32);
        let d = v128.load(p, 48);
        for (let l = 1; l < n; l++) {
          p = x + at + offset(offsets, l);
          a = extreme<T>(a, v128.load(p), isMin);
          b = extreme<T>(b, v128.load(p, 16), isMin);
          c = extreme<T>(c, v128.load(p, 32), isMin);
          d = extreme<T>(d, v128.load(p, 48), isMin);
        }
        v128.store(y + at, a);
        v128.store(y + at, b, 16);
        v128.store(y + at, c, 32);
        v128.store(y + at, d, 48);
        at += 64;
        continue;
      }
      for (let l = 1; l < n; l++) a = extreme<T>(a, v128.load(x + at + offset(offsets, l)), isMin);
      v128.store(y + at, a);
      at += 16;
    }
}

export function gatheredMax32(n: i32, offsets: usize, rows: i32, step: usize, m: i32, y: usize, x: usize): void {
  extremes<f32>(n, offsets, rows, step, m, y, x, false);
}
export function gatheredMax64(n: i32, offsets: usize, rows: i32, step: usize, m: i32, y: usize, x: usize): void {
  extremes<f64>(n, offsets, rows, step, m, y, x, false);
}
export function gatheredMin32(n: i32, offsets: usize, rows: i32, step: usize, m: i32, y: usize, x: usize): void {
  extremes<f32>(n, offsets, rows, step, m, y, x, true);
}
export function gatheredMin64(n: i32, offsets: usize, rows: i32, step: usize, m: i32, y: usize, x: usize): void {
  extremes<f64>(n, offsets, rows, step, m, y, x, true);
}
