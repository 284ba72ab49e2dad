import type { PlannedInstruction } from "./lives.ts";

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
