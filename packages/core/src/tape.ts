import { ArgumentError } from "./errors.ts";
import { isFloat, type Tensor } from "./tensor.ts";

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

export type Rule = (g: Tensor, step: Unchecked) => Tensor;
/** All cotangents at once, for ops with any number of inputs. Those that are not `wanted` are not looked at. */
type JointRule = (g: Tensor, step: Unchecked, wanted: readonly boolean[]) => readonly (Tensor | null)[];

/** What hears of each step as it runs. */
export interface Listener {
  record(step: Step): void;
}

/** The steps that depend on the watched tensors, in the order they ran. */
export class Tape implements Listener {
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
      if (flowsFrom !== undefined) flows ||= flowsFrom && (typeof op.vjp === "function" || op.vjp[k] !== null);
    }
    if (flows === undefined) return;
    this.steps.push(step);
    this.#reached.set(output, flows && isFloat(output.dtype));
  }
}

// The only changing state of core on which a result depends: who is listening right now, the innermost last.
let listeners: readonly Listener[] = [];

export const isListening = (): boolean => listeners.length > 0;

export function tell(step: Step): void {
  for (const listener of listeners) listener.record(step);
}

/** Runs `body` with `listener` listening. @throws ArgumentError if it returns a promise; `who` is for the message. */
export function recording<T>(who: string, listener: Listener, body: () => T): T {
  const result = listeningAs([...listeners, listener], body);
  if (typeof (result as { then?: unknown } | null | undefined)?.then !== "function") return result;
  throw new ArgumentError(
    `${who}: f returned a promise; a tape hears only what runs before f returns, so f must be synchronous: await first, ` +
      "and pass the result in",
  );
}

/** Runs `body` with `substitute` in place of `listener`: to it, what happens inside is one step. */
export function substituting<T>(listener: Listener, substitute: Listener, body: () => T): T {
  return listeningAs(
    listeners.map((each) => (each === listener ? substitute : each)),
    body,
  );
}

/** The innermost open tape that tracks one of `tensors`. */
export const innermostTape = (tensors: readonly Tensor[]): Tape | undefined =>
  listeners.findLast((each): each is Tape => each instanceof Tape && tensors.some((tensor) => each.tracks(tensor)));

function listeningAs<T>(others: readonly Listener[], body: () => T): T {
  const before = listeners;
  listeners = others;
  try {
    return body();
  } finally {
    listeners = before;
  }
}
