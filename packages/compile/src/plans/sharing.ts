import { isSameShape } from "@wengert/core/extend";
import type { Life } from "../memory/arena.ts";
import { type Buffer, isWhole, type Layout } from "../memory/layout.ts";
import type { FlatInstruction } from "./lives.ts";

// A result may reuse the memory of a tensor that is no longer needed. A fused loop reads each element before it writes
// the element at the same position, so its result may even reuse the memory of an operand. The loop must then read the
// elements of the operand once, in the order of the result.

/** The indices of an output of a compiled program, and of the input whose memory the output reuses. */
export interface Pair {
  readonly input: number;
  readonly output: number;
}

/**
 * Decides which results of a program reuse the memory of other buffers, beginning with the outputs of `pairs`. Returns
 * a map from each of these results to the buffer that it reuses. Updates in `lives` the time for which each reused
 * buffer is in use.
 */
export function shareMemory(
  { inputs, outputs }: Layout,
  instructions: readonly FlatInstruction[],
  lives: Map<Buffer, Life>,
  pairs: readonly Pair[],
): Map<Buffer, Buffer> {
  const owners = new Map<Buffer, Buffer>();
  const join = (buffer: Buffer, owner: Buffer) => {
    const [life, joined] = [lives.get(buffer)!, lives.get(owner)!];
    joined.from = Math.min(joined.from, life.from);
    joined.to = Math.max(joined.to, life.to);
    lives.delete(buffer);
    owners.set(buffer, owner);
  };
  for (const { input, output } of pairs) {
    const [from, to] = [inputs[input]!.buffer, outputs[output]!.buffer];
    const [life, written] = [lives.get(from), lives.get(to)];
    if (to.kind !== "computed" || owners.has(to) || !isWhole(outputs[output]!)) continue;
    if (life === undefined || written === undefined) continue;
    const isFree = life.to < written.from;
    if (isFree || (life.to === written.from && readsInOrder(instructions[life.to]!, to, (x) => x === from)))
      join(to, from);
  }
  const ownerOf = (buffer: Buffer): Buffer => owners.get(buffer) ?? buffer;
  for (const [i, instruction] of instructions.entries()) {
    if (instruction.kind !== "group") continue;
    const taken = new Set<Buffer>();
    for (const { output } of instruction.steps) {
      const { buffer } = output;
      if (!lives.has(buffer) || lives.get(buffer)!.from !== i) continue;
      for (const { inputs: operands } of instruction.steps) {
        const operand = operands.find((x) => {
          const owner = ownerOf(x.buffer);
          const isFit =
            owner.kind === "computed" && owner.dtype === buffer.dtype && owner.size === buffer.size && owner !== buffer;
          const life = isFit && !taken.has(owner) ? lives.get(owner) : undefined;
          if (life === undefined || life.from >= i || life.to !== i) return false;
          return readsInOrder(instruction, buffer, (other) => ownerOf(other) === owner);
        });
        if (operand === undefined) continue;
        taken.add(ownerOf(operand.buffer));
        join(buffer, ownerOf(operand.buffer));
        break;
      }
    }
  }
  return owners;
}

/** Returns whether an instruction reads buffers element by element, in the order in which it writes `result`. */
export function readsInOrder(
  instruction: FlatInstruction,
  result: Buffer,
  isRead: (buffer: Buffer) => boolean,
): boolean {
  if (instruction.kind !== "group") return false;
  const own = instruction.steps.find(({ output }) => output.buffer === result)?.output;
  return (
    own !== undefined &&
    isSameShape(own.shape, instruction.shape) &&
    instruction.steps.every(({ inputs }) => inputs.every((x) => !isRead(x.buffer) || isWhole(x)))
  );
}
