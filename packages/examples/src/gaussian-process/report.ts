import * as Plot from "@observablehq/plot";
import { type Color, colored, type Html, head, html, page, table } from "@wengert/report";
import { chart, line } from "../shared/plots.ts";
import { percent, size, whole } from "../shared/table.ts";
import type { Month, Split } from "./data.ts";
import type { Fit } from "./fit.ts";
import { type Forecast, forecast, quantile, scoreOf } from "./forecast.ts";
import { bookModel } from "./kernels.ts";
import { decompose } from "./process.ts";
import type { Slopes } from "./slopes.ts";
import { bookText, intervalText, type Learned, valueText } from "./summary.ts";

/** The contents of the report. */
interface Story {
  readonly command: string;
  readonly split: Split;
  readonly book: Fit;
  readonly parabola: Fit;
  readonly parameters: readonly Learned[];
  readonly slopes: Slopes;
  readonly forecasts: readonly Forecast[];
  readonly withParabola: readonly Forecast[];
  readonly scores: readonly (readonly string[])[];
  readonly confidence: number;
}

export function report(story: Story): Promise<string> {
  const title = "The CO₂ at Mauna Loa, as a Gaussian process";
  return page({
    title,
    style,
    body: [top(title, story), record(story), parameters(story), components(story), errors(story), slopes(story)],
  });
}

const style = `.scroll + p, .names + p, .columns + .scroll, section > figure + figure { margin-top: 1.25rem; }
.names :is(th, td):nth-child(-n + 3) { text-align: left; }`;

function top(title: string, { command, split: { training, heldOut }, book, forecasts, confidence }: Story): Html {
  const near = scoreOf(forecasts.filter(({ time }) => time < heldOut[0]!.year + 1));
  return head({
    title,
    lead: html`The likelihood of ${whole(training.length)} monthly means determines the parameters of a covariance, by L-BFGS and
gradients through a Cholesky factorization. The process then predicts the ${whole(heldOut.length)} months after.`,
    command,
    figures: [
      [whole(training.length), "months to train on"],
      [minus(-book.minimum.loss, 1), "log likelihood"],
      [whole(book.minimum.iterations), "steps of L-BFGS"],
      [`${near.rmse.toFixed(2)} ppm`, `RMSE in ${heldOut[0]!.year}`],
      [percent(near.coverage, 0), `of ${heldOut[0]!.year} in the ${percent(confidence, 0)} band`],
    ],
  });
}

/** Formats a number with a minus sign instead of a hyphen. */
const minus = (x: number, decimals = 2): string => x.toFixed(decimals).replace("-", "−");

const wide = { width: 700, height: 360 } as const;
const yearAxis = { label: "year", tickFormat: (year: number) => `${year}` } as const;

/** Returns the middle of each month from the year `from` to the year `to`. */
const months = (from: number, to: number): number[] =>
  Array.from({ length: 12 * (to - from + 1) }, (_, i) => from + (i + 0.5) / 12);

const band = (points: readonly { time: number; mean: number; half: number }[], color: Color): Plot.Markish =>
  Plot.areaY(points as Plot.Data, {
    x: "time",
    y1: ({ mean, half }) => mean - half,
    y2: ({ mean, half }) => mean + half,
    fill: `var(${color})`,
    fillOpacity: 0.22,
  });

function record({ split: { training, heldOut }, book, confidence }: Story): Html {
  const [first, last] = [training[0]!.year, heldOut.at(-1)!.year];
  const cut = heldOut[0]!.year;
  const curve = forecast(
    book.posterior,
    months(first, last).map((time) => ({ time, year: Math.floor(time), ppm: 0 })),
    confidence,
  );
  const draw = (from: number, to: number, r: number) => {
    const within = <M extends Month>(all: readonly M[]) => all.filter(({ year }) => year >= from && year <= to);
    return chart({
      ...wide,
      ariaLabel: `the monthly CO2 record from ${from} to ${to}, with the mean of the process and its band`,
      x: yearAxis,
      y: { label: "CO₂, ppm", grid: true },
      marks: [
        band(within(curve), "--blue"),
        Plot.line(within(curve), { x: "time", y: "mean", stroke: "var(--blue)", strokeWidth: 1 }),
        Plot.dot(within(training), { x: "time", y: "ppm", fill: "var(--muted)", r }),
        Plot.dot(within(heldOut), { x: "time", y: "ppm", fill: "var(--orange)", r }),
        Plot.ruleX([cut], { stroke: "var(--muted)", strokeDasharray: "4 3" }),
      ],
    });
  };
  return html`<section>
<h2>The record and its prediction</h2>
<p>${colored("--muted", "Monthly means")} train the process. ${colored("--blue", "The process")} continues them, with a band that
contains a new measurement with a probability of ${percent(confidence, 0)}, if the model is right.
${colored("--orange", "The months after")} were held out.</p>
<figure>${draw(first, last, 1.2)}</figure>
<figure>${draw(cut - 4, cut + 5, 2.5)}<figcaption>The whole record, and the years around the end of the training data. Data: C. D. Keeling et al.,
Scripps CO2 Program, CC BY 4.0. Model: C. Rasmussen and C. Williams, Gaussian Processes for Machine Learning (2006), section
5.4.3.</figcaption></figure>
</section>`;
}

function parameters({ parameters }: Story): Html {
  const formulas = bookModel.map(({ name, formula }) => [name, html`<code>${formula}</code>`]);
  return html`<section>
<h2>The covariance</h2>
<p>The process is the sum of five independent processes. Each has a covariance of two times that are r years apart. δ is 1 if both
times belong to the same measurement, and otherwise 0.</p>
<div class="names">${table([["process", "covariance"], ...formulas])}</div>
<p>The fit maximizes log p(<b>y</b>) = −½ <b>y</b>ᵀ<b>K</b>⁻¹<b>y</b> − ½ log det <b>K</b> − ½ n log 2π. The first term rewards a process
that explains the data, the second a process that could explain little else. No month is held out for this choice.</p>
<div class="names">${table([
    ["", "process", "meaning", "learned", "68 % interval", "the book"],
    ...parameters.map((each) => [
      each.symbol,
      each.component,
      each.meaning,
      valueText(each),
      intervalText(each),
      bookText(each),
    ]),
  ])}</div>
<p class="note">The intervals come from the Hessian of log p with respect to the logs of the parameters. The book used an earlier edition of
the record, also up to 2003.</p>
</section>`;
}

function components({ split: { training, heldOut }, book: { posterior }, confidence }: Story): Html {
  const [first, end, last] = [training[0]!.year, heldOut[0]!.year, heldOut.at(-1)!.year];
  const z = quantile(confidence);
  const indexOf = (name: string) => bookModel.findIndex((component) => component.name === name);
  const partsAt = (times: readonly number[], name: string, offset = 0) => {
    const { mean, deviation } = decompose(posterior, times)[indexOf(name)]!;
    return times.map((time, i) => ({ time, mean: mean[i]! + offset, half: z * deviation[i]! }));
  };
  const panel = (name: string, label: string, times: readonly number[], offset = 0) => {
    const points = partsAt(times, name, offset);
    return chart({
      ariaLabel: `the ${name} with its band`,
      x: yearAxis,
      y: { label, grid: true },
      marks: [
        band(points, "--blue"),
        Plot.line(points, { x: "time", y: "mean", stroke: "var(--blue)", strokeWidth: name === "trend" ? 1.75 : 1 }),
        ...(times.at(-1)! > end ? [Plot.ruleX([end], { stroke: "var(--muted)", strokeDasharray: "4 3" })] : []),
      ],
    });
  };
  const years = [first + 2, Math.round((first + end) / 2), end - 1];
  const colors = ["--muted", "--orange", "--blue"] as const;
  const grid = Array.from({ length: 97 }, (_, i) => i / 96);
  const seasons = years.map((year) =>
    partsAt(
      grid.map((part) => year + part),
      "season",
    ).map(({ time, mean }) => ({ month: 1 + 12 * (time - year), mean })),
  );
  const names = "JFMAMJJASOND";
  const season = chart({
    ariaLabel: "the season in three years",
    x: {
      label: "month",
      ticks: Array.from(names, (_, i) => i + 1.5),
      tickFormat: (month: number) => names[Math.floor(month) - 1]!,
    },
    y: { label: "season, ppm", grid: true },
    marks: seasons.map((points, i) => line(points, { x: "month", y: "mean" }, colors[i]!)),
  });
  const smooth = ["trend", "season", "medium term"].map((name) =>
    partsAt(
      training.map(({ time }) => time),
      name,
      name === "trend" ? posterior.data.mean : 0,
    ),
  );
  const noise = training.map(({ time, ppm }, i) => ({
    time,
    noise: smooth.reduce((left, points) => left - points[i]!.mean, ppm),
  }));
  const noisePlot = chart({
    ariaLabel: "the noise of each month of training",
    x: yearAxis,
    y: { label: "noise, ppm", grid: true },
    marks: [
      Plot.ruleY([0], { stroke: "var(--line)" }),
      Plot.dot(noise, { x: "time", y: "noise", fill: "var(--muted)", r: 1.5 }),
    ],
  });
  const legend = years.map((year, i) => {
    const values = seasons[i]!.map(({ mean }) => mean);
    const height = Math.max(...values) - Math.min(...values);
    return html`${colored(colors[i]!, `${year}: ${height.toFixed(1)} ppm`)}&ensp;`;
  });
  return html`<section>
<h2>The components</h2>
<p>A sum of independent processes separates the data: each component has a separate posterior. Their means add up to the
mean of the whole process. Bands contain the component with a probability of ${percent(confidence, 0)}.</p>
<div class="columns">
<figure>${panel("trend", "trend, ppm", months(first, last), posterior.data.mean)}<figcaption>The trend, with the mean of the training
data added. After ${`${end - 1}`}, only the covariance continues it.</figcaption></figure>
<figure>${season}<figcaption>The season of three years, and its height from the lowest to the highest point:
${legend} Plants in the north take up CO₂ in summer.</figcaption></figure>
<figure>${panel("medium term", "medium term, ppm", months(first, end + 5))}<figcaption>Deviations from the trend over months to years. The prediction loses
them within a few years.</figcaption></figure>
<figure>${noisePlot}<figcaption>The rest: correlated and white noise.</figcaption></figure>
</div>
</section>`;
}

function errors({ forecasts, withParabola, parabola, book, scores, confidence }: Story): Html {
  const largest = Math.max(...[...forecasts, ...withParabola].flatMap((f) => [f.half, Math.abs(f.ppm - f.mean)]));
  const panel = (of: readonly Forecast[], model: string) => {
    const points = of.map(({ time, ppm, mean, half }) => ({ time, mean: 0, half, error: ppm - mean }));
    return chart({
      ariaLabel: `measured minus predicted CO2 ${model}, with the band`,
      x: yearAxis,
      y: { label: "measured − predicted, ppm", grid: true, domain: [-1.05 * largest, 1.05 * largest] },
      marks: [
        band(points, "--blue"),
        Plot.ruleY([0], { stroke: "var(--blue)" }),
        Plot.dot(points, { x: "time", y: "error", fill: "var(--orange)", r: 2 }),
      ],
    });
  };
  return html`<section>
<h2>The held-out years</h2>
<p>${colored("--orange", "Measurements minus predictions")}, and the ${colored("--blue", `${percent(confidence, 0)} band`)}. A band is
right only if the covariance is. The trend of the book returns toward the mean of the training data within about θ₂ years. A
random parabola, with the covariance θ₁₂² (1 + zz′)² for z = (t − 1980) / 20, can continue to accelerate. The likelihood
compares the two without held-out months: log p is ${minus(-book.minimum.loss)} for the book, and
${minus(-parabola.minimum.loss)} with the parabola.</p>
<div class="columns">
<figure>${panel(forecasts, "by the covariance of the book")}<figcaption>The covariance of the book.</figcaption></figure>
<figure>${panel(withParabola, "by the covariance with a parabola")}<figcaption>With a random parabola.</figcaption></figure>
</div>
${table(scores)}
<p class="note">Errors in ppm, by the number of years since the training data; bands by their mean half-width. “Least squares” extrapolates
a parabola and three harmonics of the year. Errors of neighboring months are correlated, so each fraction rests on few independent errors.
A better likelihood does not guarantee better predictions. With <code>--until 1985</code>, log p is −68.10 for the book and −67.45
with the parabola, but the band of the book contains 93 % of the months after 1995, and the other band contains none.</p>
</section>`;
}

function slopes({ slopes: { reverse, trace, difference, condition } }: Story): Html {
  const apart = (slope: number) => size(Math.abs(slope / reverse - 1));
  return html`<section>
<h2>The gradient, three ways</h2>
<p>The slope of −log p along a random direction, at the start of the fit. Reverse mode computes all derivatives at once, for the
time of a few evaluations. Equation 5.9 of the book needs one matrix ∂<b>K</b> for each parameter; here forward mode computes it for
the direction.</p>
${table([
  ["", "slope", "relative difference"],
  ["gradient by reverse mode, times the direction", reverse.toPrecision(12), ""],
  ["½ tr((K⁻¹ − ααᵀ) ∂K), equation 5.9", trace.toPrecision(12), apart(trace)],
  ["central difference of order 4", difference.toPrecision(12), apart(difference)],
])}
<p class="note"><b>K</b> has the condition number ${size(condition)}, by which rounding errors of 1e-16 may grow.</p>
</section>`;
}
