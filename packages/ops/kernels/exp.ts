// Computes eˣ = 2ⁿ eʳ, where x = n ln 2 + r for a whole n, and |r| ≤ (ln 2) / 2. eʳ = 1 + r + r² q(r), where the
// polynomial q has an error below 2⁻²⁸ for floats and 2⁻⁵⁵ for doubles. No lookup table is needed, so all lanes of a
// SIMD vector run the same code.

import { madd32, madd64 } from "./vector";

// The constants are loaded from memory. V8 would otherwise rebuild each vector at each use, even in a loop.
const floats: usize = memory.data<f32>([
  1.4426950408889634, 0.693115234375, 3.1946184945309415e-5, 12583103, 1, -131,
  0.0013814173871651292, 0.008368921466171741, 0.04166840761899948, 0.1666651964187622, 0.4999999403953552,
], 16);
const doubles: usize = memory.data<f64>([
  1.4426950408889634, 0.6931471805592082, 7.371002565167799e-13, 6755399441057279, 1, -746,
  2.762032742826824e-7, 2.5100569275813683e-8, 2.4801520792572694e-5, 2.75572680728901e-6, 0.0013888888917538296,
  0.00019841269863303223, 0.04166666666662348, 0.008333333333330011, 0.5, 0.16666666666666669,
], 16);

// The indices of the constants in `floats` and in `doubles`.
/** 1 / ln 2 */
export const perLn2: usize = 0;
/** ln 2, rounded to so few digits that its product with a small integer is exact */
export const ln2: usize = 1;
/** ln 2 minus the constant `ln2` */
export const ln2Rest: usize = 2;
/**
 * A large number. Adding it to x rounds x to an integer n. The low bits of the sum are n plus the biased exponent of 2⁶⁴
 * (floats) or 2⁵¹² (doubles), so a shift to the left gives 2ⁿ⁺⁶⁴ or 2ⁿ⁺⁵¹².
 */
export const toInteger: usize = 3;
/** 1 */
export const unit: usize = 4;
/** exp(x) rounds to 0 for every x below this number */
const lowest: usize = 5;
/** The first coefficient of q */
export const coefficients: usize = 6;

/** Returns a vector of copies of the constant with index i. */
// @ts-ignore: decorator
@inline
export function constant<T>(i: usize): v128 {
  return sizeof<T>() == 4 ? v128.load32_splat(floats + 4 * i) : v128.load64_splat(doubles + 8 * i);
}

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

  const t = v128.add<T>(v128.mul<T>(d, constant<T>(perLn2)), constant<T>(toInteger));
  const n = v128.sub<T>(t, constant<T>(toInteger));
  const scale = sizeof<T>() == 4 ? i32x4.shl(t, 23) : i64x2.shl(t, 52); // 2ⁿ⁺⁶⁴ or 2ⁿ⁺⁵¹²
  const h = v128.sub<T>(d, v128.mul<T>(n, constant<T>(ln2)));
  const c = v128.sub<T>(lost, v128.mul<T>(n, constant<T>(ln2Rest)));
  const r = v128.add<T>(h, c);
  const square = v128.mul<T>(r, r);
  let rest = v128.mul<T>(square, sizeof<T>() == 4 ? floatCurve(r, square) : doubleCurve(r, square));
  let sum = constant<T>(unit);
  if (sizeof<T>() == 8) {
    sum = f64x2.add(sum, r);
    const lostOfR = f64x2.sub(r, f64x2.sub(sum, constant<f64>(unit)));
    rest = f64x2.add(rest, f64x2.add(lostOfR, f64x2.add(f64x2.sub(h, r), c)));
  } else rest = f32x4.add(r, rest);
  const y = v128.mul<T>(scale, v128.add<T>(sum, rest));
  return v128.andnot(y, v128.lt<T>(d, constant<T>(lowest)));
}

/** Returns the polynomial q(r) ≈ (eʳ − 1 − r) / r² for floats. */
// @ts-ignore: decorator
@inline
function floatCurve(r: v128, square: v128): v128 {
  const q = coefficients;
  const high = madd32(square, constant<f32>(q), madd32(r, constant<f32>(q + 1), constant<f32>(q + 2)));
  return madd32(square, high, madd32(r, constant<f32>(q + 3), constant<f32>(q + 4)));
}

// @ts-ignore: decorator
@inline
function doubleCurve(r: v128, square: v128): v128 {
  const q = coefficients;
  let even = madd64(square, constant<f64>(q), constant<f64>(q + 2));
  let odd = madd64(square, constant<f64>(q + 1), constant<f64>(q + 3));
  even = madd64(square, even, constant<f64>(q + 4));
  odd = madd64(square, odd, constant<f64>(q + 5));
  even = madd64(square, even, constant<f64>(q + 6));
  odd = madd64(square, odd, constant<f64>(q + 7));
  even = madd64(square, even, constant<f64>(q + 8));
  odd = madd64(square, odd, constant<f64>(q + 9));
  return madd64(r, odd, even);
}
