import type { Instruction } from "../instructions/instruction.ts";
import type { Group } from "../loops/groups.ts";
import type { Life } from "../memory/arena.ts";
import type { Buffer, Layout } from "../memory/layout.ts";

export type PlannedInstruction = Instruction | Group;

/**
 * Returns as `lives` the first and the last instruction that uses each buffer. Returns as `stored` the results of fused
 * loops that must be stored in memory, because other instructions read them.
 */
export function livesOf(
  { inputs, outputs, constants }: Layout,
  instructions: readonly PlannedInstruction[],
): { lives: Map<Buffer, Life>; stored: Set<Buffer> } {
  const lives = new Map<Buffer, Life>();
  const last = instructions.length;
  const use = (buffer: Buffer, i: number) => {
    const life = lives.get(buffer);
    if (life === undefined) lives.set(buffer, { from: i, to: i });
    else life.to = Math.max(life.to, i);
  };
  const written = new Map<Buffer, number>();
  for (const [i, instruction] of instructions.entries()) {
    if (instruction.kind === "group") {
      const own = new Set(instruction.steps.map(({ output }) => output.buffer));
      for (const { inputs: operands, output } of instruction.steps) {
        for (const x of operands) if (x.uniform === undefined && !own.has(x.buffer)) use(x.buffer, i);
        written.set(output.buffer, i);
      }
      for (const { computed } of instruction.sums) use(computed.output.buffer, i);
    } else if (instruction.kind === "call") {
      for (const argument of instruction.args)
        if (typeof argument === "object" && "value" in argument) use(argument.value.buffer, i);
    } else {
      for (const x of instruction.computed.inputs) use(x.buffer, i);
      if (instruction.kind === "op") use(instruction.computed.output.buffer, i);
    }
  }
  for (const { buffer } of outputs) use(buffer, last);
  const stored = new Set<Buffer>();
  for (const [buffer, i] of written) {
    const life = lives.get(buffer);
    if (life === undefined) continue;
    life.from = Math.min(life.from, i);
    stored.add(buffer);
  }
  // Inputs are written before the first instruction. Constants are written once for all runs, so nothing may overwrite
  // them.
  for (const { buffer } of inputs) if (lives.has(buffer)) lives.get(buffer)!.from = 0;
  for (const { buffer } of constants) if (lives.has(buffer)) lives.set(buffer, { from: 0, to: last });
  return { lives, stored };
}
