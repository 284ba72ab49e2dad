import { percent, size, table } from "../shared/table.ts";
import type { Split } from "./data.ts";
import type { Fit } from "./fit.ts";
import { valuesOf } from "./fit.ts";
import { byHorizon, type Forecast, scoreOf } from "./forecast.ts";
import type { Component } from "./kernels.ts";
import type { Slopes } from "./slopes.ts";

/** One parameter of a fitted model. */
export interface Learned {
  readonly component: string;
  readonly symbol: string;
  readonly unit: string;
  readonly meaning: string;
  readonly value: number;
  /**
   * The interval of one standard error around the log of the parameter. The interval is undefined if the data do not
   * determine the parameter.
   */
  readonly interval: readonly [number, number] | undefined;
  readonly book: number | undefined;
}

/** Joins the fitted values and their standard errors with the descriptions of the parameters. */
export function learned(
  model: readonly Component[],
  { minimum }: Fit,
  errors: readonly (number | undefined)[],
): Learned[] {
  const values = valuesOf(minimum.params);
  return model
    .flatMap(({ name, parameters }) =>
      Object.values(parameters).map((parameter) => ({ component: name, ...parameter })),
    )
    .map(({ component, symbol, unit, meaning, book }, i) => {
      const [value, error] = [values[i]!, errors[i]];
      const interval = error === undefined ? undefined : ([value * Math.exp(-error), value * Math.exp(error)] as const);
      return { component, symbol, unit, meaning, value, interval, book };
    });
}

export const intervalText = ({ interval }: Learned): string =>
  interval === undefined ? "undetermined" : interval.map((end) => digits(end, 2)).join(" to ");

export const valueText = ({ value, unit }: Learned): string => `${digits(value, 3)} ${unit}`.trim();

/**
 * Formats a positive number with the given number of significant digits. Numbers of a million or more get an exponent.
 */
const digits = (x: number, count: number): string =>
  x >= 1e6 ? x.toExponential(1) : x >= 10 ** count ? `${Number(x.toPrecision(count))}` : x.toPrecision(count);

/** Formats the value that the book of Rasmussen and Williams gives for a parameter, with two digits. */
export const bookText = ({ book }: Learned): string => (book === undefined ? "" : `${Number(book.toPrecision(2))}`);

/** Describes the CO₂ data, the Gaussian process and the fit of its parameters. */
export function fitSummary({ training, heldOut }: Split, model: readonly Component[], { minimum }: Fit): string {
  const [first, last] = [training[0]!.year, training.at(-1)!.year];
  return `CO₂ at Mauna Loa: ${training.length} monthly means of ${first} to ${last} for training, ${heldOut.length} later ones held out.

A Gaussian process with this covariance (Rasmussen and Williams 2006, section 5.4.3), for r = t - t′ in years:

${table(
  model.map(({ name, formula }) => [name, formula]),
  { left: 2 },
)}

L-BFGS maximizes log p(y | θ), with gradients through \`cholesky\` and \`triangularSolve\`. It took ${minimum.iterations} steps and
computed p and its gradient ${minimum.evaluations} times: log p = ${(-minimum.loss).toFixed(2)}.
`;
}

/** Prints the fitted parameters. */
export const parametersSummary = (parameters: readonly Learned[]): string =>
  `${table(
    [
      ["", "", "learned", "68 % interval", "the book"],
      ...parameters.map((each) => [each.symbol, each.meaning, valueText(each), intervalText(each), bookText(each)]),
    ],
    { left: 2 },
  )}

The intervals come from the Hessian of log p. The book used an earlier edition of the record.
`;

/**
 * Compares a directional derivative of −log p(y | θ) computed by reverse mode, by a closed formula, and by a central
 * difference.
 */
export const slopesSummary = ({
  reverse,
  trace,
  difference,
  condition,
}: Slopes): string => `The slope of -log p at the start of the fit, along a random direction:

${table([
  ["", "slope", "relative difference"],
  ["gradient by reverse mode", reverse.toPrecision(12), ""],
  ["½ tr((K⁻¹ - ααᵀ) ∂K), equation 5.9", trace.toPrecision(12), size(Math.abs(trace / reverse - 1))],
  ["central difference", difference.toPrecision(12), size(Math.abs(difference / reverse - 1))],
])}

K has the condition number ${size(condition)}, by which rounding errors of 1e-16 may grow.
`;

/** Returns a table of the prediction errors: a header, a row for each group of years, and a row for all years. */
export function scoreRows(
  book: readonly Forecast[],
  parabola: readonly Forecast[],
  baseline: readonly number[],
  confidence: number,
): string[][] {
  const months = book.map((each, i) => ({ ...each, parabola: parabola[i]!, baseline: baseline[i]! }));
  const cells = (name: string, group: typeof months): string[] => {
    const least = Math.sqrt(group.reduce((sum, { ppm, baseline }) => sum + (ppm - baseline) ** 2, 0) / group.length);
    const scores = [scoreOf(group), scoreOf(group.map(({ parabola }) => parabola))];
    return [
      name,
      `${group.length}`,
      ...scores.flatMap(({ rmse, half, coverage }) => [rmse.toFixed(2), `± ${half.toFixed(2)}`, percent(coverage, 0)]),
      least.toFixed(2),
    ];
  };
  const band = percent(confidence, 0);
  return [
    [
      "years ahead",
      "months",
      "book: RMSE",
      `${band} band`,
      "inside",
      "parabola: RMSE",
      `${band} band`,
      "inside",
      "least squares: RMSE",
    ],
    ...byHorizon(months).map(({ years, months }) => cells(years, [...months])),
    cells("all", months),
  ];
}
