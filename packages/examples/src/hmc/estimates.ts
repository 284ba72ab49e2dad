import { effectiveSampleSize, mean, splitRhat, variance } from "./diagnostics.ts";
import type { Normal } from "./posterior.ts";
import type { Chain } from "./sampler.ts";

/** The marginal distribution of one weight: from the draws, and by the Laplace approximation. */
export interface Estimate {
  readonly name: string;
  /** The draws of each chain. */
  readonly chains: readonly (readonly number[])[];
  readonly mean: number;
  readonly deviation: number;
  readonly rhat: number;
  readonly sampleSize: number;
  /** The Monte Carlo standard error of the mean: the standard deviation divided by the root of the effective sample size. */
  readonly standardError: number;
  readonly laplace: { readonly mean: number; readonly deviation: number };
}

export function estimate(names: readonly string[], chains: readonly Chain[], laplace: Normal): Estimate[] {
  return names.map((name, j) => {
    const columns = chains.map(({ draws }) => draws.map((row) => row[j]!));
    const deviation = Math.sqrt(variance(columns.flat()));
    const sampleSize = effectiveSampleSize(columns);
    return {
      name,
      chains: columns,
      mean: mean(columns.flat()),
      deviation,
      rhat: splitRhat(columns),
      sampleSize,
      standardError: deviation / Math.sqrt(sampleSize),
      laplace: { mean: laplace.mean[j]!, deviation: laplace.deviations[j]! },
    };
  });
}

/** Returns the weight whose mean differs most from the Laplace approximation, in standard deviations. */
export const mostShifted = (estimates: readonly Estimate[]): Estimate =>
  estimates.reduce((a, b) => (shiftOf(b) > shiftOf(a) ? b : a));

/** Returns the distance between the mean of the draws and the mean of the Laplace approximation, in standard deviations. */
export const shiftOf = ({ mean, laplace }: Estimate): number => Math.abs(mean - laplace.mean) / laplace.deviation;

/** Returns the two weights whose draws have the largest absolute correlation. */
export function mostCorrelated(estimates: readonly Estimate[]): {
  readonly pair: readonly [number, number];
  readonly r: number;
} {
  const pairs = estimates.flatMap((_, i) => estimates.slice(0, i).map((_, j) => [j, i] as const));
  const all = pairs.map((pair) => ({ pair, r: correlation(estimates[pair[0]]!, estimates[pair[1]]!) }));
  return all.reduce((a, b) => (Math.abs(b.r) > Math.abs(a.r) ? b : a));
}

function correlation(a: Estimate, b: Estimate): number {
  const [xs, ys] = [a.chains.flat(), b.chains.flat()];
  const products = xs.map((x, i) => (x - a.mean) * (ys[i]! - b.mean));
  return mean(products) / (a.deviation * b.deviation);
}
