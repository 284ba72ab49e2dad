import { ArgumentError, nonFinite, OutOfRangeError, type Tensor, valueAndGrad } from "@wengert/core";
import { type OtherNames, show } from "@wengert/core/extend";
import { type Compile, compiledWith, compileOption } from "../checks/attempt.ts";
import { floatsOf } from "../checks/floats.ts";
import { checkLoss } from "../checks/loss.ts";
import { checkRange, count, notNegative } from "../optimizers/hyper.ts";
import { lineSearch } from "./lineSearch.ts";
import { addScaled, inner, maxAbs, treeOf, type Vector, vectorOf } from "./vector.ts";

export interface MinimizeOptions {
  /**
   * The tolerance of the gradient: the search has converged when no entry of the gradient has a larger absolute value.
   * Default 1e-10.
   */
  readonly tolerance?: number | undefined;
  /** The maximum number of steps. Default 1000; for `newton` 200. */
  readonly maxIterations?: number | undefined;
  /**
   * A function that makes the loss and its derivatives faster: `compile` of `@wengert/compile`. If compiling fails, for
   * example because the loss reads values, the search runs uncompiled and prints a warning with the reason. Default:
   * none.
   */
  readonly compile?: Compile | undefined;
}

/** The result of a minimization. */
export interface Minimum<P> {
  readonly params: P;
  readonly loss: number;
  /** The largest absolute entry of the gradient at the returned parameters. */
  readonly gradientNorm: number;
  /** The number of steps, and the number of times that the loss and its gradient were computed. */
  readonly iterations: number;
  readonly evaluations: number;
  /**
   * "converged": no entry of the gradient exceeds the tolerance. "precision": an entry exceeds the tolerance, but no
   * step lowers the loss further, because changes of the loss are smaller than its rounding errors. "iterations": the
   * maximum number of steps was reached. "saddle": the gradient vanishes at a point that is not a minimum: the loss
   * curves down in some direction.
   */
  readonly reason: "converged" | "precision" | "iterations" | "saddle";
}

/** A point of the minimization: parameters, their loss and their gradient. */
export interface Iterate<P> {
  readonly params: P;
  readonly x: Vector;
  readonly loss: number;
  readonly gradient: Vector;
}

/** A minimization method: the functions that differ between `newton` and `lbfgs`. */
export interface Method<P> {
  /** Returns a descent direction. */
  direction(current: Iterate<P>): Vector;
  /** Updates the estimate of the curvature after a step from the point `from` to the point `to`. */
  update?(from: Iterate<P>, to: Iterate<P>): void;
  /** Discards the estimate of the curvature after a failed line search. Returns whether the method had an estimate. */
  reset?(): boolean;
  /** Whether a point with a zero gradient is a minimum, not a saddle point. */
  isMinimum?(current: Iterate<P>): boolean;
}

export const defaults = { tolerance: 1e-10, maxIterations: 1000, compile: undefined };

const lineSearchHint = "the line search finds the length of each step; leave it out";
/** Maps option names of PyTorch and SciPy to the names of this library. */
export const otherNames: OtherNames = {
  lr: lineSearchHint,
  learningrate: lineSearchHint,
  linesearchfn: lineSearchHint,
  gtol: "tolerance",
  ftol: "tolerance",
  xtol: "tolerance",
  tolerancegrad: "tolerance",
  steps: "maxIterations",
  epochs: "maxIterations",
  niter: "maxIterations",
};

/** Returns the loss function with a check of its value. Error messages begin with the caller's name. */
export const lossOf =
  <P>(caller: string, loss: (params: P) => Tensor) =>
  (params: object): Tensor => {
    const value: unknown = loss(params as P);
    checkLoss(caller, value);
    return value;
  };

/**
 * Minimizes a loss: takes steps along the directions that a method returns until the gradient vanishes. A line search
 * finds the length of each step.
 */
export function descend<P>(
  caller: string,
  loss: (params: P) => Tensor,
  start: P,
  options: { readonly tolerance: unknown; readonly maxIterations: unknown; readonly compile: unknown },
  method: Method<P>,
): Minimum<P> {
  if (typeof loss !== "function")
    throw new ArgumentError(
      `${caller}: the loss must be a function of the parameters, got ${show(loss)}; write ${caller}((params) => ..., params)`,
    );
  const tolerance = checkRange(caller, "tolerance", options.tolerance, notNegative);
  const maxIterations = checkRange(caller, "maxIterations", options.maxIterations, count);
  const tensors = floatsOf(caller, start);
  const checkedLoss = lossOf(caller, loss);
  const compile = compileOption(caller, options.compile);
  const lossAndGradient = compiledWith(caller, "the gradient", compile, valueAndGrad(checkedLoss));
  let evaluations = 0;
  const evaluate = (trialX: Vector): Iterate<P> => {
    const params = treeOf(start, tensors, trialX);
    const x = vectorOf(floatsOf(caller, params)); // read back from params, because float32 parameters are rounded
    const { value, grad } = lossAndGradient(params as object);
    evaluations++;
    const gradient = vectorOf(floatsOf(caller, grad));
    const hasValue = Number.isFinite(value.item()) && Number.isFinite(maxAbs(gradient));
    return { params, x, gradient, loss: hasValue ? value.item() : Infinity };
  };
  let current = evaluate(vectorOf(tensors));
  if (current.loss === Infinity) {
    const report = nonFinite(checkedLoss, start as object);
    throw new OutOfRangeError(`${caller}: loss and gradient must be finite at the start; ${report?.message}`);
  }
  let best = { loss: current.loss, slope: maxAbs(current.gradient) };
  let stale = 0; // steps since the loss or the gradient last reached a new minimum
  for (let iterations = 0; ; iterations++) {
    const gradientNorm = maxAbs(current.gradient);
    const result = (reason: Minimum<P>["reason"]): Minimum<P> => ({
      params: current.params,
      loss: current.loss,
      gradientNorm,
      iterations,
      evaluations,
      reason,
    });
    if (gradientNorm <= tolerance) return result(method.isMinimum?.(current) === false ? "saddle" : "converged");
    if (iterations >= maxIterations) return result("iterations");
    const next = takeStep(current) ?? (method.reset?.() ? takeStep(current) : undefined);
    if (next === undefined || stale > 20) return result("precision");
    method.update?.(current, next);
    current = next;
    stale = current.loss < best.loss || maxAbs(current.gradient) < best.slope ? 0 : stale + 1;
    best = { loss: Math.min(current.loss, best.loss), slope: Math.min(maxAbs(current.gradient), best.slope) };
  }

  function takeStep(from: Iterate<P>): Iterate<P> | undefined {
    const d = descending(method.direction(from), from.gradient);
    const trial = (alpha: number, at: Iterate<P>) => ({ alpha, at, loss: at.loss, slope: inner(at.gradient, d) });
    const noise = 2e-13 * Math.abs(from.loss); // about 1000 times the rounding error of a float64, because a loss sums many terms
    const found = lineSearch((alpha) => trial(alpha, evaluate(addScaled(from.x, alpha, d))), trial(0, from), noise);
    return found?.at.x.some((xi, i) => xi !== from.x[i]) ? found.at : undefined;
  }
}

/**
 * Returns the direction `d` if the loss decreases along `d` with a finite slope. Otherwise, for example after an
 * overflow, returns the negative gradient, shortened so that its slope is finite.
 */
function descending(d: Vector, gradient: Vector): Vector {
  const slope = inner(gradient, d);
  if (slope < 0 && slope > -Infinity) return d;
  const largest = Math.max(1, maxAbs(gradient));
  return gradient.map((gi) => -gi / largest / gradient.length);
}
