/**
 * Fits a logistic regression by Newton's method. The Hessian is computed by automatic differentiation, in closed form,
 * or only as Hessian-vector products.
 *
 * `logistic.ts` has the loss and the closed form, `newton.ts` the three methods, and `products.ts` the matrix-free algorithms.
 * `costs.ts` counts flops, and `report.ts` draws the results.
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
  /** The number of correct digits of the weights after each step of Newton's method and of gradient descent. */
  readonly digits: { readonly newton: readonly number[]; readonly descent: readonly number[] };
  readonly file: string;
}

const options = {
  ridge: positive(0.01, "weight of |w|²/2 in the loss; without it w diverges on separable penguins"),
  steps: count(5000, "maximum steps of gradient descent, which ends at ten digits"),
  out: path("out/hessian", "report folder"),
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

    console.log(`${n} penguins, ${d} weights: is it an ${species[0]} or a ${species[1]}? The loss of logistic regression with a small ridge:

  L(w) = mean of softplus(-z) where y = 1, softplus(z) where y = 0, with z = X w,  + ${settings.ridge}/2 |w|²

Newton's method steps to the minimum of the local quadratic model of L: w ← w - s with H s = ∇L. Three ways to s:

  hessian       H from the tape, one pullback per row; then Cholesky
  hvp + CG      no H: conjugate gradients need only products H v
  closed form   H = Xᵀ S X / n + ridge I with S = diag(σ(z) σ(-z)); then Cholesky

Each way starts from w = 0. The columns hessian, hvp and w show the largest relative difference from the closed form.
They compare the Hessian from the tape, the one assembled from products H e₁, …, H e${index(d)}, and the w of the other ways.
The last column counts the products of CG.

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

Near the solution each step doubles the number of correct digits. The quadratic model neglects third-order terms, so
each error is about the square of the previous one. A double has sixteen digits.

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

It gains the same number of digits in each hundred steps; Newton's method doubles its digits in each step.
Steps to ten digits: gradient descent ${reached(digits.descent, 10)}, Newton's method ${reached(digits.newton, 10)}.

The cost of each derivative, counted on its list of steps for ${n} rows (traced on shapes, without computing values):

${costTable(n)}

Why does a product H v cost as much as a gradient? The gradient is a list of steps, like the loss. Reverse mode reads a
list once, backwards, and each step costs about twice as much as forward. So ∇L costs a few times as much as L. H is
symmetric, so H v is the pullback of w ↦ ∇L(w) at v. It reads the list of ∇L once more, which again costs a few times
L (B. Pearlmutter 1994). This cost is independent of d: five hundred weights take as many steps as five. H has d rows,
so it takes d sweeps and memory for d² numbers. The closed form multiplies an n × d matrix with its transpose. Conjugate
gradients need at most d products in exact arithmetic, and far fewer if the eigenvalues of H cluster.
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

/** Formats the steps and flops of each derivative, for 5, 50 and 500 weights. */
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

/** Formats the index of the first step with at least `enough` correct digits. */
function reached(digits: readonly number[], enough: number): string {
  const step = digits.findIndex((d) => d >= enough);
  return step < 0 ? `more than ${whole(digits.length - 1)}` : whole(step);
}

await startIfMain(import.meta, hessianExample);

export default hessianExample;
