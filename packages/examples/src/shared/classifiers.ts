import type { Tensor } from "@wengert/core";
import { oneHot, sum } from "@wengert/ops";
import type { ConfusionMatrix } from "@wengert/train";
import { percent, table } from "./table.ts";

/** How many rows each class has. */
export const countsOf = (labels: Tensor, classes: readonly string[]): number[] =>
  sum(oneHot(labels, { numClasses: classes.length }), { axis: 0 }).toNested<number[]>();

/** A row with the class that a model gives to it. */
export interface Guess {
  readonly label: number;
  readonly guess: number;
  readonly probability: number;
}

/** The wrong guesses with the highest probabilities. */
export const worstOf = <G extends Guess>(all: readonly G[], most: number): G[] =>
  all
    .filter(({ guess, label }) => guess !== label)
    .sort((a, b) => b.probability - a.probability)
    .slice(0, most);

/** One fold of a cross-validation: rows, and the fraction of right guesses. */
export interface Fold {
  readonly counts: readonly [fitted: number, heldOut: number];
  readonly right: readonly [fitted: number, heldOut: number];
}

export const foldTable = (folds: readonly Fold[], accuracy: number): string =>
  table([
    ["", "fitted", "right", "held out", "right"],
    ...folds.map(({ counts, right }, i) => [
      `part ${i + 1}`,
      ...[0, 1].flatMap((k) => [`${counts[k]}`, percent(right[k]!)]),
    ]),
    ["all", "", "", `${folds.reduce((sum, { counts: [, heldOut] }) => sum + heldOut, 0)}`, percent(accuracy)],
  ]);

/** Counts by class and guess, with the recall of each class. `is` begins the name of a row. */
export const confusionTable = ({ counts, classes, results }: ConfusionMatrix, is: string): string =>
  table([
    ["", ...classes.map((name) => `read as ${name}`), "right"],
    ...counts
      .toNested<number[][]>()
      .map((row, k) => [`${is} ${classes[k]}`, ...row.map(String), percent(results[k]!.recall)]),
  ]);

/** The most frequent class, and the accuracy of a model that always guesses it. */
export function commonest({ results }: ConfusionMatrix): { readonly name: string; readonly fraction: number } {
  const { name, count } = results.reduce((a, b) => (b.count > a.count ? b : a));
  return { name, fraction: count / results.reduce((total, result) => total + result.count, 0) };
}

/** The standard error of an accuracy over so many rows. */
export const standardError = (accuracy: number, rows: number): number => Math.sqrt((accuracy * (1 - accuracy)) / rows);
