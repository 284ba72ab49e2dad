// Computes variances of rows in float64. The squares of a row are added in the order of sums.ts: square l is added to
// partial sum l mod 8. The function `squaresOf` in ../src/loops/slices.ts uses the same order.

import { both, first, load2 } from "./slices";
import { sumOfRow } from "./sums";

/** Returns (x − m)² for two entries x of a row with the mean m. */
// @ts-ignore: decorator
@inline
function squares<T>(x: usize, mean: v128): v128 {
  const difference = f64x2.sub(load2<T>(x), mean);
  return f64x2.mul(difference, difference);
}

/** Adds the squares of the entries l and l + 1 of a row to the two lanes of `sum`. Entries from index n on count as 0. */
// @ts-ignore: decorator
@inline
function added<T>(sum: v128, x: usize, l: i32, n: i32, mean: v128): v128 {
  if (l >= n) return sum;
  const two = squares<T>(x + <usize>l * sizeof<T>(), mean);
  return f64x2.add(sum, l + 1 < n ? two : v128.and(two, first<f64>(1)));
}

// @ts-ignore: decorator
@inline
function sumOfSquares<T>(n: i32, x: usize, mean: v128): f64 {
  let a = f64x2.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (; n >= 8; n -= 8) {
    a = f64x2.add(a, squares<T>(x, mean));
    b = f64x2.add(b, squares<T>(x + 2 * sizeof<T>(), mean));
    c = f64x2.add(c, squares<T>(x + 4 * sizeof<T>(), mean));
    d = f64x2.add(d, squares<T>(x + 6 * sizeof<T>(), mean));
    x += 8 * sizeof<T>();
  }
  a = added<T>(a, x, 0, n, mean);
  b = added<T>(b, x, 2, n, mean);
  c = added<T>(c, x, 4, n, mean);
  d = added<T>(d, x, 6, n, mean);
  return both(f64x2.add(f64x2.add(a, c), f64x2.add(b, d)));
}

// @ts-ignore: decorator
@inline
function variance<T>(rows: i32, n: i32, y: usize, x: usize, sums: usize, divisor: f64, isRoot: bool): void {
  for (; rows > 0; rows--) {
    const mean = sumOfRow<T>(n, x, sums, true) / <f64>n;
    const result = sumOfSquares<T>(n, x, f64x2.splat(mean)) / divisor;
    store<T>(y, <T>(isRoot ? sqrt(result) : result));
    x += <usize>n * sizeof<T>();
    y += sizeof<T>();
  }
}

export function variance32(rows: i32, n: i32, y: usize, x: usize, sums: usize, divisor: f64, isRoot: bool): void {
  variance<f32>(rows, n, y, x, sums, divisor, isRoot);
}
export function variance64(rows: i32, n: i32, y: usize, x: usize, sums: usize, divisor: f64, isRoot: bool): void {
  variance<f64>(rows, n, y, x, sums, divisor, isRoot);
}
