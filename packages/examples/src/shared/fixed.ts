// Fixed-point arithmetic in multiples of 2⁻⁵¹², about 150 digits: the reference for errors of doubles.

const bits = 512;
const one = 1n << BigInt(bits);

/** Converts the double `x` exactly if it is 0 or |x| ≥ 2⁻⁴⁶⁰. Smaller numbers lose their last bits. */
export const exactly = (x: number): bigint => BigInt(Math.trunc(x * 2 ** bits));
/** Returns the double nearest to `a`. */
export const nearest = (a: bigint): number => Number(a) / 2 ** bits;
export const times = (a: bigint, b: bigint): bigint => (a * b) >> BigInt(bits);
export const over = (a: bigint, b: bigint): bigint => (a << BigInt(bits)) / b;
export const total = (list: readonly bigint[]): bigint => list.reduce((sum, a) => sum + a, 0n);

/** eˣ: the Taylor series at x / 2¹⁶, which needs 40 terms, squared sixteen times. */
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

/** ln a for a > 0, by Newton's method on eʸ = a. The first guess has 16 digits, and each iteration doubles them. */
export function log(a: bigint): bigint {
  let y = exactly(Math.log(nearest(a)));
  for (let digits = 16; digits < 160; digits *= 2) y += times(a, exp(-y)) - one;
  return y;
}

/** |found − exact| / |exact|. Below 1e-100, `exact` counts as 0: the error is then 0 if `found` is 0, else infinite. */
export function relativeError(found: number, exact: bigint): number {
  const difference = exactly(found) - exact;
  if (Math.abs(nearest(exact)) < 1e-100) return found === 0 ? 0 : Number.POSITIVE_INFINITY;
  return Math.abs(nearest(over(difference, exact)));
}
