import * as Plot from "@observablehq/plot";
import { tensor } from "@wengert/core";
import { cholesky } from "@wengert/ops";
import { type Color, colored, type Html, head, html, page, table } from "@wengert/report";
import { chart, line } from "../shared/plots.ts";
import { percent, whole } from "../shared/table.ts";
import type { EnergyError } from "./energy.ts";
import { type Estimate, mostCorrelated, mostShifted, shiftOf } from "./estimates.ts";
import { histogram, normalDensity } from "./histogram.ts";
import type { Normal } from "./posterior.ts";
import type { Chain, Settings } from "./sampler.ts";

/** The contents of the report. */
interface Story {
  readonly command: string;
  readonly settings: Settings;
  readonly chains: readonly Chain[];
  /** The time of all chains. */
  readonly seconds: number;
  readonly estimates: readonly Estimate[];
  readonly laplace: Normal;
  readonly errors: readonly EnergyError[];
}

const title = "Hamiltonian Monte Carlo";
const colorOf = (chain: number): Color => (["--blue", "--orange", "--muted", "--ink"] as const)[chain % 4]!;

export function report(story: Story): Promise<string> {
  const style = "section > figure + figure { margin-top: 1.5rem; }";
  return page({ title, style, body: [top(story), trace(story), marginals(story), numbers(story), adaptation(story)] });
}

function top({ command, settings, chains, seconds, estimates }: Story): Html {
  const gradients = chains.reduce((sum, chain) => sum + chain.gradients, 0);
  return head({
    title,
    lead: html`Is an Adelie penguin male or female? Four chains draw the weights of a Bayesian logistic regression from their
posterior, with gradients from the tape.`,
    command,
    figures: [
      [whole(chains.length * settings.draws), "draws"],
      [Math.max(...estimates.map(({ rhat }) => rhat)).toFixed(4), "largest split R̂"],
      [whole(Math.round(Math.min(...estimates.map(({ sampleSize }) => sampleSize)))), "least effective sample size"],
      [whole(gradients), "gradients"],
      [whole(Math.round(gradients / seconds)), "gradients per second"],
    ],
  });
}

function trace({ chains, estimates }: Story): Html {
  const shown = mostShifted(estimates);
  const column = estimates.indexOf(shown);
  const traceOf = (rows: Chain["draws"], i: number) =>
    rows.map((row, k) => ({ draw: k + 1, weight: row[column]!, chain: nameOf(i) }));
  const channels = { x: "draw", y: "weight" } as const;
  const first = chart({
    ariaLabel: `the weight of ${shown.name} in the first draws of four chains`,
    width: 700,
    height: 200,
    x: { label: "draw of the warm-up" },
    y: { label: `weight of ${shown.name}`, grid: true, ticks: 5 },
    marks: chains.flatMap(({ warmUp }, i) => [
      Plot.lineY(traceOf(warmUp.slice(0, 60), i), { ...channels, stroke: `var(${colorOf(i)})`, strokeWidth: 1.25 }),
    ]),
  });
  const later = chart({
    ariaLabel: `the weight of ${shown.name} in the draws of four chains after the warm-up`,
    width: 700,
    height: 320,
    marginRight: 64,
    x: { label: "draw" },
    y: { label: `weight of ${shown.name}`, grid: true, ticks: 3 },
    fy: { label: null },
    marks: chains.map(({ draws }, i) =>
      Plot.lineY(traceOf(draws, i), { ...channels, fy: "chain", stroke: `var(${colorOf(i)})`, strokeWidth: 0.8 }),
    ),
  });
  const legend = chains.map((_, i) => html`${i > 0 && ", "}${colored(colorOf(i), nameOf(i))}`);
  return html`<section>
<h2>The chains</h2>
<p>The weight of ${shown.name}, by ${legend}. Each chain starts at random, adapts its step size in the warm-up, and forgets its
start within a few draws.</p>
<figure>${first}<figcaption>The first draws.</figcaption></figure>
<figure>${later}<figcaption>The draws after the warm-up.</figcaption></figure>
</section>`;
}

const nameOf = (chain: number): string => `chain ${chain + 1}`;

function marginals({ estimates, laplace }: Story): Html {
  const most = mostShifted(estimates);
  return html`<section>
<h2>The posterior of each weight</h2>
<p>${colored("--blue", "Histograms of the draws")}, and the ${colored("--orange", "Laplace approximation")}: the normal distribution at
the maximum of the posterior, whose covariance is the inverse Hessian from the tape. The posterior is skewed away from 0, which
the approximation cannot follow: it misses the mean of ${most.name} by ${shiftOf(most).toFixed(2)} standard deviations.</p>
<div class="columns">${estimates.map((each) => html`<figure>${marginal(each)}</figure>`)}<figure>${joint(estimates, laplace)}<figcaption>The two weights with the largest
correlation, and the ellipse that contains 95 % of the Laplace approximation.</figcaption></figure></div>
</section>`;
}

function marginal({ name, chains, laplace }: Estimate): Html {
  const bars = histogram(chains.flat(), 40);
  const reach = 4 * laplace.deviation;
  const [least, most] = [
    Math.min(bars[0]!.from, laplace.mean - reach),
    Math.max(bars.at(-1)!.to, laplace.mean + reach),
  ];
  const curve = Array.from({ length: 161 }, (_, i) => {
    const weight = least + ((most - least) * i) / 160;
    return { weight, density: normalDensity(weight, laplace) };
  });
  return chart({
    ariaLabel: `histogram of the weight of ${name}, with its Laplace approximation`,
    height: 240,
    x: { label: `weight of ${name}` },
    y: { label: "density", ticks: 4, grid: true },
    marks: [
      Plot.rectY(bars, { x1: "from", x2: "to", y: "density", fill: "var(--blue)", fillOpacity: 0.55, inset: 0.25 }),
      line(curve, { x: "weight", y: "density" }, "--orange"),
      Plot.ruleY([0]),
    ],
  });
}

/** Draws two weights against each other, with the ellipse that contains 95 % of the Laplace approximation. */
function joint(estimates: readonly Estimate[], { mean, covariance }: Normal): Html {
  const { pair, r } = mostCorrelated(estimates);
  const [a, b] = pair;
  const [xs, ys] = [estimates[a]!.chains.flat(), estimates[b]!.chains.flat()];
  const stride = Math.ceil(xs.length / 1000);
  const points = xs.map((x, i) => [x, ys[i]!]).filter((_, i) => i % stride === 0);
  const L = cholesky(tensor(pair.map((i) => pair.map((j) => covariance[i]![j]!)))).toNested<number[][]>();
  const radius = Math.sqrt(-2 * Math.log(0.05)); // of the circle with 95 % of a standard normal distribution in the plane
  const ellipse = Array.from({ length: 121 }, (_, i) => {
    const unit = [Math.cos((i * Math.PI) / 60), Math.sin((i * Math.PI) / 60)];
    return pair.map((j, k) => mean[j]! + radius * (L[k]![0]! * unit[0]! + L[k]![1]! * unit[1]!));
  });
  return chart({
    ariaLabel: `draws of the weights of ${estimates[a]!.name} and ${estimates[b]!.name}, with correlation ${r.toFixed(2)}`,
    height: 240,
    x: { label: `weight of ${estimates[a]!.name}` },
    y: { label: `weight of ${estimates[b]!.name}`, grid: true },
    marks: [
      Plot.dot(points, { fill: "var(--blue)", fillOpacity: 0.35, r: 1.5 }),
      Plot.line(ellipse, { stroke: "var(--orange)", strokeWidth: 1.75 }),
    ],
  });
}

function numbers({ estimates }: Story): Html {
  return html`<section>
<h2>Means, deviations and diagnostics</h2>
<p>The Monte Carlo standard error (±) is the deviation divided by √ESS. The effective sample size ESS and split R̂ use all four
chains, each cut into halves. R̂ near 1 says that the halves agree.</p>
<figure>${table([
    ["weight of", "mean", "±", "deviation", "split R̂", "ESS", "Laplace mean", "Laplace deviation"],
    ...estimates.map(({ name, mean, standardError, deviation, rhat, sampleSize, laplace }) => [
      name,
      mean.toFixed(3),
      standardError.toFixed(3),
      deviation.toFixed(3),
      rhat.toFixed(4),
      whole(Math.round(sampleSize)),
      laplace.mean.toFixed(3),
      laplace.deviation.toFixed(3),
    ]),
  ])}
<figcaption>Split R̂: Gelman and others, Bayesian Data Analysis, section 11.4. ESS: Vehtari, Gelman, Simpson, Carpenter and
Bürkner 2021. ESS exceeds the number of draws where successive draws are negatively correlated.</figcaption></figure>
</section>`;
}

function adaptation({ chains, errors, settings }: Story): Html {
  const sizes = chains.map(({ adaptations }) =>
    adaptations.map(({ stepSize, averaged }, i) => ({ draw: i + 1, stepSize, averaged })),
  );
  const all = sizes.flatMap((chain) => chain.map(({ stepSize }) => stepSize));
  const during = chart({
    ariaLabel: "step size of each chain during the warm-up, and its average",
    x: { label: "draw of the warm-up" },
    y: { label: "step size", type: "log", grid: true, ticks: ticksOf(all, [1, 2, 5]), tickFormat: "~g" },
    marks: [
      ...sizes.map((chain, i) =>
        Plot.lineY(chain, {
          x: "draw",
          y: "stepSize",
          stroke: `var(${colorOf(i)})`,
          strokeWidth: 0.5,
          strokeOpacity: 0.4,
        }),
      ),
      ...sizes.map((chain, i) => line(chain, { x: "draw", y: "averaged" }, colorOf(i))),
    ],
  });
  const last = errors.at(-1)!;
  const square = errors.map(({ stepSize }) => ({ stepSize, error: last.error * (stepSize / last.stepSize) ** 2 }));
  const energy = chart({
    ariaLabel: "energy error against step size, on logarithmic axes",
    marginLeft: 56,
    x: {
      label: "step size",
      type: "log",
      ticks: ticksOf(
        errors.map(({ stepSize }) => stepSize),
        [1, 2, 5],
      ),
      tickFormat: "~g",
    },
    y: {
      label: "energy error",
      type: "log",
      grid: true,
      ticks: ticksOf(
        errors.map(({ error }) => error),
        [1],
      ),
      tickFormat: "~g",
    },
    marks: [
      Plot.line(square, { x: "stepSize", y: "error", stroke: "var(--muted)", strokeDasharray: "5 4" }),
      Plot.dot(errors, { x: "stepSize", y: "error", fill: "var(--blue)", r: 4 }),
    ],
  });
  const acceptance = chains.reduce((sum, chain) => sum + chain.acceptance, 0) / chains.length;
  return html`<section>
<h2>The step size</h2>
<p>Dual averaging (Hoffman and Gelman 2014) shrinks the step size when trajectories are rejected, and grows it when they are
accepted. The mean acceptance in the warm-up approaches ${percent(settings.target, 0)}. With the average step
size, ${percent(acceptance, 0)} of the trajectories after the warm-up are accepted, more than with the fluctuating step sizes around it.</p>
<div class="columns"><figure>${during}<figcaption>Step sizes in the warm-up (thin) and their averages. Later trajectories use the
last average.</figcaption></figure><figure>${energy}<figcaption>Energy error of trajectories of length ${settings.length}, a root mean
square. The leapfrog method has the order 2, so the points follow the dashed line of slope 2.</figcaption></figure></div>
</section>`;
}

/** Returns the ticks of a logarithmic axis for the given values: the products of powers of ten with each of `factors`. */
function ticksOf(values: readonly number[], factors: readonly number[]): number[] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const [first, last] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
  const powers = Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
  return powers.flatMap((power) => factors.map((factor) => factor * power)).filter((x) => x >= least && x <= most);
}
