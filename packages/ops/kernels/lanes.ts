// SIMD functions for the loops that @wengert/compile generates. A function processes a vector of two doubles or four
// floats. Floats are computed as doubles and rounded once. Each function gives the same bits as the kernel with its
// name. JavaScript cannot call these functions, because it has no SIMD vectors.

import { exp, log, sigmoid, sigmoidSlope, tanh } from "./functions";
import { gelu, lastSlope } from "./gelu";

/** Converts the first two of four floats to doubles. */
// @ts-ignore: decorator
@inline
function low(x: v128): v128 {
  return f64x2.promote_low_f32x4(x);
}

/** Converts the last two of four floats to doubles. */
// @ts-ignore: decorator
@inline
function high(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f64>(x, x, 1, 0));
}

/** Converts four doubles, two in `a` and two in `b`, to a vector of four floats. */
// @ts-ignore: decorator
@inline
function joined(a: v128, b: v128): v128 {
  return v128.shuffle<f64>(f32x4.demote_f64x2_zero(a), f32x4.demote_f64x2_zero(b), 0, 2);
}

export function exp64x2(x: v128): v128 {
  return exp(x, f64x2.splat(0));
}
export function exp32x4(x: v128): v128 {
  return joined(exp64x2(low(x)), exp64x2(high(x)));
}
export function log64x2(x: v128): v128 {
  return log(x);
}
export function log32x4(x: v128): v128 {
  return joined(log64x2(low(x)), log64x2(high(x)));
}
export function tanh64x2(x: v128): v128 {
  return tanh(x);
}
export function tanh32x4(x: v128): v128 {
  return joined(tanh64x2(low(x)), tanh64x2(high(x)));
}
export function sigmoid64x2(x: v128): v128 {
  return sigmoid(x);
}
export function sigmoid32x4(x: v128): v128 {
  return joined(sigmoid64x2(low(x)), sigmoid64x2(high(x)));
}
export function sigmoidSlope64x2(x: v128): v128 {
  return sigmoidSlope(x, 0);
}
export function sigmoidSlope32x4(x: v128): v128 {
  return joined(sigmoidSlope64x2(low(x)), sigmoidSlope64x2(high(x)));
}
export function tanhSlope64x2(x: v128): v128 {
  return sigmoidSlope(f64x2.add(x, x), 2);
}
export function tanhSlope32x4(x: v128): v128 {
  return joined(tanhSlope64x2(low(x)), tanhSlope64x2(high(x)));
}
export function gelu32x4(x: v128): v128 {
  return joined(gelu(low(x), false), gelu(high(x), false));
}
export function geluSlope32x4(x: v128): v128 {
  return joined(gelu(low(x), true), gelu(high(x), true));
}

let geluSlopes = f32x4.splat(0);
/** Returns gelu(x), and stores the derivative of gelu at x, which `keptGeluSlope32x4` returns. */
export function geluKeepingSlope32x4(x: v128): v128 {
  const a = gelu(low(x), false, true);
  const slope = lastSlope();
  const b = gelu(high(x), false, true);
  geluSlopes = joined(slope, lastSlope());
  return joined(a, b);
}
export function keptGeluSlope32x4(): v128 {
  return geluSlopes;
}
