import { isAlike, type Tensor } from "../values/tensor.ts";
import { accumulateCotangent, applyRules, assertUnchanged, wrongShapeError } from "./sweep.ts";
import type { Differentiable, Step, Tape } from "./tape.ts";

// The VJP of a slice of a tensor is a cotangent of the tensor's full size, which is mostly zeros. Adding the cotangents
// of n slices would take n times as long as adding one. So an op such as slice has a rule for several uses of a tensor,
// `vjpOfUses`: one step that adds the cotangents of all n slices to a single array.

interface Use {
  readonly step: Step;
  readonly cotangent: Tensor;
}
type UsesByOp = Map<Differentiable, Use[]>;

/**
 * Computes the cotangents of the watched tensors, as `sweep` does, and adds them to the map `cotangents`. If several
 * steps of one op use the same tensor, the op's `vjpOfUses` computes their contributions together.
 */
export function pullBack(tape: Tape, cotangents: Map<Tensor, Tensor>): void {
  const waiting = new Map<Tensor, UsesByOp>();
  for (let i = tape.steps.length - 1; i >= 0; i--) {
    const step = tape.steps[i]!;
    if (waiting.size > 0) addWaiting(waiting, step.output, tape, cotangents);
    const cotangent = cotangents.get(step.output);
    if (cotangent === undefined) continue; // no cotangent reached this step
    if (step.op.vjpOfUses) wait(waiting, { step, cotangent });
    else {
      const contributions = applyRules(step, cotangent, tape);
      for (let k = 0; k < contributions.length; k++)
        if (contributions[k]) accumulateCotangent(cotangents, step.inputs[k]!, contributions[k]!);
    }
    cotangents.delete(step.output);
  }
  for (const tensor of [...waiting.keys()]) addWaiting(waiting, tensor, tape, cotangents);
}

function wait(waiting: Map<Tensor, UsesByOp>, use: Use): void {
  const { op, inputs } = use.step;
  const byOp: UsesByOp = waiting.get(inputs[0]!) ?? new Map();
  const uses = byOp.get(op) ?? [];
  uses.push(use);
  waiting.set(inputs[0]!, byOp.set(op, uses));
}

/** Applies the `vjpOfUses` rules of all steps that use `tensor`. Adds the results to the cotangent of `tensor`. */
function addWaiting(waiting: Map<Tensor, UsesByOp>, tensor: Tensor, tape: Tape, cotangents: Map<Tensor, Tensor>): void {
  const byOp = waiting.get(tensor);
  if (byOp === undefined) return;
  waiting.delete(tensor);
  for (const uses of byOp.values()) {
    const [{ step, cotangent }] = uses as [Use];
    const contribution = uses.length === 1 ? applyRules(step, cotangent, tape)[0] : sumOfUses(uses, tape);
    if (contribution) accumulateCotangent(cotangents, tensor, contribution);
  }
}

/** Returns the sum of the contributions of several steps of one op to the cotangent of their shared input. */
function sumOfUses(uses: readonly Use[], tape: Tape): Tensor | null {
  const steps = uses.map(({ step }) => step);
  const [step] = steps as [Step];
  if (!tape.tracks(step.inputs[0]!)) return null;
  for (const each of steps) assertUnchanged(each);
  const contribution = step.op.vjpOfUses!(
    uses.map(({ cotangent }) => cotangent),
    steps,
  );
  if (!isAlike(contribution, step.inputs[0]!)) throw wrongShapeError(step, 0, contribution);
  return contribution;
}
