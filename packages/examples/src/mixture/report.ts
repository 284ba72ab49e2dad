import * as Plot from "@observablehq/plot";
import { tensor } from "@wengert/core";
import { exp } from "@wengert/ops";
import { type Color, colored, type Html, head, html, page } from "@wengert/report";
import type { Moment } from "../shared/descent.ts";
import { chart, line } from "../shared/plots.ts";
import { whole } from "../shared/table.ts";
import { type LogDensity, logDensity, type Mixture, naiveLogDensity, terms } from "./density.ts";
import { shapeOf } from "./fit.ts";
import type { Flippers } from "./flippers.ts";
import { shares } from "./shares.ts";

/** The contents of the report. */
interface Story {
  readonly command: string;
  readonly flippers: Flippers;
  readonly moments: readonly Moment<Mixture>[];
}

const colors = ["--blue", "--orange", "--ink", "--muted"] as const;
const colorOf = (k: number): Color => colors[k % colors.length]!;

export function report(story: Story): Promise<string> {
  const { params, loss } = story.moments.at(-1)!;
  const { pi, mu, sigma } = shapeOf(params);
  const title = "A mixture and its responsibilities";
  const top = head({
    title,
    lead: html`The density of a mixture of Gaussians, log <i>p</i> = logSumExp(<i>t</i>), fitted to the flippers of
${whole(story.flippers.x.size)} penguins by gradient descent.`,
    command: story.command,
    figures: [
      ...mu.map((m, k) => [`${m.toFixed(1)} ± ${sigma[k]!.toFixed(1)}`, `mm: component ${k + 1}`] as const),
      [pi.map((p) => p.toFixed(2)).join(" : "), "their weights"],
      [loss.toFixed(4), "mean of −log p"],
      [whole(story.moments.length - 1), "steps"],
    ],
  });
  return page({ title, body: [top, density(story), responsibility(story), tail(story)] });
}

/** Returns numbers from `first` to `last` in `steps` equal steps. */
const grid = (first: number, last: number, steps: number): number[] =>
  Array.from({ length: steps + 1 }, (_, i) => first + (i * (last - first)) / steps);

const wide = { width: 700, height: 320 } as const;
const flipper = { label: "flipper length, mm" } as const;

function density({ flippers: { x }, moments }: Story): Html {
  const { params } = moments.at(-1)!;
  const bin = 2;
  const lengths = x.toNested<number[]>();
  const [least, most] = [lengths[0]! - 6, lengths.at(-1)! + 6];
  const xs = grid(least, most, 240);
  const scale = bin * lengths.length; // converts a density to penguins per bin
  const at = tensor(xs);
  const total = exp(logDensity(params, at)).toNested<number[]>();
  const each = exp(terms(params, at)).toNested<number[][]>();
  const curve = (values: readonly number[]) => xs.map((length, i) => ({ length, penguins: scale * values[i]! }));
  const channels = { x: "length", y: "penguins" } as const;
  const plot = chart({
    ...wide,
    ariaLabel: "histogram of the flipper lengths with the density of the mixture and of its components",
    x: { ...flipper, domain: [least, most] },
    y: { label: `penguins per ${bin} mm`, grid: true },
    marks: [
      Plot.rectY(lengths, {
        fill: "var(--line)",
        ...Plot.binX({ y: "count" }, { x: Plot.identity, thresholds: grid(160, 250, 90 / bin) }),
      }),
      ...each[0]!.map((_, k) =>
        Plot.lineY(curve(each.map((row) => row[k]!)), {
          ...channels,
          stroke: `var(${colorOf(k)})`,
          strokeDasharray: "5 4",
        }),
      ),
      line(curve(total), channels, "--ink"),
    ],
  });
  const legend = each[0]!.map((_, k) => html`${colored(colorOf(k), `component ${k + 1}`)}&ensp;`);
  return html`<section>
<h2>The density</h2>
<p>The density is the sum of its components. The fit receives the lengths and the number of components, but not the three
species of the penguins.</p>
<p class="note">${legend}</p>
<figure>${plot}</figure>
</section>`;
}

function responsibility({ flippers: { x }, moments }: Story): Html {
  const lengths = x.toNested<number[]>();
  const xs = grid(lengths[0]! - 6, lengths.at(-1)! + 6, 240);
  const rows = shares("∂ logSumExp(t)/∂t", moments.at(-1)!.params, tensor(xs)).toNested<number[][]>();
  const plot = chart({
    ...wide,
    height: 240,
    ariaLabel: "the responsibility of each component over the flipper length",
    x: flipper,
    y: { label: "responsibility", domain: [0, 1], ticks: 5, grid: true },
    marks: rows[0]!.map((_, k) =>
      line(
        rows.map((row, i) => ({ length: xs[i]!, share: row[k]! })),
        { x: "length", y: "share" },
        colorOf(k),
      ),
    ),
  });
  return html`<section>
<h2>The gradient of logSumExp</h2>
<p>∂ log <i>p</i>/∂<i>t</i> is softmax(<i>t</i>): the probability that a flipper of this length belongs to each component.
Reverse mode computes the E-step of the EM algorithm.</p>
<figure>${plot}</figure>
</section>`;
}

function tail({ moments }: Story): Html {
  const { params } = moments.at(-1)!;
  const xs = grid(150, 600, 450);
  const curve = (logP: LogDensity) =>
    logP(params, tensor(xs))
      .toNested<number[]>()
      .map((value, i) => ({ length: xs[i]!, value }))
      .filter(({ value }) => Number.isFinite(value));
  const [stable, naive] = [curve(logDensity), curve(naiveLogDensity)];
  const end = naive.at(-1)!;
  const channels = { x: "length", y: "value" } as const;
  const plot = chart({
    ...wide,
    marginLeft: 56,
    ariaLabel: "log-density far from the data, by logSumExp and by the log of a sum of exponentials, which underflows",
    x: { ...flipper, domain: [150, 600] },
    y: { label: "log p", grid: true },
    marks: [
      line(stable, channels, "--blue"),
      Plot.lineY(naive, { ...channels, stroke: "var(--orange)", strokeWidth: 5, strokeOpacity: 0.5 }),
      Plot.dot([end], { ...channels, fill: "var(--orange)", r: 5 }),
      Plot.text([end], { ...channels, text: () => "−∞ beyond this point", dx: 10, dy: -4, textAnchor: "start" }),
    ],
  });
  return html`<section>
<h2>Far from the data</h2>
<p>${colored("--orange", html`log Σ exp(<i>t</i>)`)} ends where the last exp underflows, at ${end.length} mm. Its derivative is
lost shortly before. One mistyped flipper is enough to break a fit. ${colored("--blue", "logSumExp")} factors the largest
<i>t</i> out of the sum, so it stays finite.</p>
<figure>${plot}</figure>
</section>`;
}
