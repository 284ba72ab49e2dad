import { ArgumentError, nonFinite, OutOfRangeError, type Tensor, valueAndGrad } from "@wengert/core";
import { show } from "@wengert/core/extend";
import { floatsOf } from "../checks/floats.ts";
import { checkRange, count, notNegative } from "../optimizers/hyper.ts";
import { lineSearch } from "./lineSearch.ts";
import { addScaled, inner, maxAbs, treeOf, type Vector, vectorOf } from "./vector.ts";

export interface MinimizeOptions {
  /** The largest entry that the gradient may have at a minimum. Default 1e-10. */
  readonly tolerance?: number | undefined;
  /** How many steps may be taken. Default 1000; of `newton` 200. */
  readonly maxIterations?: number | undefined;
}

/** Where a search for a minimum has come to. */
export interface Minimum<P> {
  readonly params: P;
  readonly loss: number;
  /** The largest entry of the gradient. */
  readonly gradientNorm: number;
  /** How many steps were taken, and how often the loss was computed for them, with its gradient. */
  readonly iterations: number;
  readonly evaluations: number;
  /**
   * "converged": no entry of the gradient is larger than the tolerance.
   * "precision": one is, but steps lower the loss no more, as differences are lost to rounding.
   * "iterations": so many steps were not enough.
   * "saddle": the gradient has vanished, but not at a minimum: the loss curves down in some direction.
   */
  readonly reason: "converged" | "precision" | "iterations" | "saddle";
}

/** A point of the search, with its loss and gradient. */
export interface Iterate<P> {
  readonly params: P;
  readonly x: Vector;
  readonly loss: number;
  readonly gradient: Vector;
}

/** The parts in which the methods differ. */
export interface Method<P> {
  /** Where to go, downhill. */
  direction(current: Iterate<P>): Vector;
  /** Called after each step. */
  update?(from: Iterate<P>, to: Iterate<P>): void;
  /** Discards the curvature estimate after a failed search. Returns whether there was one. */
  reset?(): boolean;
  /** Whether a place where the gradient vanishes is a minimum. */
  isMinimum?(current: Iterate<P>): boolean;
}

export const defaults = { tolerance: 1e-10, maxIterations: 1000 };

/** Goes downhill in the directions of a method, as far as a line search says, until the gradient vanishes. */
export function descend<P>(
  caller: string,
  loss: (params: P) => Tensor,
  start: P,
  options: { readonly tolerance: unknown; readonly maxIterations: unknown },
  method: Method<P>,
): Minimum<P> {
  if (typeof loss !== "function")
    throw new ArgumentError(
      `${caller}: expected the loss, a function of the parameters, got ${show(loss)}; write ${caller}((params) => ..., params)`,
    );
  const tolerance = checkRange(caller, "tolerance", options.tolerance, notNegative);
  const maxIterations = checkRange(caller, "maxIterations", options.maxIterations, count);
  const tensors = floatsOf(caller, start);
  const lossAndGradient = valueAndGrad(loss as (params: object) => Tensor);
  let evaluations = 0;
  const evaluate = (trialX: Vector): Iterate<P> => {
    const params = treeOf(start, tensors, trialX);
    const x = vectorOf(floatsOf(caller, params)); // float32 has rounded it
    const { value, grad } = lossAndGradient(params as object);
    evaluations++;
    const gradient = vectorOf(floatsOf(caller, grad));
    const hasValue = Number.isFinite(value.item()) && Number.isFinite(maxAbs(gradient));
    return { params, x, gradient, loss: hasValue ? value.item() : Infinity };
  };
  let current = evaluate(vectorOf(tensors));
  if (current.loss === Infinity) {
    const report = nonFinite(loss as (params: object) => Tensor, start as object);
    throw new OutOfRangeError(`${caller}: loss and gradient must be finite at the start: ${report?.message}`);
  }
  let best = { loss: current.loss, slope: maxAbs(current.gradient) };
  let stale = 0; // steps since either was smaller than ever
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
    const d = method.direction(from);
    const trial = (alpha: number, at: Iterate<P>) => ({ alpha, at, loss: at.loss, slope: inner(at.gradient, d) });
    const noise = 2e-13 * Math.abs(from.loss); // a thousand times the rounding of a double, as losses are sums of many terms
    const found = lineSearch((alpha) => trial(alpha, evaluate(addScaled(from.x, alpha, d))), trial(0, from), noise);
    return found?.at.x.some((xi, i) => xi !== from.x[i]) ? found.at : undefined;
  }
}
