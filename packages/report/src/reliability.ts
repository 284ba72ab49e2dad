import * as Plot from "@observablehq/plot";
import type { Calibration, CalibrationBin } from "@wengert/train";
import { chartSizes } from "./curves.ts";
import { type Content, type Html, html, plot } from "./html.ts";
import { colored, table } from "./page.ts";
import { integerText, percentText } from "./words.ts";

/** Whether the model is as often right as it says. */
export function reliabilitySection({ bins, expectedError, maximumError }: Calibration, note: Content): Html {
  const nonEmptyBins = bins.filter(({ count }) => count > 0);
  const largestCount = Math.max(...nonEmptyBins.map(({ count }) => count));
  const overconfidence = nonEmptyBins.reduce(
    (sum, { count, confidence, accuracy }) => sum + count * (confidence - accuracy),
    0,
  );
  const verdict =
    expectedError < 0.005
      ? "It is about as often right as it says"
      : overconfidence > 0
        ? "It is surer than it may be"
        : "It is less sure than it could be";
  const diagram = plot({
    ...chartSizes,
    ariaLabel: `reliability diagram: the share of right guesses by their probability; the expected calibration error is ${percentText(expectedError)}`,
    x: { label: "probability of the guess", domain: [0, 100], percent: true, ticks: 5 },
    y: { label: "right", domain: [0, 100], percent: true, ticks: 5, grid: true },
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
    ["probability", "rows", "mean", "right"],
    ...nonEmptyBins.map(({ from, to, count, confidence, accuracy }) => [
      `${Math.round(100 * from)} – ${Math.round(100 * to)} %`,
      integerText(count),
      percentText(confidence),
      percentText(accuracy),
    ]),
  ]);
  return html`<section>
<h2>As sure as it is right?</h2>
<p>${
    note ??
    html`Of the guesses with a probability of 80 %, are 80 % right? ${verdict}: probability and share of right guesses differ by
${percentText(expectedError)} in the mean (the expected calibration error), and by ${percentText(maximumError)} where they differ most.`
  }</p>
<p class="note">${colored("--blue", "right, of the guesses with such a probability")}&ensp;
${colored("--orange", "their mean probability; the larger, the more rows")}</p>
<div class="columns">
<figure>${diagram}</figure>
<div>${numbers}</div>
</div>
</section>
`;
}
