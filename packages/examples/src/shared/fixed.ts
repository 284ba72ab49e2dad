// Fixed-point arithmetic with about 150 digits, in multiples of 2⁻⁵¹², as the reference for rounding errors of doubles.

const bits = 512;
const one = 1n << BigInt(bits);

/** Converts a double to fixed point with 512 fractional bits. All 53 significant bits of x fit if |x| ≥ 2⁻⁴⁶⁰. */
export const exactly = (x: number): bigint => BigInt(Math.trunc(x * 2 ** bits));
/** Returns the double nearest to the fixed-point number `a`. */
export const nearest = (a: bigint): number => Number(a) / 2 ** bits;
export const times = (a: bigint, b: bigint): bigint => (a * b) >> BigInt(bits);
export const over = (a: bigint, b: bigint): bigint => (a << BigInt(bits)) / b;
export const total = (list: readonly bigint[]): bigint => list.reduce((sum, a) => sum + a, 0n);

/** Returns eˣ as (e^(x / 2¹⁶))^(2¹⁶). The Taylor series needs 40 terms at x / 2¹⁶, and sixteen squarings give the power. */
export function exp(x: bigint): bigint {
  if (x < -400n * one) return 0n; // e⁻³⁵⁵ is 2⁻⁵¹²
  const halvings = 16;
  let [term, sum] = [one, one];
  for (let n = 1n; term !== 0n; n++) {
    term = times(term, x >> BigInt(halvings)) / n;
    sum += term;
  }
  for (let i = 0; i < halvings; i++) sum = times(sum, sum);
  return sum;
}

/** Returns ln a for a > 0 by Newton's method, which starts with 16 correct digits and doubles them in each iteration. */
export function log(a: bigint): bigint {
  let y = exactly(Math.log(nearest(a)));
  for (let digits = 16; digits < 160; digits *= 2) y += times(a, exp(-y)) - one;
  return y;
}

/** Returns |found − exact| / |exact|. If |exact| is below 1e-100, the error is 0 for `found` = 0 and infinite otherwise. */
export function relativeError(found: number, exact: bigint): number {
  const difference = exactly(found) - exact;
  if (Math.abs(nearest(exact)) < 1e-100) return found === 0 ? 0 : Number.POSITIVE_INFINITY;
  return Math.abs(nearest(over(difference, exact)));
}
