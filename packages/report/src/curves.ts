import * as Plot from "@observablehq/plot";
import type { History, Point } from "@wengert/train";
import { type Content, type Html, html, plot } from "./html.ts";
import { type Color, colored, table } from "./page.ts";
import { decimalText, evenlySpaced, integerText, percentText } from "./words.ts";

interface Place {
  readonly x: number;
  readonly y: number;
}

/** Plots the learning curves of one or more fits: loss and metrics, for the training set and the set called `heldOut`. */
export function curvesSection(histories: readonly History[], heldOut: string, note: Content): Html | undefined {
  const all = histories.flatMap(({ train, validation }) => [...train, ...validation]);
  if (all.length === 0) return undefined;
  const names = ["loss", ...new Set(all.flatMap(({ metrics }) => Object.keys(metrics)))];
  const isValidated = histories.some(({ validation }) => validation.length > 0);
  const fitCountNote = histories.length > 1 && html`, one line for each of ${histories.length} fits`;
  const legend = html`${colored("--blue", "training")}${isValidated && html`&ensp;${colored("--orange", heldOut)}`}${fitCountNote}`;
  return html`<section>
<h2>Learning curves</h2>
${note !== undefined && html`<p>${note}</p>\n`}<p class="note">${legend}</p>
<div class="columns">
${names.map((name) => html`<figure>${curvePlot(name, histories, heldOut, xUnitOf(all))}</figure>\n`)}</div>
${histories.length === 1 && numbersTable(names, heldOut, histories[0]!)}</section>
`;
}

/** The unit of the x axis: "step" if each step was one pass over the data, otherwise "epoch". */
const xUnitOf = (points: readonly Point[]): "step" | "epoch" =>
  points.every(({ step, epoch }) => step === epoch) ? "step" : "epoch";

const valueIn = (name: string, point: Point): number =>
  name === "loss" ? point.loss : (point.metrics[name] ?? Number.NaN);

const isFraction = (name: string, values: readonly number[]): boolean =>
  /accuracy|top|precision|recall|f1|share/i.test(name) && values.every((y) => y >= 0 && y <= 1);

/**
 * Returns the range of an axis of a plot. The range starts at 0. If a value is negative, or if all values differ by
 * less than 30 % of the largest, the range starts at a round number not above the smallest value.
 */
function rangeOf(values: readonly number[]): [from: number, to: number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const spread = high - low || high || 1;
  const unit = 10 ** Math.floor(Math.log10(spread));
  const to = Math.ceil(high / unit) * unit;
  return [low < 0 || high - low < 0.3 * high ? Math.floor(low / unit) * unit : 0, to];
}

function curvePlot(name: string, histories: readonly History[], heldOut: string, xUnit: "step" | "epoch"): Html {
  const toPlaces = (points: readonly Point[]): Place[] =>
    evenlySpaced(points, 400)
      .map((point) => ({ x: point[xUnit], y: valueIn(name, point) }))
      .filter(({ y }) => Number.isFinite(y));
  const [train, validation] = [
    histories.map((history) => toPlaces(history.train)),
    histories.map((history) => toPlaces(history.validation)),
  ];
  const all = [train, validation].flat(2);
  const asPercent = isFraction(
    name,
    all.map(({ y }) => y),
  );
  const describeCurve = (setName: string, lines: readonly Place[][]) => {
    const [first, last] = [lines[0]?.[0], lines[0]?.at(-1)];
    const text = (place: Place) => (asPercent ? percentText(place.y) : decimalText(place.y));
    return first && last ? [`${setName} from ${text(first)} to ${text(last)}`] : [];
  };
  const summary = [...describeCurve("training", train), ...describeCurve(heldOut, validation)].join(", ");
  const lastX = all.reduce((largest, { x }) => Math.max(largest, x), 1);
  const [from, to] = all.length > 0 ? rangeOf(all.map(({ y }) => (asPercent ? 100 * y : y))) : [0, 1];
  const axisText = from > 0 && `The axis starts at ${Number(from.toPrecision(6))}${asPercent ? " %" : ""}, not at 0.`;
  const figure = plot({
    ...chartSizes,
    ariaLabel: `${name} over the ${xUnit}s: ${summary}${histories.length > 1 ? ", in the first fit" : ""}`,
    x: { label: xUnit, ticks: Math.min(10, Math.ceil(lastX)) },
    y: { label: name, grid: true, ticks: 6, percent: asPercent, domain: [from, to] },
    marks: [
      ...train.map((line) => lineMark(line, "--blue", histories.length)),
      ...validation.map((line) => lineMark(line, "--orange", histories.length)),
      ...[...train, ...validation].map((line, i) => {
        const isValidation = i >= train.length;
        const isSparse = line.length <= (isValidation && histories.length === 1 ? 40 : 1);
        return Plot.dot(isSparse ? line : [], {
          x: "x",
          y: "y",
          r: 3.5,
          fill: `var(${isValidation ? "--orange" : "--blue"})`,
        });
      }),
    ],
  });
  return html`${figure}${axisText && html`<figcaption>${axisText}</figcaption>`}`;
}

/** The size of a chart in pixels, chosen so that two charts fit next to each other on a page. */
export const chartSizes = { width: 460, height: 300, marginTop: 28, marginBottom: 40, marginLeft: 52, marginRight: 16 };

const lineMark = (line: readonly Place[], color: Color, fitCount: number): Plot.Markish =>
  Plot.lineY(line as Plot.Data, { x: "x", y: "y", stroke: `var(${color})`, strokeWidth: fitCount > 1 ? 1 : 1.75 });

/** Shows a learning curve as a table of at most 40 points. */
function numbersTable(names: readonly string[], heldOut: string, { train, validation }: History): Html {
  const [setName, points] = validation.length > 0 ? [heldOut, validation] : ["training", train];
  const rows = evenlySpaced(points, 40).map((point) => [
    integerText(point.step),
    String(Number(point.epoch.toFixed(4))),
    ...names.map((name) => decimalText(valueIn(name, point))),
  ]);
  return html`<details><summary>${setName} in numbers</summary>${table([["step", "epoch", ...names], ...rows])}</details>
`;
}
