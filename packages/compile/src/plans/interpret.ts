import type { Argument } from "../instructions/instruction.ts";
import type { NamedInstruction } from "./module.ts";
import type { Tensors } from "./place.ts";

/** The kernels, by their names. */
export type KernelFunctions = Readonly<Record<string, (...args: number[]) => void>>;

/**
 * Returns a function that runs the instructions of a plan one after the other from JavaScript. `loops` are the fused
 * loops.
 */
export function runnerInJavaScript(
  instructions: readonly NamedInstruction[],
  kernels: KernelFunctions,
  loops: Readonly<Record<string, () => void>>,
  arrayOf: Tensors["arrayOf"],
  numberOf: (argument: Argument) => number,
): () => void {
  const starts: number[] = [];
  /**
   * Returns a function that runs an instruction. At the end of an iteration that is not the last one, the function
   * returns the index of the loop's start.
   */
  const callOf = ({ instruction, name, inJavaScript }: NamedInstruction, i: number): (() => unknown) => {
    if (inJavaScript !== undefined) return inJavaScript;
    if (instruction.kind === "call") {
      const [kernel, args] = [kernels[instruction.kernel]!, instruction.args.map(numberOf)];
      return () => kernel(...args);
    }
    if (instruction.kind !== "start" && instruction.kind !== "end") return loops[name]!;
    const { data } = arrayOf(instruction.counter);
    if (instruction.kind === "start") {
      starts.push(i);
      return () => {
        data[0] = instruction.first;
      };
    }
    const start = starts.pop()!;
    return () => {
      data[0]! += instruction.step;
      return data[0] === instruction.end ? undefined : start;
    };
  };
  const calls = instructions.map(callOf);
  return () => {
    for (let i = 0; i < calls.length; i++) {
      const start = calls[i]!();
      if (typeof start === "number") i = start;
    }
  };
}
