/** @typedef {{ median: number, low: number, high: number }} Summary The median and the quartiles. */

/** @param {readonly number[]} values at least one @returns {Summary} */
export function summary(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) };
}

/** @param {readonly number[]} values at least one */
export function median(values) {
  return summary(values).median;
}

/**
 * Returns the median of the ratios a / b over all rounds. If the machine is slow during a round, both times of this
 * round increase, so their ratio changes little.
 * @param {readonly number[]} a @param {readonly number[]} b the numbers of each round, in the same order
 */
export function ratio(a, b) {
  const rounds = Math.min(a.length, b.length);
  return median(Array.from({ length: rounds }, (_, i) => /** @type {number} */ (a[i]) / /** @type {number} */ (b[i])));
}

/** Returns the q-quantile of sorted numbers by linear interpolation. @param {readonly number[]} sorted @param {number} q */
function quantile(sorted, q) {
  if (sorted.length === 0) throw new Error("quantile: expected at least one number");
  const at = q * (sorted.length - 1);
  const [below = 0, above = 0] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return below + (at % 1) * (above - below);
}

/**
 * Returns the largest difference between two arrays, divided by the largest expected number. Returns Infinity if a number
 * is NaN in only one array.
 * @param {ArrayLike<number>} got @param {ArrayLike<number>} expected
 */
export function difference(got, expected) {
  if (got.length !== expected.length) return Infinity;
  let [largest, worst] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [/** @type {number} */ (got[i]), /** @type {number} */ (expected[i])];
    if (Object.is(a, b)) continue;
    if (!Number.isFinite(a) || !Number.isFinite(b)) return Infinity;
    worst = Math.max(worst, Math.abs(a - b));
    largest = Math.max(largest, Math.abs(b));
  }
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(/** @type {number} */ (expected[i])));
  return worst === 0 ? 0 : worst / largest;
}
