import type { Program, Tensor } from "@wengert/core";
import { apply } from "@wengert/core/extend";
import { rewrite } from "./rewrite.ts";

/** Constant folding: if all inputs of a step are constants, replaces the step by a constant with the step's value. */
export function foldConstants(program: Program): Program {
  const constants = new Set<Tensor>(program.constants);
  return rewrite(program, (step) => {
    if (step.inputs.length === 0 || !step.inputs.every((x) => constants.has(x))) return step;
    const value = apply(step.op, step.inputs, step.params, step.output.label);
    constants.add(value);
    return value;
  });
}
