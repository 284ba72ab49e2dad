import * as Plot from "@observablehq/plot";
import type { ConfusionMatrix } from "@wengert/train";
import { type Content, type Html, html, plot } from "./html.ts";
import { table } from "./page.ts";
import { integerText, percentText, shortName } from "./words.ts";

interface Cell {
  readonly label: number;
  readonly guess: number;
  readonly count: number;
  /** The entry `count` divided by the total of its row in the confusion matrix. */
  readonly share: number;
}

/** Returns the entries of a confusion matrix as a list, row by row. */
function cellsOf({ counts, results }: ConfusionMatrix): Cell[] {
  return counts
    .toNested<number[][]>()
    .flatMap((row, label) =>
      row.map((count, guess) => ({ label, guess, count, share: count / Math.max(1, results[label]!.count) })),
    );
}

const maxWithNumbers = 30;
const maxPlotted = 100;

/** Shows a confusion matrix: a table of the most frequent mistakes, and a plot if there are at most 100 classes. */
export function confusionSection(matrix: ConfusionMatrix, note: Content): Html {
  const { classes, results } = matrix;
  const cells = cellsOf(matrix);
  const worst = cells
    .filter(({ label, guess, count }) => label !== guess && count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, 6);
  const classesWithRows = results.filter(({ count }) => count > 0).sort((a, b) => b.recall - a.recall);
  const [easiest, hardest] = [classesWithRows[0]!, classesWithRows.at(-1)!];
  const ranking = table([
    ["true class", "predicted as", "rows", "of its rows"],
    ...worst.map(({ label, guess, count, share }) => [
      shortName(classes[label]!),
      shortName(classes[guess]!),
      integerText(count),
      percentText(share),
    ]),
  ]);
  const summary = html`<div>
<p>Easiest: <b>${shortName(easiest.name, 40)}</b>, ${percentText(easiest.recall)} correct. Hardest: <b>${shortName(hardest.name, 40)}</b>,
${percentText(hardest.recall)}.</p>
${worst.length > 0 && ranking}
</div>`;
  const figure = classes.length <= maxPlotted && html`<figure>${matrixPlot(matrix, cells)}</figure>\n`;
  return html`<section>
<h2>Confusion matrix</h2>
${note !== undefined && html`<p>${note}</p>\n`}<div${classes.length <= 12 && html` class="columns"`}>
${figure}${summary}
</div>
</section>
`;
}

/** Plots a confusion matrix with correct predictions in blue and mistakes in orange. */
function matrixPlot({ classes, accuracy }: ConfusionMatrix, cells: readonly Cell[]): Html {
  const K = classes.length;
  const longestName = Math.max(...classes.map((name) => [...shortName(name)].length));
  const width = K <= 12 ? 460 : 960;
  const marginLeft = Math.max(40, 34 + 7 * longestName);
  const areTicksRotated = 7.5 * longestName > (width - marginLeft) / K;
  const marginTop = areTicksRotated ? 40 + 6.5 * longestName : 44;
  const worst = Math.max(1, ...cells.filter(({ label, guess }) => label !== guess).map(({ count }) => count));
  const axis = {
    domain: [...classes.keys()],
    tickFormat: (k: number) => shortName(classes[k]!),
    tickSize: 0,
    labelArrow: "none",
    labelAnchor: "center",
  } as const;
  return plot({
    ariaLabel: `confusion matrix of ${K} classes, with a row per true class and a column per predicted class; ${percentText(accuracy)} of the rows are on the diagonal`,
    width,
    height: marginTop + Math.max(120, Math.min(width - marginLeft, 40 * K)),
    marginLeft,
    marginTop,
    marginRight: areTicksRotated ? 8 + 3.3 * longestName : 8,
    marginBottom: 4,
    x: {
      ...axis,
      type: "band",
      label: "predicted class",
      axis: "top",
      ...(areTicksRotated ? { tickRotate: -60, labelOffset: marginTop - 6 } : {}),
    },
    y: { ...axis, type: "band", label: "true class" },
    opacity: { type: "identity" },
    marks: [
      Plot.cell(cells as Cell[], {
        x: "guess",
        y: "label",
        inset: K <= maxWithNumbers ? 1 : 0.5,
        fill: ({ label, guess }: Cell) => (label === guess ? "var(--blue)" : "var(--orange)"),
        // The color scale of a confusion matrix is a square root, so that rare mistakes stay visible next to frequent
        // ones. The printed counts are legible on every color of the scale.
        fillOpacity: ({ label, guess, count, share }: Cell) =>
          label === guess ? 0.35 * share : 0.6 * Math.sqrt(count / worst),
      }),
      Plot.text(K <= maxWithNumbers ? (cells as Cell[]) : [], {
        x: "guess",
        y: "label",
        text: ({ count }: Cell) => (count === 0 ? "" : String(count)),
      }),
    ],
  });
}

const maxListed = 50;

/**
 * Shows precision, recall and F₁ of each class. If there are more than 50 classes, shows those with the lowest recall.
 */
export function classSection({ results }: ConfusionMatrix, note: Content): Html {
  const listed =
    results.length <= maxListed
      ? results
      : results.toSorted((a, b) => (a.recall || 0) - (b.recall || 0)).slice(0, maxListed);
  const omitted = results.length - listed.length;
  return html`<section>
<h2>Results by class</h2>
<p>${
    note ??
    html`Precision: of the rows predicted as this class, the share that truly are. Recall: of the rows of this class, the share that
    was predicted as it. F<sub>1</sub> is their harmonic mean.`
  }</p>
${table([
  ["class", "rows", "predicted", "precision", "recall", html`F<sub>1</sub>`],
  ...listed.map(({ name, count, predicted, precision, recall, f1 }) => [
    shortName(name, 40),
    integerText(count),
    integerText(predicted),
    percentText(precision),
    percentText(recall),
    percentText(f1),
  ]),
])}
${omitted > 0 && html`<p class="note">The ${maxListed} classes with the lowest recall; ${integerText(omitted)} more are not shown.</p>\n`}</section>
`;
}
