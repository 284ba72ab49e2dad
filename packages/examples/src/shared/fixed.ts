// Whole multiples of 2⁻⁵¹²: about 150 digits, against which arithmetic in doubles is measured.

const bits = 512;
const one = 1n << BigInt(bits);

/** The very number that the double `x` is, if |x| is 0 or at least 2⁻⁴⁶⁰; smaller ones lose their last bits. */
export const exactly = (x: number): bigint => BigInt(Math.trunc(x * 2 ** bits));
/** The double nearest to `a`. */
export const nearest = (a: bigint): number => Number(a) / 2 ** bits;
export const times = (a: bigint, b: bigint): bigint => (a * b) >> BigInt(bits);
export const over = (a: bigint, b: bigint): bigint => (a << BigInt(bits)) / b;
export const total = (list: readonly bigint[]): bigint => list.reduce((sum, a) => sum + a, 0n);

/** eˣ by its Taylor series at x / 2¹⁶, where 40 terms do, squared sixteen times. */
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

/** ln a for a > 0: Newton's method on eʸ = a doubles the 16 digits of the first guess until all are there. */
export function log(a: bigint): bigint {
  let y = exactly(Math.log(nearest(a)));
  for (let digits = 16; digits < 160; digits *= 2) y += times(a, exp(-y)) - one;
  return y;
}

/** |found − exact| / |exact|; of an exact 0, which here is known to a hundred digits only, infinite unless found. */
export function relativeError(found: number, exact: bigint): number {
  const difference = exactly(found) - exact;
  if (Math.abs(nearest(exact)) < 1e-100) return found === 0 ? 0 : Number.POSITIVE_INFINITY;
  return Math.abs(nearest(over(difference, exact)));
}
