import * as Plot from "@observablehq/plot";
import type { History, Point } from "../fit/history.ts";
import { type Content, type Html, html, plot } from "./html.ts";
import { type Colour, coloured, table } from "./page.ts";
import { decimal, percent, thinned, whole } from "./words.ts";

interface Place {
  readonly x: number;
  readonly y: number;
}

/** The learning curves: loss and metrics of training and validation, for one fit or for several. */
export function curves(histories: readonly History[], note: Content): Html | undefined {
  const all = histories.flatMap(({ train, validation }) => [...train, ...validation]);
  if (all.length === 0) return undefined;
  const names = ["loss", ...new Set(all.flatMap(({ metrics }) => Object.keys(metrics)))];
  const isValidated = histories.some(({ validation }) => validation.length > 0);
  const several = histories.length > 1 && html`, a line for each of ${histories.length} fits`;
  const legend = html`${coloured("--blue", "training")}${isValidated && html`&ensp;${coloured("--orange", "validation")}`}${several}`;
  return html`<section>
<h2>How it learned</h2>
${note !== undefined && html`<p>${note}</p>\n`}<p class="note">${legend}</p>
<div class="columns">
${names.map((name) => html`<figure>${curve(name, histories, clockOf(all))}</figure>\n`)}</div>
${histories.length === 1 && numbers(names, histories[0]!)}</section>
`;
}

/** Where each step was a pass over the data, they are steps. */
const clockOf = (points: readonly Point[]): "step" | "epoch" =>
  points.every(({ step, epoch }) => step === epoch) ? "step" : "epoch";

const measured = (name: string, point: Point): number =>
  name === "loss" ? point.loss : (point.metrics[name] ?? Number.NaN);

const isShare = (name: string, values: readonly number[]): boolean =>
  /accuracy|top|precision|recall|f1|share/i.test(name) && values.every((y) => y >= 0 && y <= 1);

function curve(name: string, histories: readonly History[], clock: "step" | "epoch"): Html {
  const placed = (points: readonly Point[]): Place[] =>
    thinned(points, 400)
      .map((point) => ({ x: point[clock], y: measured(name, point) }))
      .filter(({ y }) => Number.isFinite(y));
  const [train, validation] = [
    histories.map((history) => placed(history.train)),
    histories.map((history) => placed(history.validation)),
  ];
  const all = [train, validation].flat(2);
  const asPercent = isShare(
    name,
    all.map(({ y }) => y),
  );
  const said = (what: string, lines: readonly Place[][]) => {
    const [first, last] = [lines[0]?.[0], lines[0]?.at(-1)];
    const text = (place: Place) => (asPercent ? percent(place.y) : decimal(place.y));
    return first && last ? [`${what} from ${text(first)} to ${text(last)}`] : [];
  };
  const spoken = [...said("training", train), ...said("validation", validation)].join(", ");
  const most = all.reduce((most, { x }) => Math.max(most, x), 1);
  return plot({
    ...chartSizes,
    ariaLabel: `${name} over the ${clock}s: ${spoken}${histories.length > 1 ? ", in the first fit" : ""}`,
    x: { label: clock, ticks: Math.min(10, Math.ceil(most)) },
    y: { label: name, grid: true, ticks: 6, percent: asPercent, nice: true },
    marks: [
      ...train.map((line) => stroke(line, "--blue", histories.length)),
      ...validation.map((line) => stroke(line, "--orange", histories.length)),
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
}

/** Of a size of which two fit beside each other. */
export const chartSizes = { width: 460, height: 300, marginTop: 28, marginBottom: 40, marginLeft: 52, marginRight: 16 };

const stroke = (line: readonly Place[], colour: Colour, many: number): Plot.Markish =>
  Plot.lineY(line as Plot.Data, { x: "x", y: "y", stroke: `var(${colour})`, strokeWidth: many > 1 ? 1 : 1.75 });

/** The points as numbers, for who cannot or would not read them off. */
function numbers(names: readonly string[], { train, validation }: History): Html {
  const [what, points] = validation.length > 0 ? ["validation", validation] : ["training", train];
  const rows = thinned(points, 40).map((point) => [
    whole(point.step),
    String(Number(point.epoch.toFixed(4))),
    ...names.map((name) => decimal(measured(name, point))),
  ]);
  return html`<details><summary>${what} in numbers</summary>${table([["step", "epoch", ...names], ...rows])}</details>
`;
}
