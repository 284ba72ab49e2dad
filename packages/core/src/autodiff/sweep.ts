import { ArgumentError, hintFor, isList, ShapeError, show } from "../checks/errors.ts";
import { isAlike, kindText, type Tensor } from "../values/tensor.ts";
import { accumulate } from "./fanout.ts";
import type { Rule, Step, Tape } from "./tape.ts";

// Reverse mode (backpropagation) by the chain rule: the cotangent of a tensor is the sum of the contributions of all
// steps that use the tensor. The VJP rule of each step computes its contribution from the cotangent of the step's
// output. The backward pass, here called the sweep, goes from the last step of the tape to the first. It reaches a step
// after all steps that use the step's output, so the cotangent of this output is then complete.

/** The cotangent of a recorded step's output, and the step's contributions to the cotangents of its inputs. */
export interface Pull {
  readonly step: Step;
  readonly cotangent: Tensor;
  /** The contribution to the cotangent of each input; `null` if no cotangent flows back to the input. */
  readonly contributions: readonly (Tensor | null)[];
}

/**
 * Reads a tape backwards. For each step that a cotangent reaches, yields the cotangents of the step's output and
 * inputs. Before the sweep, the map `cotangents` has the cotangents of the function's outputs; after the sweep, the map
 * has the cotangents of the watched tensors. VJP rules call ops, so tapes that are still open record the sweep.
 */
export function* sweep(tape: Tape, cotangents: Map<Tensor, Tensor>): Generator<Pull> {
  for (let i = tape.steps.length - 1; i >= 0; i--) {
    const step = tape.steps[i]!;
    const cotangent = cotangents.get(step.output);
    if (cotangent === undefined) continue; // no cotangent reached this step
    const contributions = applyRules(step, cotangent, tape);
    for (let k = 0; k < contributions.length; k++)
      if (contributions[k]) accumulateCotangent(cotangents, step.inputs[k]!, contributions[k]!);
    cotangents.delete(step.output);
    yield { step, cotangent, contributions };
  }
}

/** Adds a contribution to the cotangent of `tensor`. A tensor that two steps use receives two contributions. */
export function accumulateCotangent(cotangents: Map<Tensor, Tensor>, tensor: Tensor, contribution: Tensor): void {
  const previous = cotangents.get(tensor);
  cotangents.set(tensor, previous ? accumulate(previous, contribution) : contribution);
}

/** Applies the VJP rules of a step, for the inputs that the tape tracks. */
export function applyRules(step: Step, g: Tensor, tape: Pick<Tape, "tracks">): readonly (Tensor | null)[] {
  const { op, inputs } = step;
  assertUnchanged(step);
  const { vjp } = op;
  const isJoint = typeof vjp === "function";
  const all = isJoint ? vjp(g, step, inputs.map(tape.tracks, tape)) : undefined;
  if (isJoint && !isList(all)) throw noTensorError(op.name, "", "a list of tensors", all);
  const contributions: (Tensor | null)[] = inputs.map(() => null);
  for (let k = 0; k < inputs.length; k++) {
    if (!tape.tracks(inputs[k]!)) continue;
    const rule = all ? undefined : (vjp as readonly (Rule | null)[])[k];
    const contribution = all ? all[k] : rule ? rule(g, step) : null;
    if (contribution === null) continue;
    if (contribution?.shape === undefined) throw noTensorError(op.name, ` of input ${k}`, "a tensor", contribution);
    if (!isAlike(contribution, inputs[k]!)) throw wrongShapeError(step, k, contribution);
    contributions[k] = contribution;
  }
  return contributions;
}

/** The error for a VJP rule that does not return a tensor, for example because a `return` is missing. */
const noTensorError = (name: string, input: string, expected: string, got: unknown): ArgumentError =>
  new ArgumentError(`${name}: the VJP rule${input} must return ${expected}, got ${show(got)}${hintFor(got)}`);

/** @throws MutationError if the numbers in an input or output of a step were modified */
export function assertUnchanged({ inputs, output }: Step): void {
  output.assertUnchanged();
  for (const input of inputs) input.assertUnchanged();
}

/** The error for a VJP rule whose result does not have the dtype and shape of its input. */
export const wrongShapeError = ({ op, inputs }: Step, k: number, contribution: Tensor): ShapeError =>
  new ShapeError(
    `${op.name}: the VJP rule of input ${k} must return ${kindText(inputs[k]!)}, got ` +
      `${kindText(contribution)}; does it sum over the broadcast axes?`,
    { cause: { contribution, input: inputs[k] } },
  );
