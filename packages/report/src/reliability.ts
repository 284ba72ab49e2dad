import * as Plot from "@observablehq/plot";
import type { Calibration, CalibrationBin } from "@wengert/train";
import { chartSizes } from "./curves.ts";
import { type Content, type Html, html, plot } from "./html.ts";
import { colored, table } from "./page.ts";
import { integerText, percentText } from "./words.ts";

/** Shows the reliability diagram: whether confidence matches accuracy. */
export function reliabilitySection({ bins, expectedError, maximumError }: Calibration, note: Content): Html {
  const nonEmptyBins = bins.filter(({ count }) => count > 0);
  const largestCount = Math.max(...nonEmptyBins.map(({ count }) => count));
  const overconfidence = nonEmptyBins.reduce(
    (sum, { count, confidence, accuracy }) => sum + count * (confidence - accuracy),
    0,
  );
  const verdict =
    expectedError < 0.005
      ? "The model is well calibrated"
      : overconfidence > 0
        ? "The model is overconfident"
        : "The model is underconfident";
  const diagram = plot({
    ...chartSizes,
    ariaLabel: `reliability diagram: the share of correct predictions by their probability; the expected calibration error is ${percentText(expectedError)}`,
    x: { label: "probability of the prediction", domain: [0, 100], percent: true, ticks: 5 },
    y: { label: "correct", domain: [0, 100], percent: true, ticks: 5, grid: true },
    marks: [
      Plot.rect(nonEmptyBins as CalibrationBin[], {
        x1: "from",
        x2: "to",
        y1: 0,
        y2: "accuracy",
        inset: 0.5,
        fill: "var(--blue)",
        fillOpacity: 0.35,
      }),
      Plot.line([[0, 0], [1, 1]], { stroke: "var(--muted)", strokeDasharray: "4 4" }), // biome-ignore format: a diagonal
      Plot.dot(nonEmptyBins as CalibrationBin[], {
        x: "confidence",
        y: "accuracy",
        fill: "var(--orange)",
        r: ({ count }: CalibrationBin) => 2 + 6 * Math.sqrt(count / largestCount),
      }),
    ],
    r: { type: "identity" },
  });
  const numbers = table([
    ["probability", "rows", "mean", "correct"],
    ...nonEmptyBins.map(({ from, to, count, confidence, accuracy }) => [
      `${Math.round(100 * from)} – ${Math.round(100 * to)} %`,
      integerText(count),
      percentText(confidence),
      percentText(accuracy),
    ]),
  ]);
  return html`<section>
<h2>Calibration</h2>
<p>${
    note ??
    html`Of the predictions with a probability of 80 %, are 80 % correct? ${verdict}: probability and share of correct predictions differ by
    ${percentText(expectedError)} on average (the expected calibration error), and by at most ${percentText(maximumError)}.`
  }</p>
<p class="note">${colored("--blue", "correct, of the predictions with this probability")}&ensp;
${colored("--orange", "mean probability; larger dots have more rows")}</p>
<div class="columns">
<figure>${diagram}</figure>
<div>${numbers}</div>
</div>
</section>
`;
}
