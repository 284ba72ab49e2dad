import { Code, f64, i32, ModuleBuilder, type ValueType, v128 } from "../assembling/assembler.ts";
import type { Argument } from "../instructions/instruction.ts";
import { emitGroup } from "../loops/emitGroup.ts";
import type { Group } from "../loops/groups.ts";
import type { FlatInstruction } from "./lives.ts";
import type { Placement, Tensors } from "./place.ts";

/** An instruction, and the name of its function in the WebAssembly module of a plan. */
export interface NamedInstruction {
  readonly instruction: FlatInstruction;
  readonly name: string;
  /** The function that runs the instruction, if the instruction runs in JavaScript or on several threads. */
  readonly inJavaScript?: () => void;
  /** The parts of a fused loop that run on different threads. */
  readonly parts?: readonly { readonly name: string; readonly group: Group }[];
}

/**
 * Generates a WebAssembly module that exports the fused loops of a plan. If `hasRun` is set, the module also exports
 * `run`, a function that runs all instructions: calls of kernels, of JavaScript functions, and of fused loops.
 */
export function moduleOf(
  instructions: readonly NamedInstruction[],
  hasRun: boolean,
  { stored, addressOf, scratchOf, threads }: Placement & Tensors & { readonly threads: number },
  numberOf: (argument: Argument) => number,
): Uint8Array {
  const builder = new ModuleBuilder();
  // The imported functions come before all other functions.
  const imports = new Map<NamedInstruction, number>();
  if (hasRun)
    for (const each of instructions) {
      const { instruction, name, inJavaScript } = each;
      if (inJavaScript !== undefined) imports.set(each, builder.importFunction("js", name, []));
      else if (instruction.kind === "call")
        imports.set(each, builder.importFunction("kernels", instruction.kernel, instruction.args.map(typeOf)));
    }
  const indexOf = (name: string, params: 0 | 1 = 1) =>
    builder.importFunction("kernels", name, params === 0 ? [] : [v128], [v128]);
  const emit = (name: string, group: Group, scratch: number) => ({
    name,
    ...emitGroup(group, { stored, addressOf, indexOf, scratch }),
  });
  const loops = instructions.flatMap(({ instruction, name, inJavaScript, parts = [] }) => {
    // The parts of a divided loop may run at the same time, so each part has its own scratch memory.
    if (inJavaScript !== undefined) return parts.map((part, p) => emit(part.name, part.group, scratchOf(p)));
    return instruction.kind === "group" ? [emit(name, instruction, scratchOf(0))] : [];
  });
  const indices = new Map(loops.map(({ name, locals, code }) => [name, builder.define(name, locals, code)]));
  if (hasRun) {
    const code = new Code();
    for (const each of instructions) {
      const { instruction, name, inJavaScript } = each;
      if (instruction.kind === "start") {
        code.i32(0).i32(instruction.first).storeInteger(addressOf(instruction.counter)).loop();
      } else if (instruction.kind === "end") {
        const address = addressOf(instruction.counter);
        code.i32(0).i32(0).loadInteger(address).i32(instruction.step).scalar("add").storeInteger(address);
        code.i32(0).loadInteger(address).i32(instruction.end).scalar("differs").repeatIf().end();
      } else {
        if (instruction.kind === "call" && inJavaScript === undefined)
          for (const argument of instruction.args) {
            if (typeOf(argument) === f64) code.f64(numberOf(argument));
            else code.i32(numberOf(argument));
          }
        code.call(imports.get(each) ?? indices.get(name)!);
      }
    }
    builder.define("run", [], code);
  }
  return builder.binary(threads > 1);
}

const typeOf = (argument: Argument): ValueType => (typeof argument === "object" && "float64" in argument ? f64 : i32);
