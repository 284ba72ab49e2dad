import { ShapeError } from "../checks/errors.ts";
import { isAlike, kindText, type Tensor } from "../values/tensor.ts";
import { accumulate } from "./fanout.ts";
import type { Rule, Step, Tape } from "./tape.ts";

/** One step of the sweep: the cotangent of a step's output and what it contributes to each input. */
export interface Pull {
  readonly step: Step;
  readonly cotangent: Tensor;
  /** One entry per input; null where nothing flows back. */
  readonly contributions: readonly (Tensor | null)[];
}

/**
 * Reads a tape backwards. `cotangents` holds those of the outputs; at the end, those of the watched tensors that were
 * reached. Rules are ops, so what happens here is recorded too, by the tapes that are open around it.
 */
export function* sweep(tape: Tape, cotangents: Map<Tensor, Tensor>): Generator<Pull> {
  for (let i = tape.steps.length - 1; i >= 0; i--) {
    const step = tape.steps[i]!;
    const cotangent = cotangents.get(step.output);
    if (cotangent === undefined) continue; // nothing downstream of this step reached an output
    const contributions = applyRules(step, cotangent, tape);
    for (let k = 0; k < contributions.length; k++)
      if (contributions[k]) accumulateCotangent(cotangents, step.inputs[k]!, contributions[k]!);
    cotangents.delete(step.output);
    yield { step, cotangent, contributions };
  }
}

/** Using a tensor twice adds its cotangents. */
export function accumulateCotangent(cotangents: Map<Tensor, Tensor>, tensor: Tensor, contribution: Tensor): void {
  const previous = cotangents.get(tensor);
  cotangents.set(tensor, previous ? accumulate(previous, contribution) : contribution);
}

/** Applies the rules of a step for the inputs that the tape tracks. */
function applyRules(step: Step, g: Tensor, tape: Tape): readonly (Tensor | null)[] {
  const { op, inputs, output } = step;
  output.assertUnchanged();
  for (const input of inputs) input.assertUnchanged();
  const { vjp } = op;
  const all = typeof vjp === "function" ? vjp(g, step, inputs.map(tape.tracks, tape)) : undefined;
  const contributions: (Tensor | null)[] = inputs.map(() => null);
  for (let k = 0; k < inputs.length; k++) {
    if (!tape.tracks(inputs[k]!)) continue;
    const contribution = all ? all[k] : (vjp as readonly (Rule | null)[])[k]?.(g, step);
    if (!contribution) continue;
    if (!isAlike(contribution, inputs[k]!)) throw wrongShapeError(step, k, contribution);
    contributions[k] = contribution;
  }
  return contributions;
}

/** The error for a rule that is wrong. */
const wrongShapeError = ({ op, inputs }: Step, k: number, contribution: Tensor): ShapeError =>
  new ShapeError(
    `${op.name}: the VJP rule of input ${k} must give its cotangent as ${kindText(inputs[k]!)}, got ` +
      `${kindText(contribution)}; does it sum over the axes that were broadcast?`,
    { cause: { contribution, input: inputs[k] } },
  );
