import { ArgumentError, complete, isList, OutOfRangeError, show, type Tensor, type TensorLike } from "@wengert/core";
import { add, cast, cos, div, less, minimum, mul, sub, where } from "@wengert/ops";
import { checkRate, count, notNegative, type Rate, rateAt, type Schedule, someSteps, within } from "./hyper.ts";

/** The same number at each step. @throws ArgumentError, OutOfRangeError */
export function constant(value: number): Schedule {
  within("constant", "the value", value, notNegative);
  return (step) => add(mul(inDoubles(step), 0), value);
}

export interface FallOptions {
  readonly from: number;
  /** Default 0. */
  readonly to?: number | undefined;
  /** How many steps it takes from the one to the other. */
  readonly steps: number;
}

/**
 * Down half a wave of the cosine (I. Loshchilov and F. Hutter, 2017): to + (from − to) (1 + cos(π step / steps)) / 2, and `to`
 * from then on. As CosineAnnealingLR of PyTorch down to its minimum.
 * @throws ArgumentError, OutOfRangeError for options that are none
 */
export function cosine(options: FallOptions): Schedule {
  return fall("cosine", options, (part) => div(add(1, cos(mul(Math.PI, part))), 2));
}

/**
 * In a straight line: from + (to − from) step / steps, and `to` from then on. As LinearLR of PyTorch, and PolynomialLR of power 1.
 * @throws ArgumentError, OutOfRangeError for options that are none
 */
export function linear(options: FallOptions): Schedule {
  return fall("linear", options, (part) => sub(1, part));
}

/** From `from` to `to`, where `left` says what share of the way is left after a share of the steps. */
function fall(who: string, options: FallOptions, left: (part: Tensor) => Tensor): Schedule {
  const given = complete<FallOptions>(who, options, { from: undefined, to: 0, steps: undefined });
  const from = within(who, "from", given.from, notNegative);
  const to = within(who, "to", given.to, notNegative);
  const steps = within(who, "steps", given.steps, someSteps);
  return (step) => add(to, mul(from - to, left(div(minimum(inDoubles(step), steps), steps))));
}

export interface WarmUpOptions {
  /** The number at step 0. Default 0. */
  readonly from?: number | undefined;
  readonly steps: number;
  /** What follows; of a schedule its step 0 comes right after the last of these. */
  readonly rate: Rate;
}

/**
 * Up a straight line, from `from` to where `rate` begins, which goes on after so many steps: LinearLR, and a SequentialLR with
 * what follows, of PyTorch.
 * @throws ArgumentError, OutOfRangeError for options that are none
 */
export function warmUp(options: WarmUpOptions): Schedule {
  const given = complete<WarmUpOptions>("warmUp", options, { rate: undefined, steps: undefined, from: 0 });
  const from = within("warmUp", "from", given.from, notNegative);
  const steps = within("warmUp", "steps", given.steps, someSteps);
  const rate = checkRate("warmUp", "rate", given.rate);
  const up: Schedule = (step) => {
    const top = rateAt("warmUp", rate, mul(step, 0));
    return add(from, mul(sub(top, from), div(inDoubles(step), steps)));
  };
  return joined("warmUp", [
    [0, up],
    [steps, rate],
  ]);
}

/**
 * Pieces, each from its step on: a number, or a schedule whose step 0 is there. `piecewise([[0, 0.1], [1000, 0.01]])` is
 * PyTorch's MultiStepLR.
 * @throws ArgumentError, OutOfRangeError for steps that do not ascend from 0
 */
export function piecewise(pieces: readonly (readonly [from: number, then: Rate])[]): Schedule {
  const cure = "write [[0, 0.1], [1000, 0.01]]";
  const isPair = (piece: unknown) => isList(piece) && piece.length === 2;
  if (!isList(pieces) || pieces.length === 0 || !pieces.every(isPair))
    throw new ArgumentError(`piecewise: expected a list of [step, number or schedule], got ${show(pieces)}; ${cure}`);
  for (const [i, [from, then]] of pieces.entries()) {
    within("piecewise", `the step of piece ${i}`, from, count);
    checkRate("piecewise", `piece ${i}`, then);
    if (i === 0 ? from === 0 : from > pieces[i - 1]![0]) continue;
    throw new OutOfRangeError(`piecewise: steps ascend from 0, got ${from} in place ${i}; ${cure}`);
  }
  return joined("piecewise", pieces);
}

/** At each step the value of the last piece that has begun. */
function joined(who: string, pieces: readonly (readonly [from: number, then: Rate])[]): Schedule {
  return (step) => {
    const values = pieces.map(([from, then]) => rateAt(who, then, sub(step, from)));
    const last = (i: number): TensorLike =>
      i === pieces.length - 1 ? values[i]! : where(less(step, pieces[i + 1]![0]), values[i]!, last(i + 1));
    const value = last(0);
    return typeof value === "number" ? constant(value)(step) : value;
  };
}

const inDoubles = (step: Tensor): Tensor => cast(step, { dtype: "float64" });
