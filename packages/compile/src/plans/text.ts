import { namesOf } from "@wengert/core/extend";
import type { PlannedInstruction } from "./lives.ts";
import { checkReport, type PlanReport } from "./report.ts";

/** Describes an instruction of a compiled program as a line of text, such as "kernel gemm32". */
export function instructionText(instruction: PlannedInstruction): string {
  if (instruction.kind === "group") {
    const computed = [...instruction.steps, ...instruction.sums.map((each) => each.computed)];
    const names = computed.map(({ step }) => step.op.name).join(", ");
    return `loop over [${instruction.shape.join(", ")}] ${instruction.dtype}: ${names}`;
  }
  if (instruction.kind === "scan")
    return `scan, ${instruction.length} times: ${instruction.body.map(instructionText).join("; ")}`;
  if (instruction.kind === "call") return `kernel ${instruction.kernel}`;
  const { name } = instruction.computed.step.op;
  return instruction.kind === "op" ? `op ${name}` : `check labels of ${name}`;
}

/**
 * Returns a plan as two tables. The first table has the instructions: their kernels, the steps that they compute, their
 * floating-point operations, and the bytes that they read and write. The second table has the buffers: their addresses
 * and sizes in bytes, the first and last instruction that needs them, the tensors that they hold, and the buffers whose
 * memory they take over. The numbers of the steps are those of `explain` for the last program of the report.
 * @throws ArgumentError unless `report` is the report of a plan of kernels
 */
export function explainPlan(report: PlanReport): string {
  checkReport(report);
  const { programs, instructions, buffers } = report;
  const { program } = programs.at(-1)!;
  const nameOf = namesOf(program);
  const stepText = (i: number): string => nameOf(program.steps[i]!.output);
  const instructionRows = instructions.map((each, i) => [
    `${i + 1}`,
    each.text,
    each.steps.map(stepText).join(", "),
    ...[each.flops, each.bytesRead, each.bytesWritten].map(grouped),
  ]);
  const bufferRows = buffers.map(({ address, bytes, first, last, inputs, constants, steps, reuses }, i) => [
    `b${i + 1}`,
    grouped(address),
    grouped(bytes),
    first === last ? `${first + 1}` : `${first + 1}–${last + 1}`,
    [
      ...inputs.map((k) => nameOf(program.inputs[k]!)),
      ...constants.map((k) => nameOf(program.constants[k]!)),
      ...steps.map(stepText),
    ].join(", "),
    reuses.map((k) => `b${k + 1}`).join(", "),
  ]);
  const first = tableOf(["", "instruction", "steps", "flops", "read", "written"], instructionRows, [1, 2]);
  const second = tableOf(["", "address", "bytes", "needed in", "holds", "takes over"], bufferRows, [4, 5]);
  return `${first}\n\n${second}`;
}

const grouped = (n: number): string => n.toLocaleString("en-US");

/** Returns rows of cells as lines of text. Aligns the columns `left` to the left, and the other columns to the right. */
function tableOf(head: readonly string[], rows: readonly (readonly string[])[], left: readonly number[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => all.reduce((width, row) => Math.max(width, row[column]!.length), 0));
  const pad = (cell: string, i: number) => (left.includes(i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!));
  return all.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}
