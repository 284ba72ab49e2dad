import { flopsOf } from "@wengert/core/extend";
import { type Buffer, type ComputedStep, type Value, widthOf } from "../memory/layout.ts";
import type { Chosen } from "./choose.ts";
import { flatten, livesOf, type PlannedInstruction } from "./lives.ts";
import type { Placement } from "./place.ts";
import type { BufferReport, InstructionReport } from "./report.ts";
import { instructionText } from "./text.ts";

/** The parts of a plan that its report describes. */
export interface Described extends Chosen, Placement {
  /** The inputs whose memory a result overwrites. */
  readonly overwritten: ReadonlySet<Buffer>;
}

/** Returns the instructions of a plan as plain data. */
export function describeInstructions({ program, planned, stored }: Described): InstructionReport[] {
  const indexOf = new Map(program.steps.map((step, i) => [step.output, i]));
  // If several kernel calls compute one step, the report divides the operations and bytes of the step among these
  // calls, in proportion to their times.
  const times = new Map<ComputedStep, number>();
  for (const instruction of planned) {
    if (instruction.kind !== "call") continue;
    const { computed } = instruction;
    times.set(computed, (times.get(computed) ?? 0) + timeOf(instruction));
  }
  // If several loops compute one step, such as concat, the report divides the step's operations equally among the loops.
  const loops = new Map<number, number>();
  const indicesOf = (steps: readonly ComputedStep[]) => [
    ...new Set(steps.map(({ step }) => indexOf.get(step.output)!)),
  ];
  for (const instruction of planned)
    if (instruction.kind === "group")
      for (const i of indicesOf(instruction.steps)) loops.set(i, (loops.get(i) ?? 0) + 1);
  return planned.map((instruction): InstructionReport => {
    const text = instructionText(instruction);
    const describe = (computed: readonly ComputedStep[], read: readonly Value[], written: readonly Value[]) => {
      const steps = indicesOf(computed);
      const flops = steps.reduce((sum, i) => sum + flopsOf(program.steps[i]!) / (loops.get(i) ?? 1), 0);
      return { steps, flops: Math.round(flops), bytesRead: totalBytes(read), bytesWritten: totalBytes(written) };
    };
    if (instruction.kind === "group") {
      const { steps, sums } = instruction;
      const own = new Set(steps.map(({ output }) => output.buffer));
      const read = steps.flatMap(({ inputs }) => inputs.filter((x) => x.uniform === undefined && !own.has(x.buffer)));
      const results = steps.map(({ output }) => output).filter(({ buffer }) => stored.has(buffer));
      const reductions = sums.map(({ computed }) => computed);
      const written = [...results, ...reductions.map(({ output }) => output)];
      return { text, kind: "loop", kernel: undefined, ...describe([...steps, ...reductions], read, written) };
    }
    if (instruction.kind === "labels") {
      const bytesRead = totalBytes([instruction.labels]);
      return { text, kind: "check", kernel: undefined, steps: [], flops: 0, bytesRead, bytesWritten: 0 };
    }
    const { computed } = instruction;
    const whole = describe([computed], computed.inputs, [computed.output]);
    if (instruction.kind === "scan") return { text, kind: "scan", kernel: undefined, ...whole };
    if (instruction.kind === "op") return { text, kind: "op", kernel: computed.step.op.name, ...whole };
    const share = timeOf(instruction) / times.get(computed)!;
    const part = (total: number) => Math.round(total * share);
    return {
      text,
      kind: "kernel",
      kernel: instruction.kernel,
      steps: whole.steps,
      flops: part(whole.flops),
      bytesRead: part(whole.bytesRead),
      bytesWritten: part(whole.bytesWritten),
    };
  });
}

const timeOf = ({ rows }: Extract<PlannedInstruction, { kind: "call" }>): number => rows?.time ?? 1;

/** Returns the number of bytes of all tensors together. Counts equal views, and repeated elements of a view, once. */
function totalBytes(values: readonly Value[]): number {
  const buffers = [...new Set(values.map(({ buffer }) => buffer))];
  const views = new Map(values.map((x) => [`${buffers.indexOf(x.buffer)} ${x.offset} ${x.shape} ${x.stride}`, x]));
  return [...views.values()].reduce((sum, { dtype, shape, stride }) => {
    const elements = shape.reduce((product, n, axis) => (stride[axis] === 0 && n > 0 ? product : product * n), 1);
    return sum + elements * widthOf(dtype);
  }, 0);
}

/** Returns the buffers of a plan as plain data, in the order of their first instructions. */
export function describeBuffers(described: Described): BufferReport[] {
  const { program, layout, outputs, planned, instructions, constants, addresses, start, overwritten } = described;
  const { lives } = livesOf({ inputs: layout.inputs, outputs, constants }, instructions);
  const end = Math.max(0, planned.length - 1);
  const indices = planned.flatMap((each, i) => flatten([each]).map(() => i));
  const indexOf = (flatIndex: number): number => indices[flatIndex] ?? end;
  const held = new Map<Buffer, { inputs: number[]; constants: number[]; steps: number[] }>();
  for (const buffer of addresses.keys()) held.set(buffer, { inputs: [], constants: [], steps: [] });
  for (const [i, { buffer }] of layout.inputs.entries()) held.get(buffer)?.inputs.push(i);
  for (const [i, { buffer }] of layout.constants.entries()) held.get(buffer)?.constants.push(i);
  for (const [i, { output }] of program.steps.entries()) held.get(layout.valueOf.get(output)!.buffer)?.steps.push(i);
  const buffers = [...held].map(([buffer, contents]) => {
    const { from, to } = lives.get(buffer)!;
    // The memory of an input is reserved until the end, so that the next call need not copy the same tensor again.
    const isReserved = buffer.kind === "input" && !overwritten.has(buffer);
    return {
      address: addresses.get(buffer)! - start,
      bytes: buffer.size * widthOf(buffer.dtype),
      first: indexOf(from),
      last: isReserved ? end : indexOf(to),
      ...contents,
      reuses: [] as number[],
    };
  });
  buffers.sort((a, b) => a.first - b.first || a.last - b.last || a.address - b.address);
  // Ranges of addresses, and the buffer that used each range last.
  let owners: { readonly from: number; readonly to: number; readonly index: number }[] = [];
  for (const [index, { address, bytes, reuses }] of buffers.entries()) {
    const own = { from: address, to: address + bytes, index };
    const isOverlapping = ({ from, to }: typeof own) => from < own.to && own.from < to;
    reuses.push(...new Set(owners.filter(isOverlapping).map((owner) => owner.index)));
    const rest = owners.flatMap((owner) =>
      isOverlapping(owner)
        ? [
            { ...owner, to: own.from },
            { ...owner, from: own.to },
          ].filter(({ from, to }) => from < to)
        : [owner],
    );
    owners = [...rest, own];
  }
  return buffers;
}
