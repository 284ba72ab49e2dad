import type { Program, Tensor } from "@wengert/core";

/** A step of a program. */
export type ProgramStep = Program["steps"][number];

/**
 * The replacement that a compiler pass chooses for a step: the same step, a new step, or a tensor that replaces the
 * output of the step.
 */
type Decision = ProgramStep | Tensor;

const isStep = (decision: Decision): decision is ProgramStep => "op" in decision;

/**
 * Replaces each step of a program by the step that `decide` returns. If `decide` returns a tensor, the tensor replaces
 * the output of the step. If the program changes, drops steps and constants that no output needs.
 */
export function rewrite(program: Program, decide: (step: ProgramStep) => Decision): Program {
  const replaced = new Map<Tensor, Tensor>();
  const current = (x: Tensor): Tensor => replaced.get(x) ?? x;
  const steps: ProgramStep[] = [];
  let isChanged = false;
  for (const original of program.steps) {
    const readsReplaced = replaced.size > 0 && original.inputs.some((x) => replaced.has(x));
    const step = readsReplaced ? { ...original, inputs: original.inputs.map(current) } : original;
    const decision = decide(step);
    if (isStep(decision)) steps.push(decision);
    else replaced.set(step.output, decision);
    isChanged ||= decision !== original;
  }
  if (!isChanged) return program;
  return withoutDeadSteps({ ...program, steps, outputs: program.outputs.map(current) });
}

/** Returns the program without the steps and constants that no output needs. */
export function withoutDeadSteps(program: Program): Program {
  const needed = new Set(program.outputs);
  const kept: ProgramStep[] = [];
  for (const step of program.steps.toReversed()) {
    if (!needed.has(step.output)) continue;
    kept.push(step);
    for (const input of step.inputs) needed.add(input);
  }
  const known = new Set([...program.inputs, ...kept.map(({ output }) => output)]);
  return { ...program, steps: kept.reverse(), constants: [...needed].filter((x) => !known.has(x)) };
}
