import { type Tensor, tensor } from "@wengert/core";
import { mean, mul } from "@wengert/ops";
import { type ConfusionMatrix, standardize } from "@wengert/train";
import { commonest, confusionTable, countsOf, foldTable, standardError, worstOf } from "../shared/classifiers.ts";
import { percent, size, table } from "../shared/table.ts";
import { type Cars, columns, origins } from "./data.ts";
import {
  accuracyOf,
  judge,
  labelsOf,
  type Model,
  meanAndSpread,
  type Settings,
  type Split,
  type Verdict,
} from "./fit.ts";
import { amount, deviationsOf, type OddsRatio, oddsMoved, oddsRatios, pairs, readAloud } from "./odds.ts";

/** Describes the data and its missing values. */
export function dataSummary({ cars, missing, incomplete }: Cars): string {
  const gaps = [...missing].map(([name, count]) => `${count} without ${name}`).join(", ");
  const counts = countsOf(labelsOf(cars), origins)
    .map((n, k) => `${origins[k]} ${n}`)
    .join(", ");
  return `${cars.length + incomplete} cars, K = ${origins.length} origins, features: ${columns.map(({ name }) => name).join(", ")}.
${incomplete} cars are left out: ${gaps}. The others are from: ${counts}.
`;
}

/** Describes the accuracy on each fold of a cross-validation, the confusion matrix and the worst mistakes. */
export function accuracySummary(
  splits: readonly Split[],
  models: readonly Model[],
  verdicts: readonly (readonly Verdict[])[],
  confusion: ConfusionMatrix,
  { steps }: Settings,
): string {
  const { accuracy } = confusion;
  const [average, spread] = meanAndSpread(verdicts.map(accuracyOf));
  const { name, fraction } = commonest(confusion);
  const wrong = worstOf(verdicts.flat(), 6);
  const folds = splits.map(({ train, heldOut }, i) => ({
    counts: [train.length, heldOut.length] as const,
    right: [accuracyOf(judge(models[i]!, train)), accuracyOf(verdicts[i]!)] as const,
  }));
  return `Softmax regression, P = softmax(X W), by ${steps} steps of gradient descent. Each fold is held out once, and a model is
fitted to the other folds. The means and deviations that scale the columns also come from the other folds.

${foldTable(folds, accuracy)}

Mean and standard deviation over the folds: ${percent(average)} ± ${percent(spread)}. Chance alone makes folds of ${verdicts[0]!.length} cars
differ by ${percent(standardError(accuracy, verdicts[0]!.length))}. Always guessing ${name} would be correct for ${percent(fraction)}.
All cars, each classified by the fit that has not seen it:

${confusionTable(confusion, "is from")}

Wrong with the highest probability:

${table(
  [
    ["", "is from", "predicted", "probability"],
    ...wrong.map(({ name, label, guess, probability }) => [
      name,
      origins[label]!,
      origins[guess]!,
      percent(probability),
    ]),
  ],
  { left: 3 },
)}
${wrong.some(({ name }) => /^(dodge colt|plymouth champ)/.test(name)) ? "\nThe Colt and the Champ are not clear mistakes: Mitsubishi built them in Japan for Dodge and Plymouth.\n" : ""}`;
}

/**
 * Describes the coefficients of the first model of a cross-validation, and how much each coefficient varies over all
 * models.
 */
export function coefficientsSummary(
  models: readonly Model[],
  [{ train, heldOut }]: readonly [Split, ...Split[]],
): string {
  const [model] = models as readonly [Model, ...Model[]];
  const ratios = oddsRatios(models);
  const strongest = [...ratios].sort((a, b) => Math.abs(Math.log(b.factor)) - Math.abs(Math.log(a.factor)))[0]!;
  const car = heldOut[0]!;
  const [before, after] = oddsMoved(model, car, strongest);
  const { name } = columns[strongest.column]!;
  const versus = ([of, against]: readonly [number, number]) => `${origins[of]} : ${origins[against]}`;
  const cell = ({ factor, range }: OddsRatio) => `${amount(factor)} (${range.map((end) => amount(end)).join(" … ")})`;
  const others = columns
    .map((column, j) => ({ column, r: correlation(valuesOf(train, strongest.column), valuesOf(train, j)) }))
    .filter(({ column }) => column.name !== name)
    .sort((a, b) => Math.abs(b.r) - Math.abs(a.r))
    .slice(0, 3);
  return `The coefficients. One standard deviation more of a column, the others unchanged, multiplies the odds p : p′ of two
origins by the exponential of the difference of their weights. The range over all fits is in parentheses:

${table([
  ["", "one deviation", ...pairs.map(versus)],
  ...columns.map(({ name, unit }, j) => [
    name,
    `${amount(deviationsOf(model)[j]!, 3)} ${unit}`,
    ...ratios.filter(({ column }) => column === j).map(cell),
  ]),
])}

In words:

${readAloud(ratios, model, 2)
  .map((sentence) => `  ${sentence}`)
  .join("\n")}

A check: the odds ${versus([strongest.of, strongest.against])} for a held-out ${car.name} are ${before.toPrecision(6)}. With one deviation
more ${name} they are ${after.toPrecision(6)}. The ratio is ${(after / before).toPrecision(12)}, the factor ${strongest.factor.toPrecision(12)} (difference ${size(Math.abs(after / before / strongest.factor - 1))}).

The other columns rarely stay unchanged: ${name} correlates with
${others.map(({ column, r }) => `${column.name} (${r.toFixed(2)})`).join(", ")}. So a factor is the effect of a column given the
others, not its effect alone. The ridge keeps the weights of correlated columns from growing with opposite signs.
`;
}

/** Returns Pearson's correlation of two columns: 1 for points on a rising line, −1 for points on a falling line. */
export function correlation(x: Tensor, y: Tensor): number {
  const [a, b] = [x, y].map((column) => standardize(column).transform(column)) as [Tensor, Tensor];
  return mean(mul(a, b)).item();
}

const valuesOf = (cars: Split["train"], column: number): Tensor => tensor(cars.map(({ values }) => values[column]!));
