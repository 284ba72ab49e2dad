import { ArgumentError, nonFinite, OutOfRangeError, show, type Tensor, valueAndGrad } from "@wengert/core";
import { floatsOf } from "../floats.ts";
import { count, notNegative, within } from "../optimisers/hyper.ts";
import { lineSearch } from "./lineSearch.ts";
import { along, inner, largest, treeOf, type Vector, vectorOf } from "./vector.ts";

export interface MinimiseOptions {
  /** The largest entry that the gradient may have at a minimum. Default 1e-10. */
  readonly tolerance?: number | undefined;
  /** How many steps may be taken. Default 1000; of `newton` 200. */
  readonly iterations?: number | undefined;
}

/** Where a search for a minimum has come to. */
export interface Minimum<P> {
  readonly params: P;
  readonly loss: number;
  /** The largest entry of the gradient. */
  readonly slope: number;
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

/** A point on the way. */
export interface Place<P> {
  readonly params: P;
  readonly x: Vector;
  readonly loss: number;
  readonly gradient: Vector;
}

/** What distinguishes the methods. */
export interface Method<P> {
  /** Where to go, downhill. */
  direction(here: Place<P>): Vector;
  /** Hears of a step that was taken. */
  learn?(from: Place<P>, to: Place<P>): void;
  /** Forgets what was learnt, as it led nowhere; whether there was anything. */
  forget?(): boolean;
  /** Whether a place where the gradient vanishes is a minimum. */
  isMinimum?(here: Place<P>): boolean;
}

export const defaults = { tolerance: 1e-10, iterations: 1000 };

/** Goes downhill in the directions of a method, as far as a line search says, until the gradient vanishes. */
export function descend<P>(
  who: string,
  loss: (params: P) => Tensor,
  start: P,
  options: { readonly tolerance: unknown; readonly iterations: unknown },
  method: Method<P>,
): Minimum<P> {
  if (typeof loss !== "function")
    throw new ArgumentError(
      `${who}: expected the loss, a function of the parameters, got ${show(loss)}; write ${who}((params) => ..., params)`,
    );
  const tolerance = within(who, "tolerance", options.tolerance, notNegative);
  const most = within(who, "iterations", options.iterations, count);
  const tensors = floatsOf(who, start);
  const lossAndGradient = valueAndGrad(loss as (params: object) => Tensor);
  let evaluations = 0;
  const place = (sought: Vector): Place<P> => {
    const params = treeOf(start, tensors, sought);
    const x = vectorOf(floatsOf(who, params)); // float32 has rounded it
    const { value, grad } = lossAndGradient(params as object);
    evaluations++;
    const gradient = vectorOf(floatsOf(who, grad));
    const hasValue = Number.isFinite(value.item()) && Number.isFinite(largest(gradient));
    return { params, x, gradient, loss: hasValue ? value.item() : Infinity };
  };
  let here = place(vectorOf(tensors));
  if (here.loss === Infinity) {
    const report = nonFinite(loss as (params: object) => Tensor, start as object);
    throw new OutOfRangeError(`${who}: loss and gradient must be finite at the start: ${report?.message}`);
  }
  let least = { loss: here.loss, slope: largest(here.gradient) };
  let stale = 0; // steps since either was smaller than ever
  for (let iterations = 0; ; iterations++) {
    const slope = largest(here.gradient);
    const end = (reason: Minimum<P>["reason"]): Minimum<P> => ({
      params: here.params,
      loss: here.loss,
      slope,
      iterations,
      evaluations,
      reason,
    });
    if (slope <= tolerance) return end(method.isMinimum?.(here) === false ? "saddle" : "converged");
    if (iterations >= most) return end("iterations");
    const next = step(here) ?? (method.forget?.() ? step(here) : undefined);
    if (next === undefined || stale > 20) return end("precision");
    method.learn?.(here, next);
    here = next;
    stale = here.loss < least.loss || largest(here.gradient) < least.slope ? 0 : stale + 1;
    least = { loss: Math.min(here.loss, least.loss), slope: Math.min(largest(here.gradient), least.slope) };
  }

  function step(from: Place<P>): Place<P> | undefined {
    const d = method.direction(from);
    const trial = (alpha: number, at: Place<P>) => ({ alpha, at, loss: at.loss, slope: inner(at.gradient, d) });
    const noise = 2e-13 * Math.abs(from.loss); // a thousand times the rounding of a double, as losses are sums of many terms
    const found = lineSearch((alpha) => trial(alpha, place(along(from.x, alpha, d))), trial(0, from), noise);
    return found?.at.x.some((xi, i) => xi !== from.x[i]) ? found.at : undefined;
  }
}
