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

/** What there is, and what is missing. */
export function dataTold({ cars, missing, incomplete }: Cars): string {
  const gaps = [...missing].map(([name, count]) => `${count} without ${name}`).join(", ");
  const counts = countsOf(labelsOf(cars), origins)
    .map((n, k) => `${origins[k]} ${n}`)
    .join(", ");
  return `${cars.length + incomplete} cars, K = ${origins.length} origins, told from ${columns.map(({ name }) => name).join(", ")}.
${incomplete} cars are left out: ${gaps}. The others are from: ${counts}.
`;
}

/** How often each fit is right, and what is taken for what. */
export function accuracyTold(
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
  return `Softmax regression, P = softmax(X W), by ${steps} steps of gradient descent. Each part of the cars is held out once from a
fit to the others; means and deviations, by which columns are scaled, come from those others alone.

${foldTable(folds, accuracy)}

The mean over the parts, and how far apart they lie: ${percent(average)} ± ${percent(spread)}. Chance alone makes parts of ${verdicts[0]!.length} cars
differ by ${percent(standardError(accuracy, verdicts[0]!.length))}. Always to say ${name} would be right for ${percent(fraction)}.
All cars, each judged by the fit that has not seen it:

${confusionTable(confusion, "is from")}

Most confidently wrong:

${table(
  [
    ["", "is from", "read as", "with"],
    ...wrong.map(({ name, label, guess, probability }) => [
      name,
      origins[label]!,
      origins[guess]!,
      percent(probability),
    ]),
  ],
  { left: 3 },
)}
${wrong.some(({ name }) => /^(dodge colt|plymouth champ)/.test(name)) ? "\nNot so wrong: Mitsubishi built the Colt and the Champ in Japan, for Dodge and Plymouth to sell.\n" : ""}`;
}

/** The coefficients of the first fit, read aloud, and how they stand in the others. */
export function coefficientsTold(models: readonly Model[], [{ train, heldOut }]: readonly [Split, ...Split[]]): string {
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
  return `What the coefficients say. One standard deviation more of a column, the others unchanged, multiplies the odds of two
origins, p : p′, by the exponential of the difference of their weights. In brackets the least and the greatest of the
fits:

${table([
  ["", "one deviation", ...pairs.map(versus)],
  ...columns.map(({ name, unit }, j) => [
    name,
    `${amount(deviationsOf(model)[j]!, 3)} ${unit}`,
    ...ratios.filter(({ column }) => column === j).map(cell),
  ]),
])}

Read aloud:

${readAloud(ratios, model, 2)
  .map((sentence) => `  ${sentence}`)
  .join("\n")}

Is it so? The odds ${versus([strongest.of, strongest.against])} for a ${car.name}, which was held out, are ${before.toPrecision(6)}; with one deviation
more ${name} they are ${after.toPrecision(6)}. The quotient is ${(after / before).toPrecision(12)}, the factor ${strongest.factor.toPrecision(12)} (apart by ${size(Math.abs(after / before / strongest.factor - 1))}).

"The others unchanged" is what hardly any car does: ${name} correlates with
${others.map(({ column, r }) => `${column.name} (${r.toFixed(2)})`).join(", ")}. So a factor says what a column adds to the others, not what it
says alone. The ridge keeps such weights from growing against each other.
`;
}

/** Pearson's correlation of two columns: 1 on a rising line, −1 on a falling line. */
export function correlation(x: Tensor, y: Tensor): number {
  const [a, b] = [x, y].map((column) => standardize(column).transform(column)) as [Tensor, Tensor];
  return mean(mul(a, b)).item();
}

const valuesOf = (cars: Split["train"], column: number): Tensor => tensor(cars.map(({ values }) => values[column]!));
