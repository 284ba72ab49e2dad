import { ArgumentError, OutOfRangeError, type Tensor, type TensorLike } from "@wengert/core";
import { isList, show, withDefaults } from "@wengert/core/extend";
import { add, cast, cos, div, less, maximum, minimum, mul, sub, where } from "@wengert/ops";
import {
  checkRange,
  checkRate,
  count,
  type LearningRate,
  notNegative,
  positiveCount,
  rateAt,
  rateNames,
  type Schedule,
} from "./hyper.ts";

/**
 * Returns a schedule with the same learning rate at each step.
 * @throws ArgumentError, OutOfRangeError unless `value` is a number ≥ 0
 */
export function constant(value: number): Schedule {
  checkRange("constant", "the value", value, notNegative);
  return (step) => add(mul(toFloat64(step), 0), value);
}

export interface DecayOptions {
  readonly from: number;
  /** Default 0. */
  readonly to?: number | undefined;
  /** The number of steps in which the learning rate goes from `from` to `to`. */
  readonly steps: number;
}

/**
 * Cosine decay (I. Loshchilov and F. Hutter, 2017): to + (from − to) (1 + cos(π step / steps)) / 2 up to step `steps`,
 * then `to`. Matches PyTorch's CosineAnnealingLR until the minimum is reached.
 * @throws ArgumentError, OutOfRangeError for invalid options
 */
export function cosine(options: DecayOptions): Schedule {
  return decaySchedule("cosine", options, (progress) => div(add(1, cos(mul(Math.PI, progress))), 2));
}

/**
 * Linear decay: from + (to − from) step / steps up to step `steps`, then `to`. Matches PyTorch's LinearLR, and its
 * PolynomialLR with power 1.
 * @throws ArgumentError, OutOfRangeError for invalid options
 */
export function linear(options: DecayOptions): Schedule {
  return decaySchedule("linear", options, (progress) => sub(1, progress));
}

/**
 * Returns a schedule that decays from `from` to `to`. `remaining` maps the fraction of steps done to the fraction of
 * the decay that is left.
 */
function decaySchedule(caller: string, options: DecayOptions, remaining: (progress: Tensor) => Tensor): Schedule {
  const settings = withDefaults<DecayOptions>(
    caller,
    options,
    { from: undefined, to: 0, steps: undefined },
    {
      tmax: "steps",
      totaliters: "steps",
      etamin: "to",
      endvalue: "to",
      alpha: "to",
      lr: "from",
      learningrate: "from",
      initvalue: "from",
      initiallearningrate: "from",
    },
  );
  const from = checkRange(caller, "from", settings.from, notNegative);
  const to = checkRange(caller, "to", settings.to, notNegative);
  const steps = checkRange(caller, "steps", settings.steps, positiveCount);
  return (step) => add(to, mul(from - to, remaining(div(minimum(toFloat64(step), steps), steps))));
}

export interface WarmUpOptions {
  /** The learning rate at step 0, from which the warm-up starts. Default 0. */
  readonly from?: number | undefined;
  readonly steps: number;
  /** The learning rate after the warm-up. If it is a schedule, it begins with its own step 0 when the warm-up ends. */
  readonly learningRate: LearningRate;
}

/**
 * Linear warm-up: the learning rate rises from `from` to the first value of `learningRate` in `steps` steps, then
 * follows `learningRate`. Matches PyTorch's LinearLR inside a SequentialLR.
 * @throws ArgumentError, OutOfRangeError for invalid options
 */
export function warmUp(options: WarmUpOptions): Schedule {
  const settings = withDefaults<WarmUpOptions>(
    "warmUp",
    options,
    {
      learningRate: undefined,
      steps: undefined,
      from: 0,
    },
    { ...rateNames, peakvalue: "learningRate", target: "learningRate", initvalue: "from" },
  );
  const from = checkRange("warmUp", "from", settings.from, notNegative);
  const steps = checkRange("warmUp", "steps", settings.steps, positiveCount);
  const rate = checkRate("warmUp", "learningRate", settings.learningRate);
  return (step) => {
    // During the warm-up, the schedule that follows the warm-up is evaluated once, at its step 0. If each warm-up
    // evaluated it twice, nested warm-ups would evaluate it 2^depth times.
    const top = rateAt("warmUp", rate, maximum(sub(step, steps), 0));
    const rising = add(from, mul(sub(top, from), div(toFloat64(step), steps)));
    return where(less(step, steps), rising, top);
  };
}

/**
 * Returns a schedule made of pieces [first step, learning rate]. For example, `piecewise([[0, 0.1], [1000, 0.01]])` is
 * PyTorch's MultiStepLR. If the learning rate of a piece is a schedule, the piece begins with that schedule's step 0.
 * @throws ArgumentError for invalid pieces
 * @throws OutOfRangeError unless first steps ascend from 0
 */
export function piecewise(pieces: readonly (readonly [from: number, then: LearningRate])[]): Schedule {
  const hint = "write [[0, 0.1], [1000, 0.01]]";
  const isPair = (piece: unknown) => isList(piece) && piece.length === 2;
  if (!isList(pieces) || pieces.length === 0 || !pieces.every(isPair))
    throw new ArgumentError(
      `piecewise: pieces must be a list of [step, number or schedule], got ${show(pieces)}; ${hint}`,
    );
  for (const [i, [from, then]] of pieces.entries()) {
    checkRange("piecewise", `the step of piece ${i}`, from, count);
    checkRate("piecewise", `piece ${i}`, then);
    if (i === 0 ? from === 0 : from > pieces[i - 1]![0]) continue;
    throw new OutOfRangeError(`piecewise: first steps must ascend from 0, got ${from} for piece ${i}; ${hint}`);
  }
  return concatSchedules("piecewise", pieces);
}

/**
 * Returns a schedule that changes the learning rate at given steps. `pieces` are pairs of a first step and the learning
 * rate from this step on.
 */
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
