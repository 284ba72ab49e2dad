/**
 * Computes reference values with 500 bits. A number is stored as a whole multiple of 2⁻⁵¹², so every double that is not
 * tiny is exact. The errors of the references are negligible beside those of the tested code.
 */
export type Precise = bigint;

const bits = 512;
export const one: Precise = 1n << BigInt(bits);

/** Converts a double to a bigint in units of 2⁻⁵¹². Throws unless the double is a multiple of 2⁻⁴⁰⁰. */
export const precise = (x: number): Precise => BigInt(x * 2 ** 400) << BigInt(bits - 400);
export const toNumber = (x: Precise): number => Number(x) / 2 ** bits;
export const times = (x: Precise, y: Precise): Precise => (x * y) >> BigInt(bits);
export const over = (x: Precise, y: Precise): Precise => (x << BigInt(bits)) / y;
export const total = (xs: readonly Precise[]): Precise => xs.reduce((sum, x) => sum + x, 0n);

/** Returns eˣ, computed as (e^(x/2³²))^(2³²). The inner exponential e^(x/2³²) is computed by its Taylor series. */
export function exp(x: Precise): Precise {
  const reduced = x >> 32n;
  let [sum, term] = [one, one];
  for (let n = 1n; term !== 0n && n < 100n; n++) {
    term = times(term, reduced) / n;
    sum += term;
  }
  for (let i = 0; i < 32; i++) sum = times(sum, sum);
  return sum;
}

/** Returns ln x by Newton's method: each step y ← y + x e⁻ʸ − 1 doubles the number of digits. */
export function log(x: Precise): Precise {
  let y = precise(Math.log(toNumber(x)));
  for (let i = 0; i < 5; i++) y += times(x, exp(-y)) - one;
  return y;
}

export function softmax(xs: readonly number[]): Precise[] {
  const powers = xs.map((x) => exp(precise(x)));
  return powers.map((p) => over(p, total(powers)));
}

export const logSumExp = (xs: readonly number[]): Precise => log(total(xs.map((x) => exp(precise(x)))));

/**
 * Returns a function of target probabilities t, which need not sum to 1. The function computes the cross-entropy −Σ t
 * log s for s = softmax(xs), and its derivatives by t and by xs. Each derivative by xs is a difference of two products,
 * and `terms` has the sums of these products.
 */
export function crossEntropy(xs: readonly number[]) {
  const [s, norm] = [softmax(xs), logSumExp(xs)];
  const byT = xs.map((x) => norm - precise(x));
  return (t: readonly Precise[]) => {
    const products = s.map((p, k) => [times(p, total(t) - t[k]!), times(t[k]!, total(s) - p)] as const);
    return {
      loss: total(t.map((p, k) => times(p, byT[k]!))),
      byT,
      byX: products.map(([a, b]) => a - b),
      terms: products.map(([a, b]) => a + b),
    };
  };
}
