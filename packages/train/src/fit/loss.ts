import { ArgumentError, type NonFiniteReport, nonFinite, type Tensor, valueAndGrad } from "@wengert/core";
import { isList, show } from "@wengert/core/extend";
import { checkLoss } from "../checks/loss.ts";

/** The values that `fit` passes to a loss function as its third argument, such as the step and a random key. */
export interface Context {
  /** A key for random operations such as dropout, different at each step. */
  readonly key: Tensor;
  /** The number of steps taken before the current one: 0 at the first step. */
  readonly step: number;
  /** The number of completed passes over the data: 0 during the first pass. */
  readonly epoch: number;
  /** True in training steps, false during validation and `measure`. */
  readonly training: boolean;
}

/** The return value of a loss function: a scalar, or a scalar with auxiliary values for the metrics. */
export type LossValue = Tensor | readonly [loss: Tensor, aux: unknown];

/** A loss function: computes the mean loss of a batch from the parameters, with ops. */
export type Loss<P, B, R extends LossValue> = (params: P, batch: B, context: Context) => R;

export type AuxOf<R> = R extends readonly [Tensor, infer Aux] ? Aux : undefined;

type LossAndAux = readonly [loss: Tensor, aux: unknown];

/**
 * The user's loss function, wrapped so that it always returns a pair. `aux` is `undefined` if the user's function
 * returns only a scalar.
 */
export interface Objective<P, B> {
  /** Computes the loss and aux. Returns a promise only if the loss is compiled to a function that returns a promise. */
  value(params: P, batch: B, context: Context): LossAndAux | Promise<LossAndAux>;
  gradient(params: P, batch: B, context: Context): { readonly value: Tensor; readonly grad: P; readonly aux: unknown };
  /** Reruns the loss and its gradient on a tape, and returns the step that produced the first non-finite number. */
  report(params: P, batch: B, context: Context): NonFiniteReport | undefined;
}

export function objectiveOf<P, B, R extends LossValue>(caller: string, loss: Loss<P, B, R>): Objective<P, B> {
  if (typeof loss !== "function")
    throw new ArgumentError(
      `${caller}: the loss must be a function, got ${show(loss)}; write ${caller}(loss, params, data, ...)`,
    );
  const value = (params: P, batch: B, context: Context): readonly [Tensor, unknown] => {
    const returned: unknown = loss(params, batch, context);
    const [scalar, aux] = isList(returned) && returned.length === 2 ? returned : [returned];
    checkLoss(caller, scalar, "a scalar tensor, or [scalar, aux]");
    return [scalar, aux];
  };
  type Untyped = (params: Tensor, batch: unknown, context: Context) => readonly [Tensor, unknown];
  const gradient = valueAndGrad(value as unknown as Untyped, { hasAux: true }); // the caller has checked that P is a tree
  return {
    value,
    gradient: gradient as unknown as Objective<P, B>["gradient"],
    report: (tree, batch, context) => {
      const lossOf = (params: Tensor) => value(params as P, batch, context)[0]; // error messages contain the name `params`
      return nonFinite(lossOf, tree as Tensor);
    },
  };
}
