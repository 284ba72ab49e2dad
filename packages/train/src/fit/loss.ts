import {
  ArgumentError,
  DTypeError,
  type NonFiniteReport,
  nonFinite,
  ShapeError,
  Tensor,
  valueAndGrad,
} from "@wengert/core";
import { describe, isFloat, isList, show, tensorHint } from "@wengert/core/extend";

/** What a loss may want to know beside parameters and batch. */
export interface Context {
  /** Another key at each step, for what is drawn at random, as by a dropout. */
  readonly key: Tensor;
  /** Steps taken before this one: 0 at the first. */
  readonly step: number;
  /** Passes over the data that are complete: 0 during the first. */
  readonly epoch: number;
  /** Whether it is to be learned from; else it is only measured, as on validation data. */
  readonly training: boolean;
}

/** What a loss returns: a scalar; or beside it what else it has computed, for the metrics. */
export type LossValue = Tensor | readonly [loss: Tensor, aux: unknown];

/** The mean loss of a batch, as a function of the parameters that is made of ops. */
export type Loss<P, B, R extends LossValue> = (params: P, batch: B, context: Context) => R;

export type AuxOf<R> = R extends readonly [Tensor, infer Aux] ? Aux : undefined;

/** A loss in one form, whichever it has. */
export interface Objective<P, B> {
  value(params: P, batch: B, context: Context): readonly [loss: Tensor, aux: unknown];
  gradient(params: P, batch: B, context: Context): { readonly value: Tensor; readonly grad: P; readonly aux: unknown };
  /** Where a loss or a gradient that is not finite comes from. */
  report(params: P, batch: B, context: Context): NonFiniteReport | undefined;
}

export function objectiveOf<P, B, R extends LossValue>(caller: string, loss: Loss<P, B, R>): Objective<P, B> {
  if (typeof loss !== "function")
    throw new ArgumentError(`${caller}: the loss must be a function, got ${show(loss)}; write (params, batch) => ...`);
  const value = (params: P, batch: B, context: Context): readonly [Tensor, unknown] => {
    const returned: unknown = loss(params, batch, context);
    const [scalar, aux] = isList(returned) && returned.length === 2 ? returned : [returned];
    checkLoss(caller, scalar);
    return [scalar, aux];
  };
  type Untyped = (params: Tensor, batch: unknown, context: Context) => readonly [Tensor, unknown];
  const gradient = valueAndGrad(value as unknown as Untyped, { hasAux: true }); // P is a tree, which its caller knows
  return {
    value,
    gradient: gradient as unknown as Objective<P, B>["gradient"],
    report: (tree, batch, context) => {
      const lossOf = (params: Tensor) => value(params as P, batch, context)[0]; // messages name its parameter
      return nonFinite(lossOf, tree as Tensor);
    },
  };
}

function checkLoss(caller: string, loss: unknown): asserts loss is Tensor {
  if (!(loss instanceof Tensor))
    throw new ArgumentError(
      `${caller}: the loss must be a scalar tensor, or [scalar, aux], got ${show(loss)}${typeof loss === "number" ? "; keep to ops: what .item() gives has no derivative" : tensorHint(loss)}`,
    );
  if (loss.shape.length > 0)
    throw new ShapeError(`${caller}: the loss must be a scalar, got ${describe(loss, "shape")}; reduce it with mean`);
  if (isFloat(loss.dtype)) return;
  throw new DTypeError(`${caller}: the loss must be a float, got ${loss.dtype}, which has no derivative`);
}
