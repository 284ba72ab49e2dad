import {
  ArgumentError,
  type Complete,
  complete,
  describe,
  isFloat,
  OutOfRangeError,
  ShapeError,
  show,
  Tensor,
  type TensorLike,
} from "@wengert/core";
import { cast } from "@wengert/ops";

/** A number that depends on the step: 0 at the first. `step` is an int32 scalar, the value a float64 scalar. */
export type Schedule = (step: Tensor) => Tensor;

/** A number, or one that depends on the step. */
export type Rate = number | Schedule;

/** The range of a hyper-parameter: its text for messages, and whether a number is in it. */
export type Range = readonly [text: string, holds: (x: number) => boolean];
export const notNegative: Range = ["a number ≥ 0", (x) => x >= 0 && x < Infinity];
export const positive: Range = ["a number > 0", (x) => x > 0 && x < Infinity];
export const decay: Range = ["a number in [0, 1)", (x) => x >= 0 && x < 1];
/** int32, as steps are. */
export const count: Range = ["a whole number ≥ 0", (x) => x >= 0 && x === (x | 0)];
export const someSteps: Range = ["a whole number > 0", (x) => x > 0 && x === (x | 0)];

/** `value`, if it is a number in `range`. @throws ArgumentError, OutOfRangeError */
export function within(who: string, name: string, value: unknown, [text, holds]: Range): number {
  if (typeof value !== "number")
    throw new ArgumentError(`${who}: ${name} must be ${text}, got ${show(value)}${missing(name, value)}`);
  if (holds(value)) return value;
  throw new OutOfRangeError(`${who}: ${name} must be ${text}, got ${value}`);
}

const missing = (name: string, value: unknown): string =>
  value === undefined && !name.includes(" ") ? `; write { ${name}: ... }` : "";

/** The options of `sgd` and `adam`. @throws ArgumentError for those that there are not, with where weight decay is to be had */
export function optionsOf<O>(who: string, given: O, defaults: Complete<O>): Complete<O> {
  if (typeof given === "object" && given !== null && "weightDecay" in given)
    throw new ArgumentError(
      `${who}: weightDecay is no option here; write chain(weightDecay(...), ${who}(...)), or adamw({ ... }) for a decoupled one`,
    );
  return complete<O>(who, given, defaults);
}

/** `rate`, if it is one. @throws ArgumentError, OutOfRangeError */
export function checkRate(who: string, name: string, rate: unknown): Rate {
  if (typeof rate === "function") return rate as Schedule;
  if (typeof rate === "number") return within(who, name, rate, notNegative);
  throw new ArgumentError(`${who}: ${name} must be a number or a schedule, got ${show(rate)}${missing(name, rate)}`);
}

/** The rate at a step, a number or a float64 scalar. @throws ArgumentError, ShapeError for a schedule that gives no float scalar */
export function rateAt(who: string, rate: Rate, step: Tensor): TensorLike {
  if (typeof rate === "number") return rate;
  const value: unknown = rate(step);
  if (!(value instanceof Tensor) || !isFloat(value.dtype))
    throw new ArgumentError(
      `${who}: a schedule must return a float tensor, got ${value instanceof Tensor ? value.dtype : show(value)}; compute it from the step with ops`,
    );
  if (value.shape.length === 0) return cast(value, { dtype: "float64" });
  throw new ShapeError(
    `${who}: a schedule must return a scalar, got ${describe(value)}; its argument is the step, a scalar`,
  );
}

/** A scalar in the dtype of a parameter: cast once for each. Numbers take the dtype of their partner by themselves. */
export function inDTypes(x: TensorLike): (partner: Tensor) => TensorLike {
  if (typeof x === "number") return () => x;
  const made = new Map([[x.dtype, x]]);
  return ({ dtype }) => {
    const known = made.get(dtype) ?? cast(x, { dtype });
    made.set(dtype, known);
    return known;
  };
}
