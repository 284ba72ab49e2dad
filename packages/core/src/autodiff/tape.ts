import { ArgumentError } from "../checks/errors.ts";
import { isFloat } from "../values/dtype.ts";
import type { Tensor } from "../values/tensor.ts";

// A function of tensors runs op by op. Each application of an op is a step, and the tape lists the steps in execution
// order. For reverse mode, sweep.ts reads the tape backwards.

/** One line of the Wengert list: `output = op(...inputs, params)`. */
export interface Step<O extends Differentiable = Differentiable> {
  readonly op: O;
  readonly inputs: readonly Tensor[];
  readonly params: unknown;
  readonly output: Tensor;
}

/** The properties of an op that reverse mode uses: its name and its VJP rules. */
export interface Differentiable {
  readonly name: string;
  /**
   * The VJP rules, one for each input. A rule maps the cotangent of the output to the cotangent of its input. `null`
   * means that the input has no derivative.
   */
  readonly vjp: readonly (Rule | null)[] | JointRule;
  /**
   * The VJP rule of input 0 for several steps that share this input. Returns the sum of the steps' contributions to the
   * cotangent of this input.
   */
  readonly vjpOfUses?: ((gs: readonly Tensor[], steps: readonly Unchecked[]) => Tensor) | undefined;
}

/**
 * This is the only `any` in core. A tape holds steps of every op, but the VJP rule of an op accepts only steps of that
 * op. The `any` is safe because `defineOp` checks each rule against its op.
 */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Unchecked = any;

/** Returns whether a cotangent can flow from the output of an op back to its input k. */
export const flowsTo = ({ vjp }: Differentiable, k: number): boolean => typeof vjp === "function" || vjp[k] !== null;

/** Maps the cotangent `g` of a step's output to the cotangent of one of its inputs. */
export type Rule = (g: Tensor, step: Unchecked) => Tensor;
/**
 * Returns the cotangents of all inputs at once, for ops with any number of inputs. Only the cotangents marked in
 * `needed` are used.
 */
type JointRule = (g: Tensor, step: Unchecked, needed: readonly boolean[]) => readonly (Tensor | null)[];

/** An object that receives each step of a computation as soon as the step has run. */
export interface Recorder {
  /** Receives a step. Returns `true` to hide the step from the recorders that became active earlier. */
  record(step: Step): unknown;
}

/** Records the steps that depend on the watched tensors, in execution order. */
export class Tape implements Recorder {
  readonly steps: Step[] = [];
  /**
   * Maps each tensor that depends on a watched tensor to a boolean: whether a derivative can flow from this tensor back
   * to a watched tensor.
   */
  readonly #reached = new Map<Tensor, boolean>();

  /** Starts tracking `tensor`. Only float tensors have derivatives. */
  watch(tensor: Tensor): void {
    this.#reached.set(tensor, isFloat(tensor.dtype));
  }

  /** Returns whether a derivative can flow back from `tensor` to a watched tensor. */
  tracks(tensor: Tensor): boolean {
    return this.#reached.get(tensor) === true;
  }

  /** Returns whether `tensor` depends on a watched tensor, even if no derivative can flow back from it. */
  depends(tensor: Tensor): boolean {
    return this.#reached.has(tensor);
  }

  /**
   * Keeps `step` if one of its inputs depends on a watched tensor, because the output of the step then depends on that
   * tensor, too.
   */
  record(step: Step): void {
    const { op, inputs, output } = step;
    let flows: boolean | undefined; // undefined: no input depends on a watched tensor
    for (let k = 0; k < inputs.length; k++) {
      const flowsFrom = this.#reached.get(inputs[k]!);
      if (flowsFrom !== undefined) flows ||= flowsFrom && flowsTo(op, k);
    }
    if (flows === undefined) return;
    this.steps.push(step);
    this.#reached.set(output, flows && isFloat(output.dtype));
  }
}

/**
 * The tape of a function that runs on tensors without values. Its steps are applied to values or to a batch later.
 * Recorders that became active earlier do not receive its steps.
 */
export class DryTape extends Tape {
  /**
   * Whether the recorded steps become the body of a `scan` loop or an equation for `fixedPoint` or `root`. The
   * pullbacks of these functions apply the body again.
   */
  readonly isBody: boolean;

  constructor(watched: Iterable<Tensor>, isBody = false) {
    super();
    this.isBody = isBody;
    for (const tensor of watched) this.watch(tensor);
  }

  override record(step: Step): boolean {
    super.record(step);
    return this.depends(step.output);
  }
}

// The active recorders, innermost last. This is the only mutable global of core that affects results.
let recorders: readonly Recorder[] = [];

/** Returns whether any recorder is active. Without an active recorder, ops create no steps. */
export const isRecording = (): boolean => recorders.length > 0;

/** Passes a step to all active recorders (tapes, for example), beginning with the innermost. */
export function record(step: Step): void {
  for (let i = recorders.length - 1; i >= 0; i--) if (recorders[i]!.record(step) === true) return;
}

/**
 * Runs `body` and passes its steps to `recorder`.
 * @throws ArgumentError if `body` returns a promise, because later steps would be lost. The message begins with
 * `caller`.
 */
export function withRecorder<T>(caller: string, recorder: Recorder, body: () => T): T {
  const result = withRecorders([...recorders, recorder], body);
  if (typeof (result as { then?: unknown } | null | undefined)?.then !== "function") return result;
  throw new ArgumentError(
    `${caller}: f returned a promise, but a tape records only until f returns; make f synchronous: await first, and pass the result`,
  );
}

/**
 * Runs `body` with the recorder `substitute` active in place of `recorder`, so that `recorder` receives no step of
 * `body`.
 */
export function withSubstitute<T>(recorder: Recorder, substitute: Recorder, body: () => T): T {
  return withRecorders(
    recorders.map((open) => (open === recorder ? substitute : open)),
    body,
  );
}

/** Runs `body` without recording its steps. */
export const withoutRecorders = <T>(body: () => T): T => withRecorders([], body);

/** Returns the innermost active tape that tracks at least one of `tensors`. */
export const innermostTape = (tensors: readonly Tensor[]): Tape | undefined =>
  recorders.findLast(
    (recorder): recorder is Tape => recorder instanceof Tape && tensors.some((tensor) => recorder.tracks(tensor)),
  );

/** Returns whether `tape` is the innermost active recorder. */
export const isInnermost = (tape: Tape): boolean => recorders.at(-1) === tape;

/**
 * Runs `body` while the recorders in the list `next` are active. No other function changes the list of active
 * recorders.
 */
function withRecorders<T>(next: readonly Recorder[], body: () => T): T {
  const previous = recorders;
  recorders = next;
  try {
    return body();
  } finally {
    recorders = previous;
  }
}
