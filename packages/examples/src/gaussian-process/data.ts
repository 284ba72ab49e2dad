import { InputError } from "../shared/options.ts";
import { readText } from "../shared/vega.ts";

/** The mean concentration of CO₂ in one month. */
export interface Month {
  /** The middle of the month in years, for example 1958.2083 for March 1958. */
  readonly time: number;
  readonly year: number;
  /** The concentration in parts per million (ppm). */
  readonly ppm: number;
}

/**
 * Reads the monthly CO₂ record of Mauna Loa, Hawaii, from March 1958 to April 2020. C. D. Keeling et al., Scripps CO2 Program
 * (CC BY 4.0), from the npm package `vega-datasets`. Months without a measurement have no row.
 */
export function readRecord(): readonly Month[] {
  const [, ...lines] = readText("co2-concentration.csv").trim().split(/\r?\n/);
  return lines.map((line, i) => {
    const found = line.match(/^(\d{4})-(\d\d)-01,(\d+\.\d+),/);
    if (!found)
      throw new InputError(`row ${i + 1} of co2-concentration.csv is not a month and a concentration: "${line}".`);
    const [year, month, ppm] = found.slice(1).map(Number) as [number, number, number];
    return { time: year + (month - 0.5) / 12, year, ppm };
  });
}

/** The months to train on, and the months to predict. */
export interface Split {
  readonly training: readonly Month[];
  readonly heldOut: readonly Month[];
}

/** Splits the record after the year `until`. The training data contain only every `stride`-th month. */
export const splitRecord = (months: readonly Month[], until: number, stride: number): Split => ({
  training: months.filter(({ year }) => year <= until).filter((_, i) => i % stride === 0),
  heldOut: months.filter(({ year }) => year > until),
});
