import { ArgumentError, OutOfRangeError, type Program, type Step } from "@wengert/core";
import { bodyOf, checkListing, isList, show } from "@wengert/core/extend";
import { ruleOf } from "../rules/table.ts";

/** The largest file size: lengths in the format of Protocol Buffers are signed 32-bit numbers. */
const maxBytes = 2 ** 31 - 1;

const bytesPerElement = { float64: 8, float32: 4, int32: 4, bool: 1 } as const;

/**
 * Checks that a program can be exported.
 * @throws ArgumentError unless given a program whose ops all have rules, OutOfRangeError if its constants exceed 2 GB
 */
export function checkProgram(program: Program): void {
  checkListing("toOnnx", program);
  if (!isList(program.args) || !isList(program.constants))
    throw new ArgumentError("toOnnx: expected a program, got a recording; pass the result of trace");
  const missing = missingOps(program);
  if (missing !== undefined)
    throw new ArgumentError(
      `toOnnx: no ONNX form of ${missing}; compute ${missing.includes(",") ? "these ops" : "this op"} outside the traced function, or use others`,
    );
  const size = program.constants.reduce((sum, { size, dtype }) => sum + size * bytesPerElement[dtype], 0);
  if (size <= maxBytes) return;
  throw new OutOfRangeError(
    `toOnnx: the constants of the program take ${size} bytes, and an ONNX file can have ${maxBytes}; pass large tensors as arguments of the traced function`,
  );
}

/**
 * Lists the ops of a program that have no ONNX form, with the number of steps for each op. Returns `undefined` if all
 * ops have an ONNX form.
 */
export function missingOps(program: Program): string | undefined {
  const missing = new Map<string, number>();
  const visit = (steps: readonly Step[]): void => {
    for (const step of steps) {
      if (ruleOf(step.op) === undefined) missing.set(step.op.name, (missing.get(step.op.name) ?? 0) + 1);
      const nested = bodyOf(step);
      if (nested) visit(nested.body.steps);
    }
  };
  visit(program.steps);
  if (missing.size === 0) return;
  return [...missing].map(([name, count]) => `${name} (${count} ${count === 1 ? "step" : "steps"})`).join(", ");
}

/** Checks the option `opset`. @throws OutOfRangeError unless it is a whole number from 13 to 22 */
export function checkOpset(caller: string, opset: unknown): number {
  if (Number.isInteger(opset) && (opset as number) >= 13 && (opset as number) <= 22) return opset as number;
  throw new OutOfRangeError(`${caller}: opset must be a whole number from 13 to 22, got ${show(opset)}`);
}

/** Checks the option `key`. @throws ArgumentError unless it is a text with at least one character */
export function checkName(key: string, name: unknown): string {
  if (typeof name === "string" && name !== "") return name;
  throw new ArgumentError(`toOnnx: ${key} must be a text of at least one character, got ${show(name)}`);
}

/** Checks that the option `otherSize` is a program with the same steps as `program`. @throws ArgumentError */
export function checkOther(program: Program, other: unknown): void {
  const isProgram = typeof other === "object" && other !== null && "steps" in other && "constants" in other;
  if (!isProgram)
    throw new ArgumentError(`toOnnx: otherSize must be a program, got ${show(other)}; pass the result of trace`);
  checkProgram(other as Program);
  const [steps, others] = [program.steps, (other as Program).steps];
  const count = Math.max(steps.length, others.length);
  for (let i = 0; i < count; i++) {
    if (steps[i]?.op === others[i]?.op) continue;
    const title = (step: Step | undefined) => step?.op.name ?? "missing";
    throw new ArgumentError(
      `toOnnx: the program and otherSize have ${steps.length} and ${others.length} steps: step #${i + 1} is ${title(steps[i])} in the first, and ${title(others[i])} in the second; trace the same function, whose steps must not depend on the size`,
    );
  }
}
