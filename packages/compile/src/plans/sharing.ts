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
 * Decides which buffers reuse the memory of another buffer, beginning with the outputs in `pairs`. Returns a map from
 * each buffer without its own memory to the buffer whose memory it reuses. Extends the lifetime of a reused buffer in
 * `lives`.
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
    if (isFree || (life.to === written.from && readsInOrder(instructions[life.to]!, from, to))) join(to, from);
  }
  const ownerOf = (buffer: Buffer): Buffer => owners.get(buffer) ?? buffer;
  for (const [i, instruction] of instructions.entries()) {
    if (instruction.kind !== "group") continue;
    // For each buffer that no later instruction reads: whether the current loop reads all its elements in order.
    const read = new Map<Buffer, boolean>();
    for (const { inputs: operands } of instruction.steps)
      for (const x of operands) {
        const owner = ownerOf(x.buffer);
        const life = owner.kind === "computed" ? lives.get(owner) : undefined;
        if (life !== undefined && life.from < i && life.to === i)
          read.set(owner, read.get(owner) !== false && isWhole(x));
      }
    const free = [...read].flatMap(([owner, isInOrder]) => (isInOrder ? [owner] : []));
    for (const { buffer } of instruction.steps.map(({ output }) => output)) {
      if (free.length === 0) break;
      if (lives.get(buffer)?.from !== i) continue;
      const k = free.findIndex(({ dtype, size }) => dtype === buffer.dtype && size === buffer.size);
      if (k >= 0) join(buffer, ...(free.splice(k, 1) as [Buffer]));
    }
  }
  return owners;
}

/** Returns whether an instruction reads `buffer` element by element, in the order in which it writes `result`. */
export function readsInOrder(instruction: FlatInstruction, buffer: Buffer, result: Buffer): boolean {
  return (
    instruction.kind === "group" &&
    instruction.steps.some(({ output }) => output.buffer === result) &&
    instruction.steps.every(({ inputs }) => inputs.every((x) => x.buffer !== buffer || isWhole(x)))
  );
}
