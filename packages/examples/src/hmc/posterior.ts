import { hessian, ones, type Tensor, tensor, zeros } from "@wengert/core";
import { add, binaryCrossEntropy, concat, div, inv, matmul, square, sum } from "@wengert/ops";
import { newton, standardize } from "@wengert/train";
import { InputError } from "../shared/options.ts";
import { measurements } from "../shared/penguins.ts";
import { readRows, withNumbers } from "../shared/vega.ts";
import type { Potential } from "./leapfrog.ts";

/** The names of the weights: one for each measurement, and the bias. */
export const weightNames: readonly string[] = [
  ...measurements.map((name) => name.replace(/ \(.*/, "").toLowerCase()),
  "bias",
];

export interface Adelies {
  /**
   * The features. Each row has the measurements of a penguin, scaled to mean 0 and variance 1, and a 1 for the bias.
   */
  readonly X: Tensor;
  /** The label of each penguin: 1 for a male, 0 for a female. */
  readonly male: Tensor;
  /** The number of Adelie penguins left out because the sex or a measurement is missing. */
  readonly incomplete: number;
}

/**
 * Reads the Adelie penguins of the Palmer penguins (Gorman, Williams and Fraser 2014, CC0) from the npm package
 * `vega-datasets`. The measurements of males and females overlap, so no linear classifier separates them.
 */
export function readAdelies(): Adelies {
  const all = readRows("penguins").filter(({ Species }) => Species === "Adelie");
  const known = all.filter(({ Sex }) => Sex === "MALE" || Sex === "FEMALE");
  const { complete } = withNumbers(known, measurements);
  if (complete.length === 0) throw new InputError("vega-datasets has no Adelie penguin without missing values.");
  const measured = tensor(complete.map((penguin) => measurements.map((name) => penguin[name])));
  return {
    X: concat([standardize(measured).transform(measured), ones([complete.length, 1])], { axis: 1 }),
    male: tensor(complete.map(({ Sex }) => (Sex === "MALE" ? 1 : 0))),
    incomplete: all.length - complete.length,
  };
}

/**
 * Returns U(w) = −log p(w | data) + constant for a logistic regression. The weights have independent normal priors with mean 0
 * and standard deviation `prior`.
 */
export const posterior =
  ({ X, male }: Adelies, prior: number): Potential =>
  (w) =>
    add(binaryCrossEntropy(matmul(X, w), male, { reduction: "sum" }), div(sum(square(w)), 2 * prior ** 2));

/** A normal distribution with the given mean and covariance. */
export interface Normal {
  readonly mean: readonly number[];
  readonly covariance: readonly (readonly number[])[];
  readonly deviations: readonly number[];
}

/**
 * Returns the Laplace approximation of exp(−U): a normal distribution. Its mean is the maximum of exp(−U), and its
 * covariance is the inverse of the Hessian of U at this maximum.
 */
export function laplace(potential: Potential, size: number): Normal {
  const { params: maximum, reason } = newton(potential, zeros([size]));
  if (reason === "iterations" || reason === "saddle")
    throw new InputError("Newton's method did not converge; use a smaller --prior.");
  const covariance = inv(hessian(potential)(maximum)).toNested<number[][]>();
  return {
    mean: maximum.toNested<number[]>(),
    covariance,
    deviations: covariance.map((row, i) => Math.sqrt(row[i]!)),
  };
}
