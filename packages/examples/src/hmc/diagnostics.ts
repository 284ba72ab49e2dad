// Diagnostics of several Markov chains that draw the same quantity. Each chain is a list of draws, and all chains have
// the same length. If the length is odd, the middle draw of each chain is ignored.

type Chains = readonly (readonly number[])[];

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
export const mean = (values: readonly number[]): number => sum(values) / values.length;

/** Returns the variance Σ (x − x̄)² / (n − 1). */
export function variance(values: readonly number[]): number {
  const center = mean(values);
  return sum(values.map((value) => (value - center) ** 2)) / (values.length - 1);
}

/** Returns the first and the second half of each chain. A drift within a chain then counts as a difference between chains. */
const halves = (chains: Chains): Chains =>
  chains.flatMap((chain) => {
    const half = chain.length >> 1;
    return [chain.slice(0, half), chain.slice(chain.length - half)];
  });

/**
 * Returns two numbers for chains of n draws each. `within` is W, the mean of the chains' variances. `total` is var⁺ =
 * (n − 1)/n W + B/n, an estimate of the variance of all draws. B/n is the variance of the chains' means.
 */
function variances(chains: Chains): { readonly within: number; readonly total: number } {
  const n = chains[0]!.length;
  const within = mean(chains.map(variance));
  return { within, total: ((n - 1) / n) * within + variance(chains.map(mean)) };
}

/**
 * Returns the split R̂ = √(var⁺ / W), where W is the mean variance of the half chains, and var⁺ estimates the variance
 * of all draws (A. Gelman and others, Bayesian Data Analysis, third edition, section 11.4). R̂ approaches 1 as the
 * chains mix.
 */
export function splitRhat(chains: Chains): number {
  const { within, total } = variances(halves(chains));
  return Math.sqrt(total / within);
}

/**
 * Returns the effective sample size N / τ of the mean of N draws, with τ = 1 + 2 Σ ρₜ. The autocorrelation ρₜ at lag t
 * is estimated from all chains (A. Vehtari and others 2021, Rank-normalization, folding, and localization: an improved
 * R̂). The sum ends before the first negative pair ρ₂ₖ + ρ₂ₖ₊₁ (C. Geyer 1992).
 */
export function effectiveSampleSize(chains: Chains): number {
  const split = halves(chains);
  const { within, total } = variances(split);
  const centered = split.map((chain) => {
    const center = mean(chain);
    return chain.map((value) => value - center);
  });
  const n = centered[0]!.length;
  const correlation = (lag: number) =>
    lag === 0 ? 1 : 1 - (within - mean(centered.map((chain) => autocovariance(chain, lag)))) / total;
  let tau = -1;
  let previous = Infinity;
  for (let lag = 0; lag + 1 < n; lag += 2) {
    const pair = correlation(lag) + correlation(lag + 1);
    if (pair < 0) break;
    // Limits the sum of two autocorrelations, ρ₂ₖ + ρ₂ₖ₊₁, to the sum before it (C. Geyer 1992).
    previous = Math.min(previous, pair);
    tau += 2 * previous;
  }
  const draws = n * split.length;
  // For N draws, τ = N / (effective sample size) is at least 1 / log₁₀ N, as in the R package `posterior`.
  return draws / Math.max(tau, 1 / Math.log10(draws));
}

/** Returns Σ xᵢ xᵢ₊ₜ / n for a list with mean 0. */
function autocovariance(centered: readonly number[], lag: number): number {
  let total = 0;
  for (let i = 0; i + lag < centered.length; i++) total += centered[i]! * centered[i + lag]!;
  return total / centered.length;
}
