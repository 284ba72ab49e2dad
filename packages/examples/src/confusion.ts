import * as Plot from "@observablehq/plot";
import type { Tensor } from "@wengert/core";
import { argmax, cast, equal, mean } from "@wengert/ops";
import { draw } from "./plots.ts";

/** How many of the class `row` were taken for the class `column`. */
export function confusionMatrix(labels: ArrayLike<number>, guesses: readonly number[], classes: number): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  guesses.forEach((guess, i) => {
    counts[labels[i]!]![guess]!++;
  });
  return counts;
}

/** The class with the highest score. */
export function likeliest(scores: readonly number[]): number {
  return scores.indexOf(Math.max(...scores));
}

/** The share of rows in which the label has the highest score. */
export function accuracy(scores: Tensor, labels: Tensor): number {
  return mean(cast(equal(argmax(scores, { axis: -1 }), labels), { dtype: "float64" })).item();
}

export interface Cell {
  readonly label: number;
  readonly guess: number;
  readonly count: number;
  /** `count` as a part of its row. */
  readonly share: number;
}

/** The entries of a confusion matrix, row by row. */
export function cellsOf(confusion: readonly (readonly number[])[]): Cell[] {
  return confusion.flatMap((row, label) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, guess) => ({ label, guess, count, share: count / Math.max(1, total) }));
  });
}

interface ConfusionPlot {
  readonly confusion: readonly (readonly number[])[];
  readonly names: readonly string[];
  /** What a row is: "is a". */
  readonly rows: string;
  readonly ariaLabel: string;
  readonly height: number;
  readonly marginLeft: number;
}

/** A confusion matrix, its hits in blue, its mistakes in orange. */
export function drawConfusion({ confusion, names, rows, ...sizes }: ConfusionPlot): string {
  const cells = cellsOf(confusion);
  const worst = Math.max(1, ...cells.filter(({ label, guess }) => label !== guess).map(({ count }) => count));
  const channels = { x: ({ guess }: Cell) => names[guess], y: ({ label }: Cell) => names[label] };
  const order = { domain: [...names], tickSize: 0, labelArrow: "none", labelAnchor: "center" } as const;
  return draw({
    ...sizes,
    width: 460,
    marginRight: 8,
    marginTop: 44,
    marginBottom: 4,
    x: { ...order, label: "read as", axis: "top" },
    y: { ...order, label: rows },
    opacity: { type: "identity" },
    marks: [
      Plot.cell(cells, {
        ...channels,
        inset: 1,
        fill: ({ label, guess }) => (label === guess ? "var(--blue)" : "var(--orange)"),
        // The root lets a handful of mistakes be seen beside the most frequent; the count stays legible on both colours.
        fillOpacity: ({ label, guess, count, share }) =>
          label === guess ? 0.35 * share : 0.6 * Math.sqrt(count / worst),
      }),
      Plot.text(cells, { ...channels, text: ({ count }) => (count === 0 ? "" : String(count)) }),
    ],
  });
}
