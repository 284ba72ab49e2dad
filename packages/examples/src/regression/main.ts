/**
 * Fits a curve to measurements by L-BFGS, and tells from second derivatives at the optimum how well its parameters are known.
 *
 * `data.ts` has reference data with certified answers, `fit.ts` the loss, the fit and its uncertainty, `student.ts` the t of
 * its band; `report.ts` draws.
 */
import { type Command, command, startIfMain } from "../shared/command.ts";
import { prepareFolder, writeWhole } from "../shared/files.ts";
import { between, choice, path, spelled } from "../shared/options.ts";
import { index, size, table } from "../shared/table.ts";
import { names, problems } from "./data.ts";
import { band, type Fit, leastSquares } from "./fit.ts";
import { report } from "./report.ts";

interface Outcome {
  readonly fit: Fit;
  readonly file: string;
}

const options = {
  data: choice(names, "the reference data"),
  start: choice(["near", "far"], "which of the two starts that come with them"),
  confidence: between(0.5, 0.999, 0.95, "of the band about the curve"),
  out: path("out/regression", "folder of the report"),
};

const regression: Command<Outcome> = command({
  summary: "a curve fit by L-BFGS, with standard errors and a band from the Hessian, beside certified values of NIST",
  options,
  async run({ out, ...settings }) {
    prepareFolder(out);
    const problem = problems[settings.data];
    const { points, certified } = problem;
    const start = problem.starts[settings.start];
    const found = leastSquares(problem, start);
    const { minimum, b, gaussNewton, hessian } = found;

    console.log(`${problem.title}, ${points.length} points. The curve is

  ${problem.formula}

and what is to be small is S(b), the sum of squares of y - curve. L-BFGS, from b = ${start.join(", ")}:
${minimum.iterations} steps for which S and its gradient were computed ${minimum.evaluations} times; ${endings[minimum.reason]}.

  S = ${found.sumOfSquares.toPrecision(11)}, certified ${certified.sumOfSquares.toPrecision(11)}
  standard deviation s = √(S / (n - p)) = ${found.deviation.toPrecision(6)}, for n = ${points.length} points and p = ${b.length} parameters

How well are the parameters known? Near the optimum S is a parabola: b is about normally distributed, with covariance
s² (½ ∂²S)⁻¹, the Hessian read from the tape (P.-S. Laplace 1774). It is JᵀJ - Σ r ∂²curve, for residuals r and the
Jacobian J of the curve. C. F. Gauss left out the second term: JᵀJ asks for first derivatives only, and the certified
standard errors are of that kind.

${table([
  ["", "estimate", "± by Hessian", "± by JᵀJ", "certified", "±", "digits", "of ±"],
  ...b.map((bi, i) => [
    `b${index(i + 1)}`,
    short(bi),
    hessian.errors[i]!.toPrecision(6),
    gaussNewton.errors[i]!.toPrecision(6),
    short(certified.b[i]!),
    certified.errors[i]!.toPrecision(6),
    digits(bi, certified.b[i]!).toFixed(1),
    digits(gaussNewton.errors[i]!, certified.errors[i]!).toFixed(1),
  ]),
])}

The two differ by up to ${size(apart(found))}, relatively: where the curve bends in its parameters, and the residuals are not small.
`);

    const [first, last] = [points[0]![0], points.at(-1)![0]];
    const grid = Array.from({ length: 201 }, (_, i) => first + ((last - first) * i) / 200);
    const file = await writeWhole(
      out,
      "index.html",
      await report({
        command: `npm run example -- regression ${spelled(options, settings)}`.trim(),
        problem,
        fit: found,
        confidence: settings.confidence,
        band: band(problem, found, hessian, settings.confidence, grid),
        residuals: band(
          problem,
          found,
          hessian,
          settings.confidence,
          points.map(([x]) => x),
        ).map(({ x, y }, i) => ({
          x,
          residual: points[i]![1] - y,
        })),
      }),
    );
    console.log(`report ${file}`);
    return { fit: found, file };
  },
});

const endings: Readonly<Record<Fit["minimum"]["reason"], string>> = {
  converged: "the gradient has vanished",
  precision: "then no step lowered S by more than it is rounded",
  iterations: "that was not enough",
  saddle: "it ended at a saddle point",
};

/** How many digits of the certified number are right, of which there are eleven. */
export const digits = (x: number, wanted: number): number =>
  Math.min(11, -Math.log10(Math.abs(x / wanted - 1) + Number.EPSILON));

/** The largest relative difference between the standard errors of both ways. */
const apart = ({ hessian, gaussNewton }: Fit): number =>
  Math.max(...hessian.errors.map((error, i) => Math.abs(error / gaussNewton.errors[i]! - 1)));

const short = (x: number): string => x.toPrecision(9);

await startIfMain(import.meta, regression);

export default regression;
