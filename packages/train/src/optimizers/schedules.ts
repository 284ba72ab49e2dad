import { ArgumentError, OutOfRangeError, type Tensor, type TensorLike } from "@wengert/core";
import { isList, show, withDefaults } from "@wengert/core/extend";
import { add, cast, cos, div, less, minimum, mul, sub, where } from "@wengert/ops";
import {
  checkRange,
  checkRate,
  count,
  type LearningRate,
  notNegative,
  positiveCount,
  rateAt,
  type Schedule,
} from "./hyper.ts";

/** The same number at each step. @throws ArgumentError, OutOfRangeError */
export function constant(value: number): Schedule {
  checkRange("constant", "the value", value, notNegative);
  return (step) => add(mul(toFloat64(step), 0), value);
}

export interface DecayOptions {
  readonly from: number;
  /** Default 0. */
  readonly to?: number | undefined;
  /** How many steps it takes from the one to the other. */
  readonly steps: number;
}

/**
 * Down half a wave of the cosine (I. Loshchilov and F. Hutter, 2017): to + (from − to) (1 + cos(π step / steps)) / 2, and `to`
 * from then on. As CosineAnnealingLR of PyTorch down to its minimum.
 * @throws ArgumentError, OutOfRangeError for invalid options
 */
export function cosine(options: DecayOptions): Schedule {
  return decaySchedule("cosine", options, (progress) => div(add(1, cos(mul(Math.PI, progress))), 2));
}

/**
 * In a straight line: from + (to − from) step / steps, and `to` from then on. As LinearLR of PyTorch, and PolynomialLR of power 1.
 * @throws ArgumentError, OutOfRangeError for invalid options
 */
export function linear(options: DecayOptions): Schedule {
  return decaySchedule("linear", options, (progress) => sub(1, progress));
}

/** From `from` to `to`, where `remaining` says what share of the way is left after a share of the steps. */
function decaySchedule(caller: string, options: DecayOptions, remaining: (progress: Tensor) => Tensor): Schedule {
  const settings = withDefaults<DecayOptions>(caller, options, { from: undefined, to: 0, steps: undefined });
  const from = checkRange(caller, "from", settings.from, notNegative);
  const to = checkRange(caller, "to", settings.to, notNegative);
  const steps = checkRange(caller, "steps", settings.steps, positiveCount);
  return (step) => add(to, mul(from - to, remaining(div(minimum(toFloat64(step), steps), steps))));
}

export interface WarmUpOptions {
  /** The number at step 0. Default 0. */
  readonly from?: number | undefined;
  readonly steps: number;
  /** What follows; of a schedule its step 0 comes right after the last of these. */
  readonly learningRate: LearningRate;
}

/**
 * Up a straight line, from `from` to where `rate` begins, which goes on after so many steps: LinearLR, and a SequentialLR with
 * what follows, of PyTorch.
 * @throws ArgumentError, OutOfRangeError for invalid options
 */
export function warmUp(options: WarmUpOptions): Schedule {
  const settings = withDefaults<WarmUpOptions>("warmUp", options, {
    learningRate: undefined,
    steps: undefined,
    from: 0,
  });
  const from = checkRange("warmUp", "from", settings.from, notNegative);
  const steps = checkRange("warmUp", "steps", settings.steps, positiveCount);
  const rate = checkRate("warmUp", "learningRate", settings.learningRate);
  const rising: Schedule = (step) => {
    const top = rateAt("warmUp", rate, mul(step, 0));
    return add(from, mul(sub(top, from), div(toFloat64(step), steps)));
  };
  return concatSchedules("warmUp", [
    [0, rising],
    [steps, rate],
  ]);
}

/**
 * Pieces, each from its step on: a number, or a schedule whose step 0 is there. `piecewise([[0, 0.1], [1000, 0.01]])` is
 * PyTorch's MultiStepLR.
 * @throws ArgumentError, OutOfRangeError for steps that do not ascend from 0
 */
export function piecewise(pieces: readonly (readonly [from: number, then: LearningRate])[]): Schedule {
  const hint = "write [[0, 0.1], [1000, 0.01]]";
  const isPair = (piece: unknown) => isList(piece) && piece.length === 2;
  if (!isList(pieces) || pieces.length === 0 || !pieces.every(isPair))
    throw new ArgumentError(`piecewise: expected a list of [step, number or schedule], got ${show(pieces)}; ${hint}`);
  for (const [i, [from, then]] of pieces.entries()) {
    checkRange("piecewise", `the step of piece ${i}`, from, count);
    checkRate("piecewise", `piece ${i}`, then);
    if (i === 0 ? from === 0 : from > pieces[i - 1]![0]) continue;
    throw new OutOfRangeError(`piecewise: steps ascend from 0, got ${from} in place ${i}; ${hint}`);
  }
  return concatSchedules("piecewise", pieces);
}

/** At each step the value of the last piece that has begun. */
function concatSchedules(caller: string, pieces: readonly (readonly [from: number, then: LearningRate])[]): Schedule {
  return (step) => {
    const values = pieces.map(([from, then]) => rateAt(caller, then, sub(step, from)));
    const pieceAt = (i: number): TensorLike =>
      i === pieces.length - 1 ? values[i]! : where(less(step, pieces[i + 1]![0]), values[i]!, pieceAt(i + 1));
    const value = pieceAt(0);
    return typeof value === "number" ? constant(value)(step) : value;
  };
}

const toFloat64 = (step: Tensor): Tensor => cast(step, { dtype: "float64" });
