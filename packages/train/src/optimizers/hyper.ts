import { ArgumentError, OutOfRangeError, ShapeError, Tensor, type TensorLike } from "@wengert/core";
import { type Complete, describe, isFloat, type OtherNames, show, withDefaults } from "@wengert/core/extend";
import { cast } from "@wengert/ops";

/** A learning rate schedule: computes a float64 scalar from the step, an int32 scalar that is 0 at the first step. */
export type Schedule = (step: Tensor) => Tensor;

/** A learning rate: a number or a schedule. */
export type LearningRate = number | Schedule;

/** The allowed range of a hyperparameter: a description for messages, and a function that tests a number. */
export type Range = readonly [text: string, holds: (x: number) => boolean];
export const notNegative: Range = ["a number ≥ 0", (x) => x >= 0 && x < Infinity];
export const positive: Range = ["a number > 0", (x) => x > 0 && x < Infinity];
export const decay: Range = ["a number in [0, 1)", (x) => x >= 0 && x < 1];
/** The largest number of steps is the largest int32, because the step counter is an int32. */
export const count: Range = ["a whole number ≥ 0", (x) => x >= 0 && x === (x | 0)];
export const positiveCount: Range = ["a whole number > 0", (x) => x > 0 && x === (x | 0)];

/** Returns the hyperparameter `value`. @throws ArgumentError, OutOfRangeError unless it is a number in `range` */
export function checkRange(caller: string, name: string, value: unknown, [text, holds]: Range): number {
  if (typeof value !== "number")
    throw new ArgumentError(`${caller}: ${name} must be ${text}, got ${show(value)}${missingHint(name, value)}`);
  if (holds(value)) return value;
  throw new OutOfRangeError(`${caller}: ${name} must be ${text}, got ${value}`);
}

const missingHint = (name: string, value: unknown): string =>
  value === undefined && !name.includes(" ") ? `; write { ${name}: ... }` : "";

/** Maps the names of the learning rate in PyTorch and optax to `learningRate`. */
export const rateNames: OtherNames = { lr: "learningRate", rate: "learningRate", stepsize: "learningRate" };

/** Returns the options of `sgd` or `adam`. @throws ArgumentError for an unknown option */
export function optimizerOptions<O>(
  caller: string,
  options: O,
  defaults: Complete<O>,
  otherNames: OtherNames = rateNames,
): Complete<O> {
  const decay = `write chain(weightDecay(...), ${caller}(...)), or adamw({ ... }) for decoupled decay`;
  return withDefaults<O>(caller, options, defaults, { ...otherNames, weightdecay: decay, wd: decay });
}

/** Returns `rate` if it is a number ≥ 0 or a schedule. @throws ArgumentError, OutOfRangeError */
export function checkRate(caller: string, name: string, rate: unknown): LearningRate {
  if (typeof rate === "function") return rate as Schedule;
  if (typeof rate === "number") return checkRange(caller, name, rate, notNegative);
  throw new ArgumentError(
    `${caller}: ${name} must be a number or a schedule, got ${show(rate)}${missingHint(name, rate)}`,
  );
}

/**
 * Returns the learning rate at a step, as a number or a float64 scalar.
 * @throws ArgumentError, ShapeError unless a schedule returns a float scalar
 */
export function rateAt(caller: string, rate: LearningRate, step: Tensor): TensorLike {
  if (typeof rate === "number") return rate;
  const value: unknown = rate(step);
  if (!(value instanceof Tensor) || !isFloat(value.dtype))
    throw new ArgumentError(
      `${caller}: a schedule must return a float tensor, got ${value instanceof Tensor ? value.dtype : show(value)}; compute it from the step with ops`,
    );
  if (value.shape.length === 0) return cast(value, { dtype: "float64" });
  throw new ShapeError(
    `${caller}: a schedule must return a scalar, got ${describe(value)}; compute it from the step, which is a scalar`,
  );
}

/**
 * Returns a function that casts a scalar to the dtype of a parameter, and returns plain numbers unchanged. The function
 * casts only once for each dtype.
 */
export function castForParam(x: TensorLike): (partner: Tensor) => TensorLike {
  if (typeof x === "number") return () => x;
  const castByDType = new Map([[x.dtype, x]]);
  return ({ dtype }) => {
    const converted = castByDType.get(dtype) ?? cast(x, { dtype });
    castByDType.set(dtype, converted);
    return converted;
  };
}
