import type { Tensor } from "@wengert/core";
import { oneHot, sum } from "@wengert/ops";
import type { ConfusionMatrix } from "@wengert/train";
import { percent, table } from "./table.ts";

/** Counts the rows of each class. */
export const countsOf = (labels: Tensor, classes: readonly string[]): number[] =>
  sum(oneHot(labels, { numClasses: classes.length }), { axis: 0 }).toNested<number[]>();

/** The prediction of a classifier for one row: the most probable class, its probability, and the true label. */
export interface Guess {
  readonly label: number;
  readonly guess: number;
  readonly probability: number;
}

/** Returns the wrong predictions with the highest probabilities. */
export const worstOf = <G extends Guess>(all: readonly G[], most: number): G[] =>
  all
    .filter(({ guess, label }) => guess !== label)
    .sort((a, b) => b.probability - a.probability)
    .slice(0, most);

/** One fold of a cross-validation: the number of rows and the accuracy, for the training rows and the held-out rows. */
export interface Fold {
  readonly counts: readonly [fitted: number, heldOut: number];
  readonly right: readonly [fitted: number, heldOut: number];
}

export const foldTable = (folds: readonly Fold[], accuracy: number): string =>
  table([
    ["", "fitted", "correct", "held out", "correct"],
    ...folds.map(({ counts, right }, i) => [
      `fold ${i + 1}`,
      ...[0, 1].flatMap((k) => [`${counts[k]}`, percent(right[k]!)]),
    ]),
    ["all", "", "", `${folds.reduce((sum, { counts: [, heldOut] }) => sum + heldOut, 0)}`, percent(accuracy)],
  ]);

/**
 * Formats a confusion matrix with the recall of each class. For the class Japan, `is` = "is from" gives the row name
 * "is from Japan".
 */
export const confusionTable = ({ counts, classes, results }: ConfusionMatrix, is: string): string =>
  table([
    ["", ...classes.map((name) => `predicted ${name}`), "correct"],
    ...counts
      .toNested<number[][]>()
      .map((row, k) => [`${is} ${classes[k]}`, ...row.map(String), percent(results[k]!.recall)]),
  ]);

/** Returns the most frequent class, and the accuracy of a model that always predicts this class. */
export function commonest({ results }: ConfusionMatrix): { readonly name: string; readonly fraction: number } {
  const { name, count } = results.reduce((a, b) => (b.count > a.count ? b : a));
  return { name, fraction: count / results.reduce((total, result) => total + result.count, 0) };
}

/** Returns the standard error of an accuracy measured on `rows` rows. */
export const standardError = (accuracy: number, rows: number): number => Math.sqrt((accuracy * (1 - accuracy)) / rows);
