// Computes eˣ = 2ⁿ eʳ, where x = n ln 2 + r for a whole n, and |r| ≤ (ln 2) / 2. eʳ = 1 + r + r² q(r), where the
// polynomial q has an error below 2⁻²⁸ for floats and 2⁻⁵⁵ for doubles. No lookup table is needed, so all lanes of a
// SIMD vector run the same code.

import { madd32, madd64 } from "./vector";

/**
 * The factor by which `expBelow` multiplies its results, so that small exponentials do not become subnormal floats, which
 * have fewer digits.
 */
// @ts-ignore: decorator
@inline
export function one<T>(): f64 {
  return sizeof<T>() == 4 ? 18446744073709551616.0 : 1.3407807929942597e154; // 2⁶⁴, 2⁵¹²
}

/**
 * Returns e^(x − top) for x ≤ top, times 2⁶⁴ for floats and 2⁵¹² for doubles. Corrects for the rounding error of x −
 * top. Returns 0 if the exponential is below e⁻¹³¹ for floats or e⁻⁷⁴⁶ for doubles. Returns NaN for NaN, and if x and
 * top are the same infinity.
 */
// @ts-ignore: decorator
@inline
export function expBelow<T>(x: v128, top: v128): v128 {
  const d = v128.sub<T>(x, top);
  const z = v128.sub<T>(d, x);
  const lost = v128.sub<T>(v128.sub<T>(x, v128.sub<T>(d, z)), v128.add<T>(top, z)); // `sumError` of doubleDouble.ts

  // To compute exp(d), adds the large constant `toInteger` to d / ln 2. Rounding leaves the nearest integer n in the
  // low bits of the sum. Shifting these bits to the exponent gives the power 2ⁿ⁺⁶⁴ (float32) or 2ⁿ⁺⁵¹² (float64).
  const toInteger = v128.splat<T>(sizeof<T>() == 4 ? <T>(12582912 + 127 + 64) : <T>(6755399441055744 + 1023 + 512));
  const t = v128.add<T>(v128.mul<T>(d, v128.splat<T>(<T>1.4426950408889634)), toInteger);
  const n = v128.sub<T>(t, toInteger);
  const scale = sizeof<T>() == 4 ? i32x4.shl(t, 23) : i64x2.shl(t, 52);

  // ln 2 is stored as a sum of two numbers. The first has so few digits that its product with a small integer is exact.
  const h = v128.sub<T>(d, v128.mul<T>(n, v128.splat<T>(sizeof<T>() == 4 ? <T>0.693115234375 : <T>0.6931471805592082)));
  const c = v128.sub<T>(lost, v128.mul<T>(n, v128.splat<T>(sizeof<T>() == 4 ? <T>3.1946184945309415e-5 : <T>7.371002565167799e-13)));
  const r = v128.add<T>(h, c);
  const square = v128.mul<T>(r, r);
  let rest = v128.mul<T>(square, sizeof<T>() == 4 ? floatCurve(r, square) : doubleCurve(r, square));
  let sum = v128.splat<T>(<T>1);
  if (sizeof<T>() == 8) {
    sum = f64x2.add(sum, r);
    const lostOfR = f64x2.sub(r, f64x2.sub(sum, f64x2.splat(1)));
    rest = f64x2.add(rest, f64x2.add(lostOfR, f64x2.add(f64x2.sub(h, r), c)));
  } else rest = f32x4.add(r, rest);
  const y = v128.mul<T>(scale, v128.add<T>(sum, rest));
  return v128.andnot(y, v128.lt<T>(d, v128.splat<T>(sizeof<T>() == 4 ? <T>-131 : <T>-746)));
}

/** Returns the polynomial q(r) ≈ (eʳ − 1 − r) / r² for floats. */
// @ts-ignore: decorator
@inline
function floatCurve(r: v128, square: v128): v128 {
  const high = madd32(square, f32x4.splat(0.0013814173871651292), madd32(r, f32x4.splat(0.008368921466171741), f32x4.splat(0.04166840761899948)));
  return madd32(square, high, madd32(r, f32x4.splat(0.1666651964187622), f32x4.splat(0.4999999403953552)));
}

// @ts-ignore: decorator
@inline
function doubleCurve(r: v128, square: v128): v128 {
  let even = madd64(square, f64x2.splat(2.762032742826824e-7), f64x2.splat(2.4801520792572694e-5));
  let odd = madd64(square, f64x2.splat(2.5100569275813683e-8), f64x2.splat(2.75572680728901e-6));
  even = madd64(square, even, f64x2.splat(0.0013888888917538296));
  odd = madd64(square, odd, f64x2.splat(0.00019841269863303223));
  even = madd64(square, even, f64x2.splat(0.04166666666662348));
  odd = madd64(square, odd, f64x2.splat(0.008333333333330011));
  even = madd64(square, even, f64x2.splat(0.5));
  odd = madd64(square, odd, f64x2.splat(0.16666666666666669));
  return madd64(r, odd, even);
}
