/**
 * Newton's method on a logistic regression, with the Hessian from the tape, by products only, and from a formula.
 *
 * `logistic.ts` has the loss and the formula, `newton.ts` the three ways, `products.ts` what only asks for products,
 * `costs.ts` counts what each takes, `report.ts` draws.
 */
import type { Tensor } from "@wengert/core";
import { relativeDistance } from "../shared/algebra.ts";
import { type Command, command, startIfMain } from "../shared/command.ts";
import { prepareFolder, writeWhole } from "../shared/files.ts";
import { count, path, positive, spelled } from "../shared/options.ts";
import { measurements, readPenguins, species } from "../shared/penguins.ts";
import { index, roundSteps, size, table, whole } from "../shared/table.ts";
import { costs } from "./costs.ts";
import { problemOf } from "./logistic.ts";
import { digitsOf, lookAt, newton, type Place, plainDescent, polished, type Way, wayNames } from "./newton.ts";
import { report } from "./report.ts";

interface Outcome {
  readonly paths: Readonly<Record<Way, readonly Tensor[]>>;
  readonly places: readonly Place[];
  /** Digits of the solution after each step. */
  readonly digits: { readonly newton: readonly number[]; readonly descent: readonly number[] };
  readonly file: string;
}

const options = {
  ridge: positive(0.01, "weight of |w|²/2 in the loss; without it separable penguins would send w to infinity"),
  steps: count(5000, "steps of gradient descent at most; it ends at ten digits"),
  out: path("out/hessian", "folder of the report"),
};

const hessianExample: Command<Outcome> = command({
  summary: "Newton's method with the Hessian by `hessian`, by `hvp` and conjugate gradients, and in closed form",
  options,
  async run({ out, ...settings }) {
    prepareFolder(out);
    const data = readPenguins();
    const problem = problemOf(data, settings.ridge);
    const paths = Object.fromEntries(wayNames.map((way) => [way, newton(problem, way)])) as Record<Way, Tensor[]>;
    const [steps, solution] = [paths["closed form"], polished(problem, paths["closed form"])];
    const places = steps.map((w) => lookAt(problem, w));
    const descent = plainDescent(problem, solution, settings.steps);
    const digits = {
      newton: steps.map((w) => digitsOf(w, solution)),
      descent: descent.path.map((w) => digitsOf(w, solution)),
    };
    const waysApart = (k: number) =>
      Math.max(...wayNames.map((way) => relativeDistance(paths[way][k] ?? solution, steps[k]!)));
    const [n, d] = problem.X.shape as [number, number];

    console.log(`${n} penguins, ${d} weights: is it an ${species[0]} or a ${species[1]}? The loss of logistic regression, a little ridge added:

  L(w) = mean of softplus(-z) where y = 1, softplus(z) where y = 0, with z = X w,  + ${settings.ridge}/2 |w|²

Newton's method steps to the lowest point of the parabola that touches L: w ← w - s with H s = ∇L. Three ways to s:

  hessian       H is read from the tape, a pullback for each of its rows; then Cholesky
  hvp + CG      no H: conjugate gradients ask for products H v only
  closed form   H = Xᵀ S X / n + ridge I with S = diag(σ(z) σ(-z)); then Cholesky

Each goes its own way from w = 0. On the right, how far from the formula are the Hessian of the tape, that put together
from products H e₁, …, H e${index(d)}, and the w that the other two ways have come to (the largest difference, relatively);
last, the products that CG took.

${table([
  ["step", "loss", "|∇L|", "digits", "hessian", "hvp", "w", "products"],
  ...places.map(({ loss, slope, apart, products }, k) => [
    `${k}`,
    loss.toFixed(12),
    size(slope),
    digits.newton[k]!.toFixed(1),
    ...[apart.hessian, apart.hvp, waysApart(k)].map(size),
    `${products}`,
  ]),
])}

Once near, each step doubles the digits that are right: the error after a step is about the square of the one before,
for what the parabola leaves out is of third order. Sixteen digits are all that a double has.

The Hessian at the solution, from the tape:

${table([
  ["", ...measurements.map((name) => name.replace(/ \(.*/, "")), "bias"],
  ...places
    .at(-1)!
    .H.toNested<number[][]>()
    .map((row, i) => [measurements[i] ?? "bias", ...row.map((entry) => entry.toFixed(6))]),
])}

Gradient descent, w ← w - rate ∇L, from the same start, with rate = ${descent.rate.toPrecision(3)}, one over the largest curvature:

${table([
  ["steps", ...roundSteps(digits.descent.length - 1).map(whole)],
  ["digits", ...roundSteps(digits.descent.length - 1).map((step) => digits.descent[step]!.toFixed(1))],
])}

It gains the same number of digits in each hundred steps, Newton's method in each step as many as it has:
${reached(digits.descent, 10)} steps to ten digits, Newton's method ${reached(digits.newton, 10)}.

What a derivative takes, counted on its list of steps for ${n} rows (traced on shapes; nothing is computed):

${costTable(n)}

Why does a product H v cost like a gradient? The gradient is a list of steps, as the loss is. Reverse mode reads a list
once, backwards, and does for each step about twice the work of the step: so ∇L costs a few L. As H is symmetric, H v is
the pullback of w ↦ ∇L(w) at v: the list of ∇L is read once more, and that costs a few L again (B. Pearlmutter 1994).
There is no d in this: the steps are as many for five weights as for five hundred. H has d rows, so it takes d readings
and room for d² numbers, and the formula has the product of an n × d matrix with its transpose. Conjugate gradients need
d products at most, but for rounding, and far fewer where few eigenvalues of H stand out.
`);

    const file = await writeWhole(
      out,
      "index.html",
      await report({
        command: `npm run example -- hessian ${spelled(options, settings)}`.trim(),
        problem,
        digits,
        places,
        apart: Math.max(...steps.map((_, k) => waysApart(k))),
      }),
    );
    console.log(`report ${file}`);
    return { paths, places, digits, file };
  },
});

/** Steps and flops of each derivative, for few weights and for many. */
function costTable(n: number): string {
  const widths = [5, 50, 500];
  const counted = widths.map((d) => costs(n, d));
  const rows = Object.keys(counted[0]!).map((name) => {
    const [each, loss] = [counted.map((of) => of[name]!), counted.map((of) => of.loss!.flops)];
    const ratios = each.map(({ flops }, i) => (flops / loss[i]!).toFixed(1));
    return [name, ...each.map(({ steps }) => whole(steps)), ...each.map(({ flops }) => whole(flops)), ...ratios];
  });
  const heads = ["steps", "flops", "in losses"].map((what) => [what, ...widths.slice(1).map(() => "")]);
  const under = heads.flatMap(() => widths.map((d, i) => (i === 0 ? `d = ${d}` : `${d}`)));
  return table([["", ...heads.flat()], ["", ...under], ...rows]);
}

/** The first step with so many digits. */
function reached(digits: readonly number[], enough: number): string {
  const step = digits.findIndex((d) => d >= enough);
  return step < 0 ? `more than ${whole(digits.length - 1)}` : whole(step);
}

await startIfMain(import.meta, hessianExample);

export default hessianExample;
