import { grad, hessian, hvp, type Tensor, tensor, valueAndGrad, zeros } from "@wengert/core";
import { stack, sub } from "@wengert/ops";
import { identity, norm, relativeDistance, solve } from "../shared/algebra.ts";
import { descent } from "../shared/descent.ts";
import { InputError } from "../shared/options.ts";
import { closedForm, lossOf, type Problem } from "./logistic.ts";
import { conjugateGradients, largestEigenvalue } from "./products.ts";

/**
 * Three methods to compute the Newton step s, which solves H s = ∇L, where H is the Hessian of the loss L at the
 * weights w.
 */
const ways = {
  hessian: (problem: Problem, w: Tensor, gradient: Tensor): Tensor => solve(hessianOf(problem)(w), gradient),
  "hvp + CG": (problem: Problem, w: Tensor, gradient: Tensor): Tensor => matrixFree(problem, w, gradient).x,
  "closed form": (problem: Problem, w: Tensor, gradient: Tensor): Tensor => solve(closedForm(problem, w), gradient),
};
export type Way = keyof typeof ways;
export const wayNames = Object.keys(ways) as Way[];

const hessianOf = (problem: Problem) => hessian((w: Tensor) => lossOf(problem, w));
const hvpOf = (problem: Problem) => hvp((w: Tensor) => lossOf(problem, w));

function matrixFree(problem: Problem, w: Tensor, gradient: Tensor): { x: Tensor; products: number } {
  const product = hvpOf(problem);
  return conjugateGradients((v) => product(w, v), gradient);
}

/**
 * Runs Newton's method w ← w − H⁻¹ ∇L, where H is the Hessian of the loss L, from w = 0 until it converges. Returns the
 * weights at the start and after each step.
 */
export function newton(problem: Problem, way: Way): Tensor[] {
  const gradientOf = grad((w: Tensor) => lossOf(problem, w));
  const path = [zeros([problem.X.shape[1]!])];
  for (;;) {
    const w = path.at(-1)!;
    const step = ways[way](problem, w, gradientOf(w));
    const next = sub(w, step);
    if (!(norm(step) < 1e9) || path.length > 100) {
      throw new InputError("Newton's method did not converge; use a larger --ridge, which bounds the weights.");
    }
    // The error after a Newton step is about the square of the step's length. After a step of at most this length, the
    // error is below double precision.
    if (norm(step) < 1e-9 * norm(next)) return [...path, next];
    path.push(next);
  }
}

/** The loss and its derivatives at one step of Newton's method, and the errors of the computed Hessians. */
export interface Place {
  readonly loss: number;
  readonly slope: number;
  readonly H: Tensor;
  /**
   * The relative errors of two Hessians compared with the closed form: the result of `hessian`, and a Hessian whose
   * columns are computed by `hvp`.
   */
  readonly apart: { readonly hessian: number; readonly hvp: number };
  /** The number of Hessian-vector products that the conjugate gradient method needed. */
  readonly products: number;
}

export function lookAt(problem: Problem, w: Tensor): Place {
  const { value, grad } = valueAndGrad((at: Tensor) => lossOf(problem, at))(w);
  const [H, exact] = [hessianOf(problem)(w), closedForm(problem, w)];
  const product = hvpOf(problem);
  const columns = rowsOf(identity(w.size)).map((unit) => product(w, unit));
  return {
    loss: value.item(),
    slope: norm(grad),
    H,
    apart: { hessian: relativeDistance(H, exact), hvp: relativeDistance(stack(columns, { axis: 1 }), exact) },
    products: matrixFree(problem, w, grad).products,
  };
}

/**
 * Returns the number of correct digits of the weights w: −log₁₀ of the relative distance between w and the solution, at
 * most 16.
 */
export function digitsOf(w: Tensor, solution: Tensor): number {
  return Math.min(16, -Math.log10(norm(sub(w, solution)) / norm(solution)));
}

/**
 * Takes one more Newton step after convergence. The result is the reference with which the number of correct digits is
 * computed.
 */
export function polished(problem: Problem, path: readonly Tensor[]): Tensor {
  const w = path.at(-1)!;
  return sub(w, ways["closed form"](problem, w, grad((at: Tensor) => lossOf(problem, at))(w)));
}

/**
 * Runs gradient descent from the weights w = 0 with the step size 1/λ, where λ is the largest curvature of the loss.
 * The curvature is largest at w = 0, where the derivative of the sigmoid is 1/4. Gradient descent ends after `most`
 * steps, or when w has ten correct digits.
 */
export function plainDescent(problem: Problem, solution: Tensor, most: number): { rate: number; path: Tensor[] } {
  const start = zeros([problem.X.shape[1]!]);
  const product = hvpOf(problem);
  const rate = 1 / largestEigenvalue((v) => product(start, v), start.size);
  const until = (w: Tensor) => digitsOf(w, solution) >= 10;
  const path = descent(
    valueAndGrad((w: Tensor) => lossOf(problem, w)),
    start,
    { steps: most, rate, until },
  );
  return { rate, path: path.map(({ params }) => params) };
}

const rowsOf = (matrix: Tensor): Tensor[] => matrix.toNested<number[][]>().map((row) => tensor(row));
