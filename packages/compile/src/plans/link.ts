import type { KernelExports } from "@wengert/ops/extend";
import { instantiate } from "../assembling/instantiate.ts";
import type { Argument } from "../instructions/instruction.ts";
import { labelCheck, opCall } from "../instructions/opCalls.ts";
import { partsOfCall, partsOfGroup } from "../threads/parts.ts";
import { newControl } from "../threads/platform.ts";
import { type Part, ThreadPool } from "../threads/pool.ts";
import { type KernelFunctions, runnerInJavaScript } from "./interpret.ts";
import type { FlatInstruction } from "./lives.ts";
import { moduleOf, type NamedInstruction } from "./module.ts";
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
 * Connects the instructions of a program with the kernels: generates a WebAssembly module with the fused loops, and
 * starts the threads. Returns a function that runs all instructions.
 */
export function link(
  kernels: KernelExports,
  instructions: readonly FlatInstruction[],
  engine: Engine,
  machine: Machine,
): Linked {
  const { addressOf, arrayOf, scratchOf, threads, kernelModule } = machine;
  const { memory } = kernels;
  const functions = kernels as unknown as KernelFunctions;
  const scratch = scratchOf(0);
  const numberOf = (argument: Argument): number => {
    if (typeof argument === "number") return argument;
    if (argument === "scratch") return scratch;
    return "float64" in argument ? argument.float64 : addressOf(argument.value, argument.shift);
  };
  const tasks: Part[][] = [];
  const pool: { current?: ThreadPool } = {};
  const named = instructions.map((instruction, i): NamedInstruction => {
    const name = `${instruction.kind}${i}`;
    const divided = threads > 1 ? divide(instruction, name, threads, numberOf) : undefined;
    if (divided !== undefined) {
      const task = tasks.push(divided.parts) - 1;
      return { instruction, name, inJavaScript: () => pool.current!.run(task), parts: divided.groups };
    }
    if (instruction.kind === "op") return { instruction, name, inJavaScript: opCall(instruction, arrayOf) };
    if (instruction.kind === "labels") return { instruction, name, inJavaScript: labelCheck(instruction, arrayOf) };
    return { instruction, name };
  });
  const js: Record<string, () => void> = {};
  for (const { name, inJavaScript } of named) if (inJavaScript !== undefined) js[name] = inJavaScript;
  const binary = moduleOf(named, engine === "wasm", machine, numberOf);
  const { module, exports } = instantiate(binary, { env: { memory }, kernels, js });
  const run = engine === "wasm" ? exports.run! : runnerInJavaScript(named, functions, exports, arrayOf, numberOf);
  const control = tasks.length > 0 ? newControl() : undefined;
  if (control === undefined) return { run, divided: 0, close() {} };
  const inMainThread = (part: Part): (() => void) => {
    if ("loop" in part) return exports[part.loop]!;
    const [kernel, args] = [functions[part.kernel]!, part.args.map((x) => x ?? scratch)];
    return () => kernel(...args);
  };
  const started = new ThreadPool(
    threads,
    tasks.map((parts) => parts.map(inMainThread)),
    { control, memory, kernels: kernelModule!, loops: module, tasks },
    scratchOf,
  );
  pool.current = started;
  return { run: () => started.measure(run), divided: tasks.length, close: () => started.close() };
}

/**
 * Divides a kernel call or a fused loop among threads. Returns `undefined` if a single thread runs the whole
 * instruction.
 */
function divide(
  instruction: FlatInstruction,
  name: string,
  threads: number,
  numberOf: (argument: Argument) => number,
): { parts: Part[]; groups: NonNullable<NamedInstruction["parts"]> } | undefined {
  if (instruction.kind === "group") {
    const groups = partsOfGroup(instruction, threads)?.map((group, p) => ({ name: `${name}part${p}`, group }));
    return groups && { parts: groups.map((part) => ({ loop: part.name })), groups };
  }
  if (instruction.kind !== "call") return undefined;
  const { kernel, args } = instruction;
  const lists = partsOfCall(instruction, args.map(numberOf), threads);
  const parts = lists?.map((list) => ({ kernel, args: list.map((x, k) => (args[k] === "scratch" ? null : x)) }));
  return parts && { parts, groups: [] };
}
