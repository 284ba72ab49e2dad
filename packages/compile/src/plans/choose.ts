import type { Program, Tensor } from "@wengert/core";
import type { KernelExports } from "@wengert/ops/extend";
import type { Instruction } from "../instructions/instruction.ts";
import { instructionsFor } from "../instructions/rules.ts";
import { pieceLoops } from "../loops/copies.ts";
import { type Group, groupSteps, scratchBytesOf } from "../loops/groups.ts";
import { type ComputedStep, type Layout, layOut, type Value } from "../memory/layout.ts";
import { type FlatInstruction, flatten, type PlannedInstruction, type Scan, scansAmong } from "./lives.ts";
import { scanOf } from "./scans.ts";

/** The instructions that compute a program. */
export interface Chosen {
  readonly program: Program;
  readonly layout: Layout;
  /** Maps each input that may be returned without a copy to its index, and each constant to itself. */
  readonly given: ReadonlyMap<Tensor, number | Tensor>;
  /** The outputs that the instructions compute. */
  readonly outputs: readonly Value[];
  /** The instructions in the order in which they run. A scan is one instruction. */
  readonly planned: readonly PlannedInstruction[];
  /** The instructions in `planned`, with each scan replaced by the instructions that it consists of. */
  readonly instructions: readonly FlatInstruction[];
  readonly scans: readonly Scan[];
  /** The constants of the program and of the bodies of its scans. */
  readonly constants: readonly Value[];
  /** The number of bytes of scratch memory that each thread needs. */
  readonly scratchBytes: number;
}

/**
 * Chooses the instructions for an optimized program: fused loops, kernel calls, scans, and calls of ops. If `repeats` is
 * set, the instructions compute all outputs, even those that are inputs or constants.
 */
export function chooseInstructions(program: Program, kernels: KernelExports, repeats: boolean): Chosen {
  const layout = layOut(program);
  const { inputs, constants } = program;
  const given = new Map<Tensor, number | Tensor>();
  if (!repeats) {
    for (const x of constants) given.set(x, x);
    for (const [k, x] of inputs.entries()) given.set(x, k);
  }
  let scratchBytes = 0;
  const reserve = (bytes: number) => {
    scratchBytes = Math.max(scratchBytes, bytes);
  };
  const planOf = (steps: readonly ComputedStep[]): PlannedInstruction[] =>
    groupSteps(steps).flatMap((item): readonly PlannedInstruction[] => {
      if (item.kind === "group") {
        reserve(scratchBytesOf(item));
        return [item];
      }
      const [computed] = item.steps;
      const loops = pieceLoops(computed) ?? scanOf(computed, planOf);
      const withComputed = (each: Instruction | Group) =>
        each.kind === "group" ? each : { ...withArity(kernels, each), computed };
      return loops ?? instructionsFor(computed, reserve).map(withComputed);
    });
  const planned = planOf(layout.steps);
  const scans = scansAmong(planned);
  return {
    program,
    layout,
    given,
    outputs: layout.outputs.filter((_, i) => !given.has(program.outputs[i]!)),
    planned,
    instructions: flatten(planned),
    scans,
    constants: [...layout.constants, ...scans.flatMap((scan) => scan.constants)],
    scratchBytes,
  };
}

/** Removes the last arguments of a kernel call if the kernel has fewer parameters. */
function withArity(kernels: KernelExports, instruction: Instruction): Instruction {
  if (instruction.kind !== "call") return instruction;
  const kernel = (kernels as unknown as Readonly<Record<string, (...args: number[]) => void>>)[instruction.kernel]!;
  return { ...instruction, args: instruction.args.slice(0, kernel.length) };
}
