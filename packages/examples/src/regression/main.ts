/**
 * Fits a curve to measurements by L-BFGS, and computes standard errors from second derivatives at the optimum.
 *
 * `data.ts` has reference data with certified solutions, `fit.ts` the loss, the fit and its uncertainty, and `student.ts` the
 * quantiles of Student's t distribution. `report.ts` draws the results.
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
  data: choice(names, "the reference data set"),
  start: choice(["near", "far"], "which of the data set's two start points to use"),
  confidence: between(0.5, 0.999, 0.95, "confidence of the band around the curve"),
  out: path("out/regression", "report folder"),
};

const regression: Command<Outcome> = command({
  summary:
    "a curve fit by L-BFGS, with standard errors and a band from the Hessian, compared with certified values of NIST",
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

The fit minimizes S(b), the sum of squares of y - curve. L-BFGS from b = ${start.join(", ")}
took ${minimum.iterations} steps and computed S and its gradient ${minimum.evaluations} times; ${endings[minimum.reason]}.

  S = ${found.sumOfSquares.toPrecision(11)}, certified ${certified.sumOfSquares.toPrecision(11)}
  standard deviation s = √(S / (n - p)) = ${found.deviation.toPrecision(6)}, for n = ${points.length} points and p = ${b.length} parameters

How uncertain are the parameters? Near the optimum S is nearly quadratic, so b is about normally distributed, with
covariance s² (½ ∂²S)⁻¹ and the Hessian from the tape (P.-S. Laplace 1774). ½ ∂²S is JᵀJ - Σ r ∂²curve, for residuals r
and the Jacobian J of the curve. C. F. Gauss dropped the second term: JᵀJ needs only first derivatives. The certified
standard errors use JᵀJ.

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

The two kinds of standard errors differ by up to ${size(apart(found))}, relatively. They differ where the curve is nonlinear in its
parameters and the residuals are not small.
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
  converged: "the gradient vanished",
  precision: "then no step lowered S by more than its rounding error",
  iterations: "it did not converge",
  saddle: "it ended at a saddle point",
};

/** Returns the number of digits of x that agree with the certified value, at most eleven. */
export const digits = (x: number, wanted: number): number =>
  Math.min(11, -Math.log10(Math.abs(x / wanted - 1) + Number.EPSILON));

/** Returns the largest relative difference between the standard errors from the Hessian and from Gauss-Newton. */
const apart = ({ hessian, gaussNewton }: Fit): number =>
  Math.max(...hessian.errors.map((error, i) => Math.abs(error / gaussNewton.errors[i]! - 1)));

const short = (x: number): string => x.toPrecision(9);

await startIfMain(import.meta, regression);

export default regression;
