import { ldexp } from "./exponential.ts";
import { digamma, psi, reflected, stirling } from "./gamma.ts";
import {
  add,
  div,
  inverse,
  mul,
  negate,
  one,
  over,
  type Pair,
  power,
  scale,
  sub,
  sumOf,
  times,
  toDouble,
} from "./pairs.ts";

// The polygamma function is ψ⁽ⁿ⁾(x) = (−1)ⁿ⁺¹ n! ζ(n + 1, x), where ζ(s, x) = Σ (x + i)⁻ˢ over i ≥ 0 is Hurwitz' zeta
// function. The first terms of ζ are added one by one, and the sum of the others is computed by the Euler–Maclaurin
// formula.

/** A pair of doubles (their sum) times a power of two, which represents numbers too large or too small for a double. */
type Scaled = readonly [value: Pair, k: number];

/**
 * Returns xˢ ζ(s, x), with Hurwitz' zeta function ζ, for 0 < x < 10³³ and a whole s ≥ 2. Every term is at most 1, so
 * nothing overflows.
 */
function normalizedZeta(s: number, x: Pair): Pair {
  let sum: Pair = [0, 0];
  let z = x;
  for (let ratio = one; z[0] < 20 + s; z = add(z, one), ratio = div(x, z)) {
    const term = power(ratio, s);
    sum = add(sum, term);
    if (term[0] < 1e-34) return sum;
  }
  const r = inverse(z);
  const r2 = mul(r, r);
  let tail = add(over(z, s - 1), [0.5, 0]);
  let factor = times(r, s);
  for (let k = 1; k <= stirling.length; k++) {
    tail = add(tail, mul(stirling[k - 1]!, factor));
    factor = over(times(mul(factor, r2), (s + 2 * k - 1) * (s + 2 * k)), 2 * k * (2 * k - 1));
  }
  return add(sum, z === x ? tail : mul(power(div(x, z), s), tail));
}

/** Returns n! ζ(n + 1, x), with Hurwitz' zeta function ζ, for x > 0. For a huge x, the result is (n − 1)! / xⁿ. */
function scaledZeta(n: number, x: Pair): Scaled {
  const isHuge = x[0] > 1e32;
  const k = Math.floor(Math.log2(x[0]));
  const mantissa = scale(x, -k);
  let value = isHuge ? one : normalizedZeta(n + 1, x);
  let exponent = isHuge ? -n * k : -(n + 1) * k;
  for (let j = isHuge ? 1 : 0; j <= n; j++) {
    value = div(times(value, isHuge ? Math.max(1, j - 1) : Math.max(1, j)), mantissa);
    const size = Math.floor(Math.log2(value[0]));
    value = scale(value, -size);
    exponent += size;
  }
  return [value, exponent];
}

/**
 * Returns the sum of scaled pairs (pairs of doubles times a power of two). The power of two of the sum is that of the
 * largest term.
 */
function sumOfScaled(...terms: readonly Scaled[]): Scaled {
  const most = Math.max(...terms.map(([, k]) => k));
  const shifted = terms.map(([value, k]) => scale(value, Math.max(k - most, -1900)));
  return [shifted.reduce((sum, value) => add(sum, value)), most];
}

const flipped = ([value, k]: Scaled): Scaled => [negate(value), k];

/** Returns value 2ᵏ, rounded once. */
const rounded = ([value, k]: Scaled): number =>
  k < -1900 ? 0 * value[0] : k > 1900 ? value[0] * Infinity : ldexp(toDouble(value), k);

/**
 * Returns the polygamma function ψ⁽ⁿ⁾(x) for a whole n ≥ 0. At the poles 0, −1, −2 …, the result is Infinity for odd n.
 * For even n, it is −Infinity at 0, Infinity at −0, and NaN at the other poles.
 */
export function polygamma(n: number, x: number): number {
  if (n === 0) return digamma(x);
  const sign = n % 2 === 1 ? 1 : -1;
  if (x === Infinity) return sign * 0;
  if (x === -Infinity || Number.isNaN(x)) return Number.NaN;
  if (x === 0 || (x < 0 && Number.isInteger(x))) {
    if (sign > 0) return Infinity;
    return x === 0 ? -1 / x : Number.NaN;
  }
  if (x > 0) return sign * rounded(scaledZeta(n, [x, 0]));
  if (x > -1e-32) return rounded(scaledZeta(n, [-x, 0])); // the pole at 0 outweighs the rest
  const [fraction, rest, mirror] = reflected(x).map((y) => scaledZeta(n, y)) as [Scaled, Scaled, Scaled];
  const [first, last] = sign > 0 ? [rest, flipped(mirror)] : [flipped(rest), mirror];
  return sign * rounded(sumOfScaled(sumOfScaled(fraction, first), last)); // at x + ½ = 0, −1 … the first two may cancel
}

/**
 * Returns ψ⁽ⁿ⁾(a) − ψ⁽ⁿ⁾(a + b) for the polygamma function ψ⁽ⁿ⁾ and positive a and b. If b is much smaller than a, uses
 * Taylor's series in b, since the difference would cancel.
 */
export function polygammaDifference(n: number, a: number, b: number): number {
  if (!(a > 0 && b > 0 && a < Infinity && b < Infinity)) return polygamma(n, a) - polygamma(n, a + b);
  if (n === 0 && a + b < 1e-9) return -b / a / (a + b); // ψ(x) is −1 / x here
  if (b < 1e-6 * a) {
    const terms = [1, 2, 3].map((j) => polygamma(n + j, a));
    return -b * (terms[0]! + (b / 2) * (terms[1]! + (b / 3) * terms[2]!));
  }
  const sum = sumOf(a, b);
  if (n === 0) return toDouble(sub(psi([a, 0]), psi(sum)));
  const difference = sumOfScaled(scaledZeta(n, [a, 0]), flipped(scaledZeta(n, sum)));
  return (n % 2 === 1 ? 1 : -1) * rounded(difference);
}
