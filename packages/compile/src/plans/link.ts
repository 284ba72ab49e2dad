import type { NdArray } from "@wengert/core/extend";
import type { KernelExports } from "@wengert/ops/extend";
import { Code, f64, i32, ModuleBuilder, type ValueType, v128 } from "../assembling/assembler.ts";
import { instantiate } from "../assembling/instantiate.ts";
import type { Argument } from "../instructions/instruction.ts";
import { labelCheck, opCall } from "../instructions/opCalls.ts";
import { emitGroup } from "../loops/emitGroup.ts";
import type { Buffer, Value } from "../memory/layout.ts";
import type { PlannedInstruction } from "./lives.ts";

export type Engine = "wasm" | "js";

export interface Machine {
  readonly stored: ReadonlySet<Buffer>;
  readonly addressOf: (value: Value, shift?: number) => number;
  readonly arrayOf: (value: Value) => NdArray;
  readonly scratch: number;
}

/** Generates a WebAssembly module with the groups, and returns the function that runs all instructions. */
export function link(
  kernels: KernelExports,
  instructions: readonly PlannedInstruction[],
  engine: Engine,
  { stored, addressOf, arrayOf, scratch }: Machine,
): () => void {
  const builder = new ModuleBuilder();
  const jsFunctions: Record<string, () => void> = {};
  const indices = new Map<PlannedInstruction, number>();
  for (const [i, instruction] of instructions.entries()) {
    if (instruction.kind === "group") continue;
    if (instruction.kind === "call") {
      if (engine === "wasm")
        indices.set(instruction, builder.importFunction("kernels", instruction.kernel, instruction.args.map(typeOf)));
      continue;
    }
    jsFunctions[`js${i}`] = instruction.kind === "op" ? opCall(instruction, arrayOf) : labelCheck(instruction, arrayOf);
    if (engine === "wasm") indices.set(instruction, builder.importFunction("js", `js${i}`, []));
  }
  const indexOf = (name: string) => builder.importFunction("kernels", name, [v128], [v128]);
  const loops = instructions.flatMap((instruction, i) =>
    instruction.kind === "group"
      ? [{ instruction, name: `group${i}`, ...emitGroup(instruction, { stored, addressOf, indexOf, scratch }) }]
      : [],
  );
  for (const { instruction, name, locals, code } of loops) indices.set(instruction, builder.define(name, locals, code));
  const numberOf = (argument: Argument): number => {
    if (typeof argument === "number") return argument;
    if (argument === "scratch") return scratch;
    return "float64" in argument ? argument.float64 : addressOf(argument.value, argument.shift);
  };
  if (engine === "wasm") {
    const code = new Code();
    for (const instruction of instructions) {
      if (instruction.kind === "call")
        for (const argument of instruction.args) {
          if (typeOf(argument) === f64) code.f64(numberOf(argument));
          else code.i32(numberOf(argument));
        }
      code.call(indices.get(instruction)!);
    }
    builder.define("run", [], code);
  }
  const exports = instantiate(builder.binary(), { env: { memory: kernels.memory }, kernels, js: jsFunctions });
  if (engine === "wasm") return exports.run!;
  const functions = kernels as unknown as Readonly<Record<string, (...args: number[]) => void>>;
  const calls = instructions.map((instruction, i): (() => void) => {
    if (instruction.kind === "group") return exports[`group${i}`]!;
    if (instruction.kind !== "call") return jsFunctions[`js${i}`]!;
    const [kernel, args] = [functions[instruction.kernel]!, instruction.args.map(numberOf)];
    return () => kernel(...args);
  });
  return () => {
    for (const call of calls) call();
  };
}

const typeOf = (argument: Argument): ValueType => (typeof argument === "object" && "float64" in argument ? f64 : i32);
