import type { KernelExports } from "@wengert/ops/extend";
import { Code, f64, i32, ModuleBuilder, type ValueType, v128 } from "../assembling/assembler.ts";
import { instantiate } from "../assembling/instantiate.ts";
import type { Argument } from "../instructions/instruction.ts";
import { labelCheck, opCall } from "../instructions/opCalls.ts";
import { emitGroup } from "../loops/emitGroup.ts";
import type { Group } from "../loops/groups.ts";
import { partsOfCall, partsOfGroup } from "../threads/parts.ts";
import { newControl } from "../threads/platform.ts";
import { type Part, ThreadPool } from "../threads/pool.ts";
import type { FlatInstruction } from "./lives.ts";
import type { Placement, Tensors } from "./place.ts";

export type Engine = "wasm" | "js";

export interface Machine extends Placement, Tensors {
  /** The number of threads. If there are several, each thread instantiates the WebAssembly module `kernelModule`. */
  readonly threads: number;
  readonly kernelModule: object | undefined;
}

export interface Linked {
  /** Runs all instructions. */
  readonly run: () => void;
  /** The number of kernel calls and fused loops that are divided among threads. */
  readonly divided: number;
  /** Ends the threads. */
  readonly close: () => void;
}

/**
 * Generates a WebAssembly module with the fused loops of a compiled program. Returns a function that runs all
 * instructions of the program.
 */
export function link(
  kernels: KernelExports,
  instructions: readonly FlatInstruction[],
  engine: Engine,
  { stored, addressOf, arrayOf, scratchOf, threads, kernelModule }: Machine,
): Linked {
  const builder = new ModuleBuilder();
  const scratch = scratchOf(0);
  const jsFunctions: Record<string, () => void> = {};
  const functions = kernels as unknown as Readonly<Record<string, (...args: number[]) => void>>;
  const tasks: Part[][] = [];
  const pool: { current?: ThreadPool } = {};
  const numberOf = (argument: Argument): number => {
    if (typeof argument === "number") return argument;
    if (argument === "scratch") return scratch;
    return "float64" in argument ? argument.float64 : addressOf(argument.value, argument.shift);
  };
  /**
   * Divides a kernel call or a fused loop among threads. Returns `undefined` if a single thread runs the whole
   * instruction.
   */
  const partsOf = (instruction: FlatInstruction, name: string): { parts: Part[]; groups: Group[] } | undefined => {
    if (threads === 1) return undefined;
    if (instruction.kind === "group") {
      const groups = partsOfGroup(instruction, threads);
      return groups && { parts: groups.map((_, p) => ({ loop: `${name}part${p}` })), groups };
    }
    if (instruction.kind !== "call") return undefined;
    const { kernel, args } = instruction;
    const lists = partsOfCall(instruction, args.map(numberOf), threads);
    const parts = lists?.map((list) => ({ kernel, args: list.map((x, k) => (args[k] === "scratch" ? null : x)) }));
    return parts && { parts, groups: [] };
  };

  // In a WebAssembly module, the imported functions come before all other functions. Each instruction becomes a call of
  // a kernel, of a JavaScript function, or of a fused loop.
  const steps = instructions.map((instruction, i) => {
    const name = `${instruction.kind}${i}`;
    const divided = partsOf(instruction, name);
    if (divided !== undefined) {
      const task = tasks.push(divided.parts) - 1;
      jsFunctions[name] = () => pool.current!.run(task);
    } else if (instruction.kind === "op") jsFunctions[name] = opCall(instruction, arrayOf);
    else if (instruction.kind === "labels") jsFunctions[name] = labelCheck(instruction, arrayOf);
    const isKernel = instruction.kind === "call" && divided === undefined;
    const imported =
      engine === "js"
        ? undefined
        : isKernel
          ? builder.importFunction("kernels", instruction.kernel, instruction.args.map(typeOf))
          : jsFunctions[name] && builder.importFunction("js", name, []);
    return { instruction, name, imported, isKernel, groups: divided?.groups ?? [] };
  });
  const indexOf = (name: string, params: 0 | 1 = 1) =>
    builder.importFunction("kernels", name, params === 0 ? [] : [v128], [v128]);
  const context = { stored, addressOf, indexOf, scratch };
  const loops = steps.flatMap(({ instruction, name, groups }) => {
    if (instruction.kind !== "group") return [];
    // The parts of a divided loop may run at the same time, so each part has its own scratch memory.
    if (groups.length > 0)
      return groups.map((group, p) => ({
        name: `${name}part${p}`,
        ...emitGroup(group, { ...context, scratch: scratchOf(p) }),
      }));
    return [{ name, ...emitGroup(instruction, context) }];
  });
  const indices = new Map(loops.map(({ name, locals, code }) => [name, builder.define(name, locals, code)]));
  if (engine === "wasm") {
    const code = new Code();
    for (const { instruction, name, imported, isKernel } of steps) {
      if (instruction.kind === "start" || instruction.kind === "end") {
        const address = addressOf(instruction.counter);
        if (instruction.kind === "start") code.i32(0).i32(instruction.first).storeInteger(address).loop();
        else {
          code.i32(0).i32(0).loadInteger(address).i32(instruction.step).scalar("add").storeInteger(address);
          code.i32(0).loadInteger(address).i32(instruction.end).scalar("differs").repeatIf().end();
        }
        continue;
      }
      if (isKernel && instruction.kind === "call")
        for (const argument of instruction.args) {
          if (typeOf(argument) === f64) code.f64(numberOf(argument));
          else code.i32(numberOf(argument));
        }
      code.call(imported ?? indices.get(name)!);
    }
    builder.define("run", [], code);
  }
  const { memory } = kernels;
  const { module, exports } = instantiate(builder.binary(kernelModule !== undefined), {
    env: { memory },
    kernels,
    js: jsFunctions,
  });
  /**
   * Returns a function that runs an instruction. At the end of an iteration that is not the last one, the function
   * returns the index of the loop's start.
   */
  const loopStarts: number[] = [];
  const callOf = ({ instruction, name, isKernel }: (typeof steps)[number], i: number): (() => unknown) => {
    if (instruction.kind === "start" || instruction.kind === "end") {
      const { data } = arrayOf(instruction.counter);
      if (instruction.kind === "start") {
        loopStarts.push(i);
        return () => {
          data[0] = instruction.first;
        };
      }
      const start = loopStarts.pop()!;
      return () => {
        data[0]! += instruction.step;
        return data[0] === instruction.end ? undefined : start;
      };
    }
    if (!isKernel || instruction.kind !== "call") return jsFunctions[name] ?? exports[name]!;
    const [kernel, args] = [functions[instruction.kernel]!, instruction.args.map(numberOf)];
    return () => kernel(...args);
  };
  const calls = engine === "js" ? steps.map(callOf) : [exports.run!];
  const run = () => {
    for (let i = 0; i < calls.length; i++) {
      const start = calls[i]!();
      if (typeof start === "number") i = start;
    }
  };
  const control = tasks.length > 0 ? newControl() : undefined;
  if (tasks.length === 0 || control === undefined)
    return { run: engine === "js" ? run : exports.run!, divided: 0, close() {} };
  const own = (part: Part): (() => void) => {
    if ("loop" in part) return exports[part.loop]!;
    const [kernel, args] = [functions[part.kernel]!, part.args.map((x) => x ?? scratch)];
    return () => kernel(...args);
  };
  const shared = { control, memory, kernels: kernelModule!, loops: module, tasks };
  const started = new ThreadPool(
    threads,
    tasks.map((parts) => parts.map(own)),
    shared,
    scratchOf,
  );
  pool.current = started;
  return { run: () => started.measure(run), divided: tasks.length, close: () => started.close() };
}

const typeOf = (argument: Argument): ValueType => (typeof argument === "object" && "float64" in argument ? f64 : i32);
