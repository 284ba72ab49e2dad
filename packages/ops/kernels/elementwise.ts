// Elementwise arithmetic and functions for float32 and float64; T is f32 or f64. Each loop is written once, and
// compiled separately for each operation.

import { gelu } from "./gelu";
import { exp64x2, log64x2, sigmoid64x2, sigmoidSlope64x2, tanh64x2, tanhSlope64x2 } from "./lanes";

// @ts-ignore: decorator
@inline
const EXP: i32 = 0;
// @ts-ignore: decorator
@inline
const LOG: i32 = 1;
// @ts-ignore: decorator
@inline
const TANH: i32 = 2;
// @ts-ignore: decorator
@inline
const SIGMOID: i32 = 3;
// @ts-ignore: decorator
@inline
const SIGMOID_SLOPE: i32 = 4;
// @ts-ignore: decorator
@inline
const TANH_SLOPE: i32 = 5;
// @ts-ignore: decorator
@inline
const GELU: i32 = 6;
// @ts-ignore: decorator
@inline
const GELU_SLOPE: i32 = 7;

// @ts-ignore: decorator
@inline
function applied(f: i32, x: v128): v128 {
  if (f == EXP) return exp64x2(x);
  if (f == LOG) return log64x2(x);
  if (f == TANH) return tanh64x2(x);
  if (f == SIGMOID_SLOPE) return sigmoidSlope64x2(x);
  if (f == TANH_SLOPE) return tanhSlope64x2(x);
  if (f == GELU) return gelu(x, false);
  if (f == GELU_SLOPE) return gelu(x, true);
  return sigmoid64x2(x);
}

/** Computes y = f(x) for n elements. float32 elements are computed as doubles and rounded once. */
// @ts-ignore: decorator
@inline
function unary<T>(f: i32, n: i32, y: usize, x: usize): void {
  for (let l = 0; l < n; l += 2) {
    if (sizeof<T>() == 8) v128.store(y, applied(f, v128.load(x)));
    else v128.store64_lane(y, f32x4.demote_f64x2_zero(applied(f, f64x2.promote_low_f32x4(v128.load64_zero(x)))), 0);
    x += 2 * sizeof<T>();
    y += 2 * sizeof<T>();
  }
}
export function exp32(n: i32, y: usize, x: usize): void {
  unary<f32>(EXP, n, y, x);
}
export function exp64(n: i32, y: usize, x: usize): void {
  unary<f64>(EXP, n, y, x);
}
export function log32(n: i32, y: usize, x: usize): void {
  unary<f32>(LOG, n, y, x);
}
export function log64(n: i32, y: usize, x: usize): void {
  unary<f64>(LOG, n, y, x);
}
export function tanh32(n: i32, y: usize, x: usize): void {
  unary<f32>(TANH, n, y, x);
}
export function tanh64(n: i32, y: usize, x: usize): void {
  unary<f64>(TANH, n, y, x);
}
export function sigmoid32(n: i32, y: usize, x: usize): void {
  unary<f32>(SIGMOID, n, y, x);
}
export function sigmoid64(n: i32, y: usize, x: usize): void {
  unary<f64>(SIGMOID, n, y, x);
}
export function sigmoidSlope32(n: i32, y: usize, x: usize): void {
  unary<f32>(SIGMOID_SLOPE, n, y, x);
}
export function sigmoidSlope64(n: i32, y: usize, x: usize): void {
  unary<f64>(SIGMOID_SLOPE, n, y, x);
}
export function tanhSlope32(n: i32, y: usize, x: usize): void {
  unary<f32>(TANH_SLOPE, n, y, x);
}
export function tanhSlope64(n: i32, y: usize, x: usize): void {
  unary<f64>(TANH_SLOPE, n, y, x);
}
export function gelu32(n: i32, y: usize, x: usize): void {
  unary<f32>(GELU, n, y, x);
}
export function geluSlope32(n: i32, y: usize, x: usize): void {
  unary<f32>(GELU_SLOPE, n, y, x);
}

// @ts-ignore: decorator
@inline
const NEG: i32 = 0;
// @ts-ignore: decorator
@inline
const SQUARE: i32 = 1;
// @ts-ignore: decorator
@inline
const SQRT: i32 = 2;
// @ts-ignore: decorator
@inline
const RELU: i32 = 3;

/** Computes y = f(x) for n elements, one SIMD vector at a time. */
// @ts-ignore: decorator
@inline
function arithmetic<T>(f: i32, n: i32, y: usize, x: usize): void {
  for (const end = x + <usize>n * sizeof<T>(); x < end; x += 16, y += 16) {
    const a = v128.load(x);
    if (f == NEG) v128.store(y, v128.neg<T>(a));
    else if (f == SQUARE) v128.store(y, v128.mul<T>(a, a));
    else if (f == SQRT) v128.store(y, v128.sqrt<T>(a));
    else v128.store(y, v128.max<T>(a, v128.splat<T>(0)));
  }
}
export function neg32(n: i32, y: usize, x: usize): void {
  arithmetic<f32>(NEG, n, y, x);
}
export function neg64(n: i32, y: usize, x: usize): void {
  arithmetic<f64>(NEG, n, y, x);
}
export function square32(n: i32, y: usize, x: usize): void {
  arithmetic<f32>(SQUARE, n, y, x);
}
export function square64(n: i32, y: usize, x: usize): void {
  arithmetic<f64>(SQUARE, n, y, x);
}
export function sqrt32(n: i32, y: usize, x: usize): void {
  arithmetic<f32>(SQRT, n, y, x);
}
export function sqrt64(n: i32, y: usize, x: usize): void {
  arithmetic<f64>(SQRT, n, y, x);
}
export function relu32(n: i32, y: usize, x: usize): void {
  arithmetic<f32>(RELU, n, y, x);
}
export function relu64(n: i32, y: usize, x: usize): void {
  arithmetic<f64>(RELU, n, y, x);
}

// @ts-ignore: decorator
@inline
const ADD: i32 = 0;
// @ts-ignore: decorator
@inline
const SUB: i32 = 1;
// @ts-ignore: decorator
@inline
const MUL: i32 = 2;
// @ts-ignore: decorator
@inline
const DIV: i32 = 3;
// @ts-ignore: decorator
@inline
const WHERE_ABOVE: i32 = 4;

// @ts-ignore: decorator
@inline
function combined<T>(operation: i32, a: v128, b: v128): v128 {
  if (operation == ADD) return v128.add<T>(a, b);
  if (operation == SUB) return v128.sub<T>(a, b);
  if (operation == MUL) return v128.mul<T>(a, b);
  if (operation == DIV) return v128.div<T>(a, b);
  return v128.and(b, v128.gt<T>(a, v128.splat<T>(0))); // b where a > 0, else 0
}

/**
 * Computes y = a ∘ b for a binary operation, over rows of n elements. The strides are in bytes. An operand with row
 * stride 0 (aRow) has a single row; an operand with column stride 0 (aColumn) has a single column.
 */
// @ts-ignore: decorator
@inline
function binary<T>(operation: i32, rows: i32, n: i32, y: usize, a: usize, b: usize, aRow: usize, aColumn: usize, bRow: usize, bColumn: usize): void {
  const length = <usize>n * sizeof<T>();
  for (; rows > 0; rows--) {
    if (aColumn == 0) {
      const left = v128.splat<T>(load<T>(a));
      if (bColumn == 0) {
        const both = combined<T>(operation, left, v128.splat<T>(load<T>(b)));
        for (let l: usize = 0; l < length; l += 16) v128.store(y + l, both);
      } else {
        for (let l: usize = 0; l < length; l += 16) v128.store(y + l, combined<T>(operation, left, v128.load(b + l)));
      }
    } else if (bColumn == 0) {
      const right = v128.splat<T>(load<T>(b));
      for (let l: usize = 0; l < length; l += 16) v128.store(y + l, combined<T>(operation, v128.load(a + l), right));
    } else {
      for (let l: usize = 0; l < length; l += 16) v128.store(y + l, combined<T>(operation, v128.load(a + l), v128.load(b + l)));
    }
    y += length;
    a += aRow;
    b += bRow;
  }
}
export function add32(rows: i32, n: i32, y: usize, a: usize, b: usize, aRow: usize, aColumn: usize, bRow: usize, bColumn: usize): void {
  binary<f32>(ADD, rows, n, y, a, b, aRow, aColumn, bRow, bColumn);
}
export function add64(rows: i32, n: i32, y: usize, a: usize, b: usize, aRow: usize, aColumn: usize, bRow: usize, bColumn: usize): void {
  binary<f64>(ADD, rows, n, y, a, b, aRow, aColumn, bRow, bColumn);
}
export function sub32(rows: i32, n: i32, y: usize, a: usize, b: usize, aRow: usize, aColumn: usize, bRow: usize, bColumn: usize): void {
  binary<f32>(SUB, rows, n, y, a, b, aRow, aColumn, bRow, bColumn);
}
export function sub64(rows: i32, n: i32, y: usize, a: usize, b: usize, aRow: usize, aColumn: usize, bRow: usize, bColumn: usize): void {
  binary<f64>(SUB, rows, n, y, a, b, aRow, aColumn, bRow, bColumn);
}
export function mul32(rows: i32, n: i32, y: usize, a: usize, b: usize, aRow: usize, aColumn: usize, bRow: usize, bColumn: usize): void {
  binary<f32>(MUL, rows, n, y, a, b, aRow, aColumn, bRow, bColumn);
}
export function mul64(rows: i32, n: i32, y: usize, a: usize, b: usize, aRow: usize, aColumn: usize, bRow: usize, bColumn: usize): void {
  binary<f64>(MUL, rows, n, y, a, b, aRow, aColumn, bRow, bColumn);
}
export function div32(rows: i32, n: i32, y: usize, a: usize, b: usize, aRow: usize, aColumn: usize, bRow: usize, bColumn: usize): void {
  binary<f32>(DIV, rows, n, y, a, b, aRow, aColumn, bRow, bColumn);
}
export function div64(rows: i32, n: i32, y: usize, a: usize, b: usize, aRow: usize, aColumn: usize, bRow: usize, bColumn: usize): void {
  binary<f64>(DIV, rows, n, y, a, b, aRow, aColumn, bRow, bColumn);
}
export function reluPullback32(rows: i32, n: i32, y: usize, a: usize, b: usize, aRow: usize, aColumn: usize, bRow: usize, bColumn: usize): void {
  binary<f32>(WHERE_ABOVE, rows, n, y, a, b, aRow, aColumn, bRow, bColumn);
}
export function reluPullback64(rows: i32, n: i32, y: usize, a: usize, b: usize, aRow: usize, aColumn: usize, bRow: usize, bColumn: usize): void {
  binary<f64>(WHERE_ABOVE, rows, n, y, a, b, aRow, aColumn, bRow, bColumn);
}

/** Computes z = α x + y for n elements. Rounds the product, then the sum. z may share the memory of y. */
// @ts-ignore: decorator
@inline
function axpy<T>(n: i32, z: usize, alpha: T, x: usize, y: usize): void {
  const factor = v128.splat<T>(alpha);
  for (const end = x + <usize>n * sizeof<T>(); x < end; x += 16, y += 16, z += 16)
    v128.store(z, v128.add<T>(v128.mul<T>(factor, v128.load(x)), v128.load(y)));
}
export function axpy32(n: i32, z: usize, alpha: f32, x: usize, y: usize): void {
  axpy<f32>(n, z, alpha, x, y);
}
export function axpy64(n: i32, z: usize, alpha: f64, x: usize, y: usize): void {
  axpy<f64>(n, z, alpha, x, y);
}
