import { fromNdarray, OutOfRangeError, type Tensor } from "@wengert/core";
import { ndarray } from "@wengert/core/extend";
import { predictionsAndLabels } from "./predictions.ts";
import type { ClassOptions } from "./rows.ts";

/** How one class was guessed. A share of nothing, as the precision of a class that was never guessed, is NaN. */
export interface ClassResult {
  readonly name: string;
  /** How many rows are of this class. */
  readonly count: number;
  /** How many rows were taken for it. */
  readonly predicted: number;
  /** The share of the rows taken for it that are of it. */
  readonly precision: number;
  /** The share of its rows that were taken for it. */
  readonly recall: number;
  /** The harmonic mean of the two (C. van Rijsbergen 1979): 2 hits / (count + predicted). */
  readonly f1: number;
}

/** Which classes were taken for which. As text, and for `console.log` in Node, it is a table. */
export interface ConfusionMatrix {
  /** int32 [K, K]: entry [i, j] counts the rows of class i that were taken for class j. */
  readonly counts: Tensor;
  readonly classes: readonly string[];
  /** The share of rows on the diagonal. */
  readonly accuracy: number;
  /** Precision, recall and F₁ of each class, in their order. */
  readonly results: readonly ClassResult[];
  toString(): string;
}

const maxClasses = 4096; // classes: 64 MB of counts

/**
 * Counts which classes were taken for which: a row for each label, a column for each guess. Arguments and errors are those of
 * `accuracy`. Where guesses are given instead of scores, and no names, the highest class says how many there are.
 *
 * @throws OutOfRangeError, too, for more than 4096 classes.
 */
export function confusionMatrix(scores: Tensor, labels: Tensor, options?: ClassOptions): ConfusionMatrix {
  const {
    guesses: predictions,
    labels: trueLabels,
    K,
    ...names
  } = predictionsAndLabels("confusionMatrix", scores, labels, options);
  if (K > maxClasses)
    throw new OutOfRangeError(
      `confusionMatrix: ${K} classes are too many to count their pairs; ${maxClasses} is the most. Are the labels class indices?`,
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

/** A class name on one line, in at most 16 characters. */
function cellText(name: string): string {
  const shown = name.replace(/\p{Control}/gu, "�");
  return shown.length > 16 ? `${shown.slice(0, 15)}…` : shown;
}
