import { hessian, jacobian, type Tensor, tensor } from "@wengert/core";
import { div, matmul, mean, mul, reshape, square, stack, sub, sum, transpose } from "@wengert/ops";
import { lbfgs, type Minimum } from "@wengert/train";
import { identity, solve } from "../shared/algebra.ts";
import type { Problem } from "./data.ts";
import { quantile } from "./student.ts";

/** The covariance matrix of the parameters, and the standard error of each parameter. */
export interface Uncertainty {
  readonly covariance: Tensor;
  readonly errors: readonly number[];
}

export interface Fit {
  readonly minimum: Minimum<readonly Tensor[]>;
  readonly b: readonly number[];
  readonly sumOfSquares: number;
  /** The degrees of freedom: observations minus parameters. */
  readonly freedom: number;
  /** The residual standard deviation, which measures how far the observations are from the fitted curve. */
  readonly deviation: number;
  readonly hessian: Uncertainty;
  readonly gaussNewton: Uncertainty;
}

/** Returns the sum of the squared residuals y − curve(x, b), for a curve with the parameters b. */
export function sumOfSquares({ points, curve }: Problem, b: readonly Tensor[]): Tensor {
  const [x, y] = [0, 1].map((i) => tensor(points.map((point) => point[i]!))) as [Tensor, Tensor];
  return sum(square(sub(y, curve(x, b))));
}

/**
 * Solves a least-squares problem by L-BFGS. Each parameter is divided by its initial value, because parameters may
 * differ by many powers of ten. The loss is the unexplained fraction of the variance of y, so it does not depend on the
 * unit of y.
 */
export function leastSquares(problem: Problem, start: readonly number[]): Fit {
  const { points } = problem;
  const y = tensor(points.map(([, at]) => at));
  const total = sum(square(sub(y, mean(y))));
  const inUnits = (units: readonly number[]) => (parts: readonly Tensor[]) =>
    div(
      sumOfSquares(
        problem,
        parts.map((part, i) => mul(part, units[i]!)),
      ),
      total,
    );
  const ones = start.map(() => tensor(1));
  const minimum = lbfgs<readonly Tensor[]>(inUnits(start), ones, { tolerance: 1e-12 });
  const b = minimum.params.map((part, i) => part.item() * start[i]!);

  const left = minimum.loss * total.item();
  const freedom = points.length - b.length;
  const variance = left / freedom;
  // The Hessian is computed with respect to the scaled parameters (each divided by its initial value), so its entries
  // have similar sizes.
  const x = tensor(points.map(([at]) => at));
  const blocks = hessian((parts: readonly Tensor[]) => mul(sumOfSquares(problem, scaled(parts, b)), 0.5))(ones);
  const H = stack(blocks.map((row) => stack(row)));
  const J = stack(jacobian((parts: readonly Tensor[]) => problem.curve(x, scaled(parts, b)))(ones), { axis: 1 });
  const uncertainty = (matrix: Tensor) => uncertaintyOf(mul(variance, inverse(matrix)), b);
  return {
    minimum,
    b,
    sumOfSquares: left,
    freedom,
    deviation: Math.sqrt(variance),
    hessian: uncertainty(H),
    gaussNewton: uncertainty(matmul(transpose(J), J)),
  };
}

const scaled = (parts: readonly Tensor[], units: readonly number[]) => parts.map((part, i) => mul(part, units[i]!));

/** Returns the inverse of a symmetric positive definite matrix A, column by column. */
const inverse = (A: Tensor): Tensor =>
  stack(
    identity(A.shape[0]!)
      .toNested<number[][]>()
      .map((unit) => solve(A, tensor(unit))),
  );

/** Converts the covariance of the scaled parameters to the covariance and standard errors of the original parameters. */
function uncertaintyOf(ofParts: Tensor, b: readonly number[]): Uncertainty {
  const units = tensor(b);
  const covariance = mul(ofParts, mul(reshape(units, { shape: [b.length, 1] }), units));
  return { covariance, errors: b.map((_, i) => Math.sqrt(covariance.data.get(i, i))) };
}

/**
 * Returns the curve at x and the half-width t √(∇ᵀ Σ ∇) of its confidence band. ∇ is the gradient of the curve with respect to
 * the parameters, Σ is their covariance, and t is a quantile of Student's t distribution.
 */
export function band(
  { curve }: Problem,
  { b, freedom }: Fit,
  { covariance }: Uncertainty,
  confidence: number,
  at: readonly number[],
): { x: number; y: number; half: number }[] {
  const x = tensor(at);
  const parameters = b.map((bi) => tensor(bi));
  const y = curve(x, parameters).toNested<number[]>();
  const slopes = stack(jacobian((b: readonly Tensor[]) => curve(x, b))(parameters), { axis: 1 });
  const variances = sum(mul(matmul(slopes, covariance), slopes), { axis: 1 }).toNested<number[]>();
  const t = quantile((1 + confidence) / 2, freedom);
  return at.map((x, i) => ({ x, y: y[i]!, half: t * Math.sqrt(variances[i]!) }));
}
