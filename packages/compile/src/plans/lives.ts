import type { Instruction } from "../instructions/instruction.ts";
import type { Group } from "../loops/groups.ts";
import type { Life } from "../memory/arena.ts";
import type { Buffer, ComputedStep, Layout, Value } from "../memory/layout.ts";

/** Begins a loop: sets the counter to the index of the first iteration. */
interface LoopStart {
  readonly kind: "start";
  readonly counter: Value;
  readonly first: number;
}
/** Ends an iteration: adds `step` to the counter, and begins the next iteration unless the counter is now `end`. */
interface LoopEnd {
  readonly kind: "end";
  readonly counter: Value;
  readonly step: 1 | -1;
  readonly end: number;
  /** The buffers for new values of a scan's carries that reuse the memory of old values. */
  readonly nexts: readonly Buffer[];
}

/** An instruction other than a scan: a fused loop, or an instruction that computes one step or part of one step. */
type Simple = (Instruction & { readonly computed: ComputedStep }) | Group;
export type FlatInstruction = Simple | LoopStart | LoopEnd;
export type PlannedInstruction = Simple | Scan;

/** A loop over the instructions of the body of a scan. */
export interface Scan {
  readonly kind: "scan";
  readonly computed: ComputedStep;
  readonly length: number;
  /** The instructions for the steps of the scan's body, without the loops that copy tensors between iterations. */
  readonly body: readonly PlannedInstruction[];
  /** All instructions of the scan: the body, the start and end of the loop, and the loops that copy tensors. */
  readonly all: readonly Anything[];
  /** The constants of the body. */
  readonly constants: readonly Value[];
  /**
   * Pairs of buffers that share memory: the new value of a scan's carry, and the old value that the new value
   * overwrites.
   */
  readonly reused: readonly (readonly [next: Buffer, carry: Buffer])[];
}
/** An instruction, or the start or end of a loop. */
export type Anything = PlannedInstruction | LoopStart | LoopEnd;

/** Replaces each scan by its instructions. */
export const flatten = (instructions: readonly Anything[]): readonly FlatInstruction[] =>
  instructions.flatMap((each) => (each.kind === "scan" ? flatten(each.all) : [each]));

/** Returns all scans among the instructions, including scans in the bodies of other scans. */
export const scansAmong = (instructions: readonly PlannedInstruction[]): Scan[] =>
  instructions.flatMap((each) => (each.kind === "scan" ? [...scansAmong(each.body), each] : []));

/**
 * Returns two results. `lives` maps each buffer to the first and the last instruction that uses the buffer. `stored`
 * are the results of fused loops that must be stored in memory, because other instructions read these results.
 */
export function livesOf(
  { inputs, outputs, constants }: Pick<Layout, "inputs" | "outputs" | "constants">,
  instructions: readonly FlatInstruction[],
): { lives: Map<Buffer, Life>; stored: Set<Buffer> } {
  const lives = new Map<Buffer, Life>();
  const last = instructions.length;
  const use = (buffer: Buffer, i: number) => {
    const life = lives.get(buffer);
    if (life === undefined) lives.set(buffer, { from: i, to: i });
    else life.to = Math.max(life.to, i);
  };
  const written = new Map<Buffer, number>();
  const starts: number[] = [];
  const loops: Life[] = [];
  for (const [i, instruction] of instructions.entries()) {
    if (instruction.kind === "group") {
      const own = new Set(instruction.steps.map(({ output }) => output.buffer));
      for (const { inputs: operands, output } of instruction.steps) {
        for (const x of operands) if (x.uniform === undefined && !own.has(x.buffer)) use(x.buffer, i);
        for (const { advance } of [...operands, output]) if (advance !== undefined) use(advance.counter.buffer, i);
        if (!written.has(output.buffer)) written.set(output.buffer, i);
      }
      for (const { computed } of instruction.sums) use(computed.output.buffer, i);
    } else if (instruction.kind === "call") {
      for (const argument of instruction.args)
        if (typeof argument === "object" && "value" in argument) use(argument.value.buffer, i);
    } else if (instruction.kind === "start" || instruction.kind === "end") {
      use(instruction.counter.buffer, i);
      if (instruction.kind === "start") starts.push(i);
      else {
        for (const buffer of instruction.nexts) use(buffer, i);
        loops.push({ from: starts.pop()!, to: i });
      }
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
  // If instructions inside and outside of a loop use a buffer, the buffer keeps its memory for all iterations.
  for (const { from, to } of loops)
    for (const life of lives.values()) {
      const isShared = life.from <= to && life.to >= from && (life.from < from || life.to > to);
      if (!isShared) continue;
      life.from = Math.min(life.from, from);
      life.to = Math.max(life.to, to);
    }
  // Inputs are written before the first instruction. Constants are written once for all runs, so nothing may overwrite
  // them.
  for (const { buffer } of inputs) if (lives.has(buffer)) lives.get(buffer)!.from = 0;
  for (const { buffer } of constants) if (lives.has(buffer)) lives.set(buffer, { from: 0, to: last });
  return { lives, stored };
}
