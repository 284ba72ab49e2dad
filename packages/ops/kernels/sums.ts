// Sums rows and columns in float64. Entry l is added to partial sum l mod 8. The result is ((s₀ + s₄) + (s₂ + s₆)) +
// ((s₁ + s₅) + (s₃ + s₇)), where sᵢ is partial sum i. `sumOf` in ../src/loops/slices.ts uses the same order. The
// partial sums are written to `sums`. Unless `isFirst` is set, the kernel continues from the partial sums in `sums`. So
// an input larger than the cache can be passed in chunks of 8, 16, … entries.

import { load2 } from "./vector";

/** Loads one entry as a double into the first lane; the second lane is 0. */
// @ts-ignore: decorator
@inline
function load1<T>(p: usize): v128 {
  return sizeof<T>() == 4 ? f64x2.promote_low_f32x4(v128.load32_zero(p)) : v128.load64_zero(p);
}

/** Adds the entries l and l + 1 of a row to the two lanes of `sum`. Entries from index n on count as 0. */
// @ts-ignore: decorator
@inline
function added<T>(sum: v128, x: usize, l: i32, n: i32): v128 {
  if (l + 1 < n) return f64x2.add(sum, load2<T>(x + <usize>l * sizeof<T>()));
  return l < n ? f64x2.add(sum, load1<T>(x + <usize>l * sizeof<T>())) : sum;
}

/** Returns the sum of a row of n entries. */
// @ts-ignore: decorator
@inline
export function sumOfRow<T>(n: i32, x: usize, sums: usize, isFirst: bool): f64 {
  let a = f64x2.splat(0);
  let b = a;
  let c = a;
  let d = a;
  if (!isFirst) {
    a = v128.load(sums);
    b = v128.load(sums, 16);
    c = v128.load(sums, 32);
    d = v128.load(sums, 48);
  }
  for (; n >= 8; n -= 8) {
    a = f64x2.add(a, load2<T>(x));
    b = f64x2.add(b, load2<T>(x + 2 * sizeof<T>()));
    c = f64x2.add(c, load2<T>(x + 4 * sizeof<T>()));
    d = f64x2.add(d, load2<T>(x + 6 * sizeof<T>()));
    x += 8 * sizeof<T>();
  }
  if (n > 0) {
    a = added<T>(a, x, 0, n);
    b = added<T>(b, x, 2, n);
    c = added<T>(c, x, 4, n);
    d = added<T>(d, x, 6, n);
  }
  v128.store(sums, a);
  v128.store(sums, b, 16);
  v128.store(sums, c, 32);
  v128.store(sums, d, 48);
  const all = f64x2.add(f64x2.add(a, c), f64x2.add(b, d));
  return f64x2.extract_lane(all, 0) + f64x2.extract_lane(all, 1);
}

/** Computes y = Σ x / divisor for each of `rows` rows of n entries. */
// @ts-ignore: decorator
@inline
function rowSums<T>(rows: i32, n: i32, y: usize, x: usize, sums: usize, isFirst: bool, divisor: f64): void {
  for (; rows > 0; rows--) {
    store<T>(y, <T>(sumOfRow<T>(n, x, sums, isFirst) / divisor));
    x += <usize>n * sizeof<T>();
    y += sizeof<T>();
  }
}

/** Computes y = Σ x / divisor for each of the n columns of `rows` rows. */
// @ts-ignore: decorator
@inline
function columnSums<T>(rows: i32, n: i32, y: usize, x: usize, sums: usize, isFirst: bool, divisor: f64): void {
  const row = <usize>n * sizeof<T>();
  for (let column = 0; column < n; column += 2) {
    let s0 = f64x2.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let s4 = s0;
    let s5 = s0;
    let s6 = s0;
    let s7 = s0;
    if (!isFirst) {
      s0 = v128.load(sums);
      s1 = v128.load(sums, 16);
      s2 = v128.load(sums, 32);
      s3 = v128.load(sums, 48);
      s4 = v128.load(sums, 64);
      s5 = v128.load(sums, 80);
      s6 = v128.load(sums, 96);
      s7 = v128.load(sums, 112);
    }
    let p = x;
    let left = rows;
    for (; left >= 8; left -= 8) {
      s0 = f64x2.add(s0, load2<T>(p));
      s1 = f64x2.add(s1, load2<T>(p + row));
      s2 = f64x2.add(s2, load2<T>(p + 2 * row));
      s3 = f64x2.add(s3, load2<T>(p + 3 * row));
      p += 4 * row;
      s4 = f64x2.add(s4, load2<T>(p));
      s5 = f64x2.add(s5, load2<T>(p + row));
      s6 = f64x2.add(s6, load2<T>(p + 2 * row));
      s7 = f64x2.add(s7, load2<T>(p + 3 * row));
      p += 4 * row;
    }
    if (left > 0) s0 = f64x2.add(s0, load2<T>(p));
    if (left > 1) s1 = f64x2.add(s1, load2<T>(p + row));
    if (left > 2) s2 = f64x2.add(s2, load2<T>(p + 2 * row));
    if (left > 3) s3 = f64x2.add(s3, load2<T>(p + 3 * row));
    if (left > 4) s4 = f64x2.add(s4, load2<T>(p + 4 * row));
    if (left > 5) s5 = f64x2.add(s5, load2<T>(p + 5 * row));
    if (left > 6) s6 = f64x2.add(s6, load2<T>(p + 6 * row));
    v128.store(sums, s0);
    v128.store(sums, s1, 16);
    v128.store(sums, s2, 32);
    v128.store(sums, s3, 48);
    v128.store(sums, s4, 64);
    v128.store(sums, s5, 80);
    v128.store(sums, s6, 96);
    v128.store(sums, s7, 112);
    const even = f64x2.add(f64x2.add(s0, s4), f64x2.add(s2, s6));
    const odd = f64x2.add(f64x2.add(s1, s5), f64x2.add(s3, s7));
    const all = f64x2.div(f64x2.add(even, odd), f64x2.splat(divisor));
    if (sizeof<T>() == 4) v128.store64_lane(y, f32x4.demote_f64x2_zero(all), 0);
    else v128.store(y, all);
    x += 2 * sizeof<T>();
    y += 2 * sizeof<T>();
    sums += 128;
  }
}

export function rowSums32(rows: i32, n: i32, y: usize, x: usize, sums: usize, isFirst: bool, divisor: f64): void {
  rowSums<f32>(rows, n, y, x, sums, isFirst, divisor);
}
export function rowSums64(rows: i32, n: i32, y: usize, x: usize, sums: usize, isFirst: bool, divisor: f64): void {
  rowSums<f64>(rows, n, y, x, sums, isFirst, divisor);
}
export function columnSums32(rows: i32, n: i32, y: usize, x: usize, sums: usize, isFirst: bool, divisor: f64): void {
  columnSums<f32>(rows, n, y, x, sums, isFirst, divisor);
}
export function columnSums64(rows: i32, n: i32, y: usize, x: usize, sums: usize, isFirst: bool, divisor: f64): void {
  columnSums<f64>(rows, n, y, x, sums, isFirst, divisor);
}
