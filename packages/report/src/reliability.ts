import * as Plot from "@observablehq/plot";
import type { Calibration, CalibrationBin } from "@wengert/train";
import { chartSizes } from "./curves.ts";
import { type Content, type Html, html, plot } from "./html.ts";
import { colored, table } from "./page.ts";
import { integerText, percentText } from "./words.ts";

/** A bin, or several merged bins, with the 95 % confidence interval of its accuracy. */
interface ReliabilityBin extends CalibrationBin {
  readonly low: number;
  readonly high: number;
}

/** The smallest number of rows of a bin. The 95 % interval of 20 rows is already 40 percentage points wide. */
const minRows = 20;

/** Merges neighboring bins until each has at least 20 rows, and adds the confidence intervals. */
function reliabilityBins(bins: readonly CalibrationBin[]): ReliabilityBin[] {
  const merged: CalibrationBin[] = [];
  for (const bin of bins.filter(({ count }) => count > 0)) {
    const last = merged.at(-1);
    if (last && last.count < minRows) merged[merged.length - 1] = union(last, bin);
    else merged.push(bin);
  }
  const last = merged.at(-1)!;
  if (merged.length > 1 && last.count < minRows) merged.splice(-2, 2, union(merged.at(-2)!, last));
  return merged.map((bin) => ({ ...bin, ...interval(bin) }));
}

function union(a: CalibrationBin, b: CalibrationBin): CalibrationBin {
  const count = a.count + b.count;
  const mean = (name: "confidence" | "accuracy") => (a.count * a[name] + b.count * b[name]) / count;
  return { from: a.from, to: b.to, count, confidence: mean("confidence"), accuracy: mean("accuracy") };
}

const z = 1.959964; // 97.5 % of the standard normal distribution are below z

/** Returns the Wilson score interval of a share, which also fits small counts and shares near 0 and 1. */
function interval({ count, accuracy: p }: CalibrationBin): { low: number; high: number } {
  const scale = 1 + z ** 2 / count;
  const center = (p + z ** 2 / (2 * count)) / scale;
  const half = (z / scale) * Math.sqrt((p * (1 - p)) / count + (z / (2 * count)) ** 2);
  return { low: Math.max(0, center - half), high: Math.min(1, center + half) };
}

/**
 * Says for which probabilities the model is overconfident, and for which it is underconfident. A bin counts only if its
 * mean probability is outside the confidence interval of its accuracy.
 */
function verdictOn(bins: readonly ReliabilityBin[]): string {
  const over = bins.filter(({ confidence, high }) => confidence > high);
  const under = bins.filter(({ confidence, low }) => confidence < low);
  if (over.length + under.length === 0)
    return "The data show no difference: in each bin, the mean probability is inside the 95 % interval of the share.";
  const at = (some: readonly ReliabilityBin[]) => joined(some).map(rangeText).join(", ");
  const findings = [
    ...(over.length > 0 ? [`overconfident for predictions with a probability of ${at(over)}`] : []),
    ...(under.length > 0 ? [`underconfident for predictions with a probability of ${at(under)}`] : []),
  ];
  return `The model is ${findings.join(", and ")}.`;
}

type Range = Pick<CalibrationBin, "from" | "to">;

/** Joins neighboring bins into one range. */
function joined(bins: readonly Range[]): Range[] {
  const ranges: Range[] = [];
  for (const { from, to } of bins) {
    const last = ranges.at(-1);
    if (last?.to === from) ranges[ranges.length - 1] = { from: last.from, to };
    else ranges.push({ from, to });
  }
  return ranges;
}

const rangeText = ({ from, to }: Range): string => `${Math.round(100 * from)} – ${Math.round(100 * to)} %`;

/** Shows the reliability diagram: whether confidence matches accuracy. */
export function reliabilitySection({ bins: given, expectedError }: Calibration, note: Content): Html {
  const bins = reliabilityBins(given);
  const largestCount = Math.max(...bins.map(({ count }) => count));
  const isMerged = bins.length < given.filter(({ count }) => count > 0).length;
  const diagram = plot({
    ...chartSizes,
    ariaLabel: `reliability diagram: the share of correct predictions by their probability; the expected calibration error is ${percentText(expectedError)}`,
    x: { label: "probability of the prediction", domain: [0, 100], percent: true, ticks: 5 },
    y: { label: "correct", domain: [0, 100], percent: true, ticks: 5, grid: true },
    marks: [
      Plot.rect(bins as Plot.Data, {
        x1: "from",
        x2: "to",
        y1: 0,
        y2: "accuracy",
        inset: 0.5,
        fill: "var(--blue)",
        fillOpacity: 0.35,
      }),
      Plot.line([[0, 0], [1, 1]], { stroke: "var(--muted)", strokeDasharray: "4 4" }), // biome-ignore format: a diagonal
      Plot.ruleX(bins as Plot.Data, {
        x: ({ from, to }: ReliabilityBin) => (from + to) / 2,
        y1: "low",
        y2: "high",
        stroke: "var(--blue)",
        strokeWidth: 1.5,
      }),
      Plot.dot(bins as Plot.Data, {
        x: "confidence",
        y: "accuracy",
        fill: "var(--orange)",
        r: ({ count }: CalibrationBin) => 2 + 6 * Math.sqrt(count / largestCount),
      }),
    ],
    r: { type: "identity" },
  });
  const numbers = table([
    ["probability", "rows", "mean", "correct", "95 % interval"],
    ...bins.map((bin) => [
      rangeText(bin),
      integerText(bin.count),
      percentText(bin.confidence),
      percentText(bin.accuracy),
      `${(100 * bin.low).toFixed(1)} – ${(100 * bin.high).toFixed(1)} %`,
    ]),
  ]);
  return html`<section>
<h2>Calibration</h2>
<p>${
    note ??
    html`Of the predictions with a probability of 80 %, are 80 % correct? ${verdictOn(bins)} Probability and share of correct predictions
    differ by ${percentText(expectedError)} on average (the expected calibration error, from ten bins).`
  }</p>
<p class="note">${colored("--blue", "correct, of the predictions with this probability, with its 95 % interval")}&ensp;
${colored("--orange", "mean probability; larger dots have more rows")}${isMerged && html`&ensp;Neighboring bins are merged until each has ${minRows} rows.`}</p>
<div class="columns">
<figure>${diagram}</figure>
<div>${numbers}</div>
</div>
</section>
`;
}
