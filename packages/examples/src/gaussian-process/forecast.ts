import { tensor } from "@wengert/core";
import { erfinv, lstsq, matmul } from "@wengert/ops";
import type { Month, Split } from "./data.ts";
import { type Posterior, predict } from "./process.ts";

/** A held-out month with its prediction. */
export interface Forecast extends Month {
  readonly mean: number;
  /** The half-width of the band. */
  readonly half: number;
}

/**
 * Returns the number z for which a normal variable is within z standard deviations of its mean with the given
 * probability.
 */
export const quantile = (confidence: number): number => Math.SQRT2 * erfinv(confidence).item();

/**
 * Predicts the concentration in the given months. Each prediction has a band, which contains a new measurement with the
 * given probability.
 */
export function forecast(posterior: Posterior, months: readonly Month[], confidence: number): Forecast[] {
  const { mean, deviation } = predict(
    posterior,
    months.map(({ time }) => time),
  );
  const z = quantile(confidence);
  return months.map((month, i) => ({ ...month, mean: mean[i]!, half: z * deviation[i]! }));
}

/** Statistics of the prediction errors for a group of held-out months. */
export interface Score {
  readonly months: number;
  /** The root of the mean squared error, in ppm. */
  readonly rmse: number;
  /** The mean half-width of the prediction band, in ppm. */
  readonly half: number;
  /** The fraction of the measurements inside the prediction band. */
  readonly coverage: number;
}

export function scoreOf(forecasts: readonly Forecast[]): Score {
  const mean = (f: (each: Forecast) => number) => forecasts.reduce((sum, each) => sum + f(each), 0) / forecasts.length;
  return {
    months: forecasts.length,
    rmse: Math.sqrt(mean(({ ppm, mean }) => (ppm - mean) ** 2)),
    half: mean(({ half }) => half),
    coverage: mean(({ ppm, mean, half }) => (Math.abs(ppm - mean) <= half ? 1 : 0)),
  };
}

/** The first year of each group of held-out months. Year 1 is the first year after the training data. */
const firstYears = [1, 2, 4, 7, 11] as const;

/** Groups held-out months by the number of years since the training data, and names the groups. */
export function byHorizon<M extends Month>(
  months: readonly M[],
): { readonly years: string; readonly months: readonly M[] }[] {
  const first = months[0]!.year;
  const last = months.at(-1)!.year - first + 1;
  return firstYears.flatMap((from, i) => {
    const to = Math.min(last, (firstYears[i + 1] ?? Number.POSITIVE_INFINITY) - 1);
    const within = months.filter(({ year }) => year - first + 1 >= from && year - first + 1 <= to);
    return within.length === 0 ? [] : [{ years: from === to ? `${from}` : `${from}–${to}`, months: within }];
  });
}

/**
 * Extrapolates a parabola with three harmonics of the year, fitted by least squares: a baseline without a Gaussian process.
 * Returns the predicted concentrations of the held-out months.
 */
export function baseline({ training, heldOut }: Split): number[] {
  const features = (months: readonly Month[]) =>
    tensor(
      months.map(({ time }) => {
        const z = (time - 1980) / 20;
        const waves = [1, 2, 3].flatMap((k) => [Math.sin(2 * Math.PI * k * time), Math.cos(2 * Math.PI * k * time)]);
        return [1, z, z * z, ...waves];
      }),
    );
  const weights = lstsq(features(training), tensor(training.map(({ ppm }) => ppm)));
  return matmul(features(heldOut), weights).toNested<number[]>();
}
