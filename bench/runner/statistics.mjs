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
 * The median over rounds of a / b. What slows the whole machine for a while slows both in the same round, and cancels.
 * @param {readonly number[]} a @param {readonly number[]} b one number a round each
 */
export function ratio(a, b) {
  const rounds = Math.min(a.length, b.length);
  return median(Array.from({ length: rounds }, (_, i) => /** @type {number} */ (a[i]) / /** @type {number} */ (b[i])));
}

/** Linear between the two nearest. @param {readonly number[]} sorted @param {number} q */
function quantile(sorted, q) {
  if (sorted.length === 0) throw new Error("there is no quantile of nothing");
  const at = q * (sorted.length - 1);
  const [below = 0, above = 0] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return below + (at % 1) * (above - below);
}

/**
 * The largest difference, as a share of the largest number that was expected; Infinity where one of them is no number
 * and the other is.
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
