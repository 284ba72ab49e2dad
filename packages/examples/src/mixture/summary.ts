import { grad, tensor } from "@wengert/core";
import { standardize } from "@wengert/train";
import { farthest, norm } from "../shared/algebra.ts";
import type { Moment } from "../shared/descent.ts";
import { index, roundSteps, size, table } from "../shared/table.ts";
import { lossOf, type Mixture } from "./density.ts";
import { type Shape, shapeOf } from "./fit.ts";
import type { Flippers } from "./flippers.ts";
import { bySpecies, shares, wayNames } from "./shares.ts";
import type { Spoilt, Tail } from "./tails.ts";

const symbols = { pi: "π", mu: "μ", sigma: "σ" } as const;
const parts = Object.keys(symbols) as (keyof Shape)[];

/** Describes the mixture model, and its loss during the fit. */
export function fitted({ x, incomplete }: Flippers, moments: readonly Moment<Mixture>[]): string {
  const names = indices(moments[0]!.params);
  const scale = standardize(x);
  const [mean, deviation] = [scale.mean.item(), scale.std.item()];
  const lines = roundSteps(moments.length - 1).map((step) => {
    const { loss, params } = moments[step]!;
    const shape = shapeOf(params);
    const cells = parts.flatMap((part) => shape[part].map((value) => value.toFixed(part === "pi" ? 4 : 3)));
    return [`${step}`, loss.toFixed(9), ...cells];
  });
  return `The flippers of ${x.size} penguins in mm (${incomplete} more are unmeasured), and a mixture of Gaussians, K = ${names.length}:

  p(x) = Σₖ πₖ N(x; μₖ, σₖ)   with π = softmax(a), σ = exp(logSigma)
  log p(x) = logSumExp(t)     with tₖ = log πₖ - log σₖ - ½ log 2π - ½ ((x - μₖ) / σₖ)²

Softmax and exp map any numbers to valid weights and widths, so gradient descent with momentum needs no constraints.
It minimizes the mean of -log p(x):

${table([["step", "loss", ...parts.flatMap((part) => names.map((name) => symbols[part] + name))], ...lines])}

A single Gaussian with mean ${mean.toFixed(3)} and deviation ${deviation.toFixed(3)} has the loss ${singleLoss(deviation).toFixed(9)}.
`;
}

/**
 * Returns the smallest possible mean of −log N(x; μ, σ) for a single Gaussian. The minimum is reached if μ is the mean
 * and σ the deviation of the data.
 */
const singleLoss = (deviation: number): number => Math.log(deviation) + 0.5 * Math.log(2 * Math.PI * Math.E);

const between = [180, 195, 200, 203, 205, 207, 210, 220]; // around the crossing of two components

/**
 * Describes the responsibilities, which are the gradient of logSumExp. Compares them with those of the EM algorithm,
 * and with the species of the penguins.
 */
export function sharesSummary(flippers: Flippers, mixture: Mixture, average: Shape): string {
  const { x } = flippers;
  const names = indices(mixture);
  const few = tensor(between);
  const first = wayNames.map((way) =>
    shares(way, mixture, few)
      .toNested<number[][]>()
      .map(([share]) => share!),
  );
  const softmaxed = shares("softmax(t)", mixture, x);
  const apart = wayNames.map((way) => size(farthest(shares(way, mixture, x), softmaxed)));
  const shape = shapeOf(mixture);
  const fixed = parts.flatMap((part) =>
    names.map((name, k) => {
      const [found, again] = [shape[part][k]!, average[part][k]!];
      return [symbols[part] + name, found.toFixed(10), again.toFixed(10), size(Math.abs(found - again))];
    }),
  );
  const slope = grad((m: Mixture) => lossOf(m, x))(mixture);
  return `The gradient of logSumExp is softmax: ∂ log p/∂tₖ = exp(tₖ) / Σⱼ exp(tⱼ). Here exp(tₖ) = πₖ N(x; μₖ, σₖ), so by Bayes'
rule it is the probability that x comes from component k, its responsibility rₖ. The chain rule yields it directly.
For component 1, by Bayes' rule on plain numbers, by softmax, and as derivatives from two tapes:

${table([
  ["x", ...wayNames],
  ...between.map((length, i) => [`${length}`, ...first.map((column) => column[i]!.toExponential(12))]),
  ["difference", ...apart],
])}

The last row has the largest difference from softmax(t) over all penguins and components.

So ∂ log p/∂μₖ = rₖ (x - μₖ) / σₖ². Its mean is 0 where μₖ is the mean of the penguins weighted by rₖ; π and σ behave
the same. Gradient descent (here |∇| = ${size(Math.hypot(...Object.values(slope).map(norm)))}) and the EM algorithm have the same stationary points.

${table([["", "by gradient", "weighted by r", "difference"], ...fixed])}

The fit does not use the species. Penguins of each species by the component with the largest responsibility:

${table([["", ...names.map((name) => `r${name}`)], ...[...bySpecies(flippers, softmaxed)].map(([name, counts]) => [name, ...counts.map(String)])])}
`;
}

/** Describes the errors of the naive log-density far from the data, and their effect on a fit with one outlier. */
export function tailsSummary(
  tails: readonly Tail[],
  outlier: number,
  spoilt: { naive: Spoilt; stable: Spoilt },
): string {
  const row = (name: string, { loss, slopes }: Spoilt) => [name, ...[loss, ...slopes].map((value) => value.toFixed(9))];
  return `Why not log Σ exp(t), the textbook formula? Below -708 exp(t) loses digits, below -745 it is 0. logSumExp factors the
largest tₖ out of the sum first. Errors are relative to arithmetic with 150 digits; 0 means below double precision.

${table([
  ["x", "log Σ exp(t)", "error", "d/dx", "logSumExp(t)", "error", "d/dx"],
  ...tails.map(({ x, naive, stable }) => [
    `${x}`,
    ...[naive, stable].flatMap(({ value, error, slope }) => [value.toFixed(9), visible(error), slope.toFixed(9)]),
  ]),
])}

The textbook formula is silently wrong before it is -Infinity. Its derivative, exp(t) times 1 / Σ exp(t), is lost even
earlier, when 1 / Σ exp(t) overflows. One flipper of 190 mm, mistyped as ${outlier}, breaks a fit at its first step. The loss
with that penguin included, and its gradient with respect to μ:

${table([
  ["", "loss", ...spoilt.stable.slopes.map((_, k) => `∂/∂μ${index(k + 1)}`)],
  row("log Σ exp(t)", spoilt.naive),
  row("logSumExp(t)", spoilt.stable),
])}

\`nonFinite\` names the step that causes it: ${spoilt.naive.culprit}.
`;
}

/** Formats a relative error. Errors below 1e-20 count as 0, because rounding to a double has a relative error of about 1e-16. */
const visible = (error: number): string => size(error < 1e-20 ? 0 : error);

const indices = ({ mu }: Mixture): string[] => Array.from({ length: mu.size }, (_, k) => index(k + 1));
