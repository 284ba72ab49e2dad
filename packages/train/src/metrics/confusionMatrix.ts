import { fromNdarray, OutOfRangeError, type Tensor } from "@wengert/core";
import { ndarray } from "@wengert/core/extend";
import { predictionsAndLabels } from "./predictions.ts";
import type { PredictionOptions } from "./rows.ts";

/**
 * Precision, recall and F₁ of one class. A ratio with denominator 0 is NaN, such as the precision of a class that was
 * never predicted.
 */
export interface ClassResult {
  readonly name: string;
  /** The number of rows that truly belong to the class. */
  readonly count: number;
  /** The number of rows that are predicted as the class. */
  readonly predicted: number;
  /** Precision: of the rows predicted as this class, the fraction that truly belong to the class. */
  readonly precision: number;
  /** Recall: of the rows that truly belong to this class, the fraction that are predicted as this class. */
  readonly recall: number;
  /**
   * F₁, the harmonic mean of precision and recall (C. van Rijsbergen 1979): 2 hits / (count + predicted), where hits
   * are the correct predictions of this class.
   */
  readonly f1: number;
}

/**
 * A confusion matrix: counts of true classes against predicted classes. `toString()`, and `console.log` in Node, show
 * the matrix as a table.
 */
export interface ConfusionMatrix {
  /**
   * The counts, int32 [K, K] for K classes: entry [i, j] is the number of rows of class i that were predicted as class
   * j.
   */
  readonly counts: Tensor;
  readonly classes: readonly string[];
  /** The fraction of rows that are predicted correctly: the sum of the diagonal divided by the number of rows. */
  readonly accuracy: number;
  /** Precision, recall and F₁ of each class, in the order of `classes`. */
  readonly results: readonly ClassResult[];
  toString(): string;
}

const maxClasses = 4096; // the counts of 4096 classes take 64 MB

/**
 * Returns the confusion matrix, whose rows are the true classes and whose columns are the predicted classes. Arguments
 * and errors are those of `accuracy`. If `scores` are predicted classes and `classes` is missing, the number of classes
 * is the highest class plus 1.
 *
 * @throws OutOfRangeError also for more than 4096 classes
 */
export function confusionMatrix(scores: Tensor, labels: Tensor, options?: PredictionOptions): ConfusionMatrix {
  const {
    guesses: predictions,
    labels: trueLabels,
    K,
    ...names
  } = predictionsAndLabels("confusionMatrix", scores, labels, options);
  if (K > maxClasses)
    throw new OutOfRangeError(
      `confusionMatrix: at most ${maxClasses} classes are supported, got ${K}; are the labels class indices?`,
    );
  const classes = names.classes ?? Array.from({ length: K }, (_, k) => String(k));
  const counts = new Int32Array(K * K);
  for (let i = 0; i < predictions.length; i++) counts[trueLabels[i]! * K + predictions[i]!]!++;
  const table = Array.from({ length: K }, (_, i) => [...counts.subarray(i * K, (i + 1) * K)]);
  const results = classes.map((name, k) => resultOf(name, table, k));
  const matrix = {
    counts: fromNdarray(ndarray(counts, [K, K]), { label: "confusion" }),
    classes,
    accuracy: total(table.map((row, k) => row[k]!)) / predictions.length,
    results,
  };
  const text = { value: () => tableText(table, matrix) };
  return Object.defineProperties(matrix, { toString: text, [Symbol.for("nodejs.util.inspect.custom")]: text });
}

function resultOf(name: string, table: readonly (readonly number[])[], k: number): ClassResult {
  const [hits, count, predicted] = [table[k]![k]!, total(table[k]!), total(table.map((row) => row[k]!))];
  return {
    name,
    count,
    predicted,
    precision: hits / predicted,
    recall: hits / count,
    f1: (2 * hits) / (count + predicted),
  };
}

const total = (list: readonly number[]): number => list.reduce((sum, n) => sum + n, 0);

function tableText(table: readonly (readonly number[])[], { classes, results, accuracy }: ConfusionMatrix): string {
  const percentText = (x: number) => (Number.isNaN(x) ? "–" : `${(100 * x).toFixed(1)} %`);
  const names = classes.map(cellText);
  const rows = [
    ["is \\ guess", ...names, "recall"],
    ...table.map((row, k) => [names[k]!, ...row.map(String), percentText(results[k]!.recall)]),
    ["precision", ...results.map(({ precision }) => percentText(precision)), percentText(accuracy)],
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const alignCells = (row: readonly string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)));
  return rows.map((row) => alignCells(row).join("  ").trimEnd()).join("\n");
}

/** Shortens a class name to one line of at most 16 characters. */
function cellText(name: string): string {
  const shown = name.replace(/\p{Control}/gu, "�");
  return shown.length > 16 ? `${shown.slice(0, 15)}…` : shown;
}
