// Functions of each entry, for both dtypes: T is f32 or f64. What is the same for all is written once, and compiled with the
// function as a constant.

import { exp, log, sigmoid, tanh } from "./functions";

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
function applied(f: i32, x: v128): v128 {
  if (f == EXP) return exp(x, f64x2.splat(0));
  if (f == LOG) return log(x);
  if (f == TANH) return tanh(x);
  return sigmoid(x);
}

/** y = f(x) of n entries: of floats as doubles, rounded once. */
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
