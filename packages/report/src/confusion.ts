import * as Plot from "@observablehq/plot";
import type { ConfusionMatrix } from "@wengert/train";
import { type Content, type Html, html, plot } from "./html.ts";
import { table } from "./page.ts";
import { integerText, percentText, shortName } from "./words.ts";

interface Cell {
  readonly label: number;
  readonly guess: number;
  readonly count: number;
  /** `count` as a part of its row. */
  readonly share: number;
}

/** The entries of a confusion matrix, row by row. */
function cellsOf({ counts, results }: ConfusionMatrix): Cell[] {
  return counts
    .toNested<number[][]>()
    .flatMap((row, label) =>
      row.map((count, guess) => ({ label, guess, count, share: count / Math.max(1, results[label]!.count) })),
    );
}

const maxWithNumbers = 30;
const maxPlotted = 100;

/** Which classes are taken for which: as a plot where there are not too many, and the most frequent as a table. */
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
    ["is", "taken for", "times", "of its rows"],
    ...worst.map(({ label, guess, count, share }) => [
      shortName(classes[label]!),
      shortName(classes[guess]!),
      integerText(count),
      percentText(share),
    ]),
  ]);
  const summary = html`<div>
<p>Easiest: <b>${shortName(easiest.name, 40)}</b>, ${percentText(easiest.recall)} of them right. Hardest: <b>${shortName(hardest.name, 40)}</b>,
${percentText(hardest.recall)}.</p>
${worst.length > 0 && ranking}
</div>`;
  const figure = classes.length <= maxPlotted && html`<figure>${matrixPlot(matrix, cells)}</figure>\n`;
  return html`<section>
<h2>What it takes for what</h2>
${note !== undefined && html`<p>${note}</p>\n`}<div${classes.length <= 12 && html` class="columns"`}>
${figure}${summary}
</div>
</section>
`;
}

/** A confusion matrix, its hits in blue, its mistakes in orange. */
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
    ariaLabel: `confusion matrix of ${K} classes, a row for what each is and a column for what it was taken for; ${percentText(accuracy)} are on the diagonal`,
    width,
    height: marginTop + Math.max(120, Math.min(width - marginLeft, 40 * K)),
    marginLeft,
    marginTop,
    marginRight: areTicksRotated ? 8 + 3.3 * longestName : 8,
    marginBottom: 4,
    x: {
      ...axis,
      type: "band",
      label: "taken for",
      axis: "top",
      ...(areTicksRotated ? { tickRotate: -60, labelOffset: marginTop - 6 } : {}),
    },
    y: { ...axis, type: "band", label: "is" },
    opacity: { type: "identity" },
    marks: [
      Plot.cell(cells as Cell[], {
        x: "guess",
        y: "label",
        inset: K <= maxWithNumbers ? 1 : 0.5,
        fill: ({ label, guess }: Cell) => (label === guess ? "var(--blue)" : "var(--orange)"),
        // The root lets a handful of mistakes be seen beside the most frequent; the count stays legible on both colors.
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

/** Precision, recall and F₁ of each class; of very many, of those that are hardest to find. */
export function classSection({ results }: ConfusionMatrix, note: Content): Html {
  const listed =
    results.length <= maxListed
      ? results
      : results.toSorted((a, b) => (a.recall || 0) - (b.recall || 0)).slice(0, maxListed);
  const omitted = results.length - listed.length;
  return html`<section>
<h2>Class by class</h2>
<p>${
    note ??
    html`Precision: of what was taken for the class, the share that is of it. Recall: of what is of the class, the share that
was found. F<sub>1</sub> is their harmonic mean.`
  }</p>
${table([
  ["class", "rows", "taken for it", "precision", "recall", html`F<sub>1</sub>`],
  ...listed.map(({ name, count, predicted, precision, recall, f1 }) => [
    shortName(name, 40),
    integerText(count),
    integerText(predicted),
    percentText(precision),
    percentText(recall),
    percentText(f1),
  ]),
])}
${omitted > 0 && html`<p class="note">These are the ${maxListed} of the least recall; ${integerText(omitted)} are not shown.</p>\n`}</section>
`;
}
