import { ArgumentError } from "../checks/errors.ts";
import { isFloat } from "../values/dtype.ts";
import type { Tensor } from "../values/tensor.ts";

/** One line of the Wengert list: `output = op(...inputs, params)`. */
export interface Step<O extends Differentiable = Differentiable> {
  readonly op: O;
  readonly inputs: readonly Tensor[];
  readonly params: unknown;
  readonly output: Tensor;
}

/** What reverse mode needs to know of an op. */
export interface Differentiable {
  readonly name: string;
  /** One rule per input: from the cotangent of the output to that of the input. `null`: nothing flows back. */
  readonly vjp: readonly (Rule | null)[] | JointRule;
}

/**
 * The one place for `any`: a list holds steps of every op, and each op's rules know the types of their own steps only.
 * `defineOp` has checked them together.
 */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Unchecked = any;

/** Whether a cotangent flows from the output of an op back to its input k. */
export const flowsTo = ({ vjp }: Differentiable, k: number): boolean => typeof vjp === "function" || vjp[k] !== null;

export type Rule = (g: Tensor, step: Unchecked) => Tensor;
/** All cotangents at once, for ops with any number of inputs. Those that are not `needed` are not looked at. */
type JointRule = (g: Tensor, step: Unchecked, needed: readonly boolean[]) => readonly (Tensor | null)[];

/** Receives each step as it runs. */
export interface Recorder {
  record(step: Step): void;
}

/** The steps that depend on the watched tensors, in the order they ran. */
export class Tape implements Recorder {
  readonly steps: Step[] = [];
  /** What depends on a watched tensor, and whether a derivative can flow back from it. */
  readonly #reached = new Map<Tensor, boolean>();

  watch(tensor: Tensor): void {
    this.#reached.set(tensor, isFloat(tensor.dtype));
  }

  /** Whether a derivative can flow back from `tensor` to a watched one. */
  tracks(tensor: Tensor): boolean {
    return this.#reached.get(tensor) === true;
  }

  record(step: Step): void {
    const { op, inputs, output } = step;
    let flows: boolean | undefined; // undefined: it depends on nothing watched
    for (let k = 0; k < inputs.length; k++) {
      const flowsFrom = this.#reached.get(inputs[k]!);
      if (flowsFrom !== undefined) flows ||= flowsFrom && flowsTo(op, k);
    }
    if (flows === undefined) return;
    this.steps.push(step);
    this.#reached.set(output, flows && isFloat(output.dtype));
  }
}

// Core's only mutable global that results depend on: the active recorders, innermost last.
let recorders: readonly Recorder[] = [];

export const isRecording = (): boolean => recorders.length > 0;

export function record(step: Step): void {
  for (const recorder of recorders) recorder.record(step);
}

/** Runs `body` while `recorder` receives its steps. @throws ArgumentError if it returns a promise; `caller` is for the message. */
export function withRecorder<T>(caller: string, recorder: Recorder, body: () => T): T {
  const result = withRecorders([...recorders, recorder], body);
  if (typeof (result as { then?: unknown } | null | undefined)?.then !== "function") return result;
  throw new ArgumentError(
    `${caller}: f returned a promise; a tape hears only what runs before f returns, so f must be synchronous: await first, ` +
      "and pass the result in",
  );
}

/** Runs `body` with `substitute` in place of `recorder`, which does not receive the steps inside. */
export function withSubstitute<T>(recorder: Recorder, substitute: Recorder, body: () => T): T {
  return withRecorders(
    recorders.map((open) => (open === recorder ? substitute : open)),
    body,
  );
}

/** The innermost open tape that tracks one of `tensors`. */
export const innermostTape = (tensors: readonly Tensor[]): Tape | undefined =>
  recorders.findLast(
    (recorder): recorder is Tape => recorder instanceof Tape && tensors.some((tensor) => recorder.tracks(tensor)),
  );

function withRecorders<T>(next: readonly Recorder[], body: () => T): T {
  const previous = recorders;
  recorders = next;
  try {
    return body();
  } finally {
    recorders = previous;
  }
}
