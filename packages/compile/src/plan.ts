import { type Program, Tensor } from "@wengert/core";
import { type Data, isRowMajor, type NdArray, ndarray, ravel, sizeOf, type Unchecked } from "@wengert/core/extend";
import { type KernelExports, newKernels } from "@wengert/ops/extend";
import { type Buffer, classOf, isWhole, type Layout, layOut, type Value, widthOf } from "./layout.ts";
import { placeBuffers, type Life } from "./machine/arena.ts";
import { Code, f64, i32, ModuleBuilder, type ValueType } from "./machine/assembler.ts";
import { emitGroup } from "./machine/emitGroup.ts";
import { type Group, groupSteps } from "./machine/groups.ts";
import { type Argument, type Instruction, instructionsFor } from "./machine/instructions.ts";
import { passes } from "./passes/passes.ts";
import type { PlanReport } from "./report.ts";

// A plan: the instructions of a program, with all tensors at fixed addresses in the memory of the kernels.

export type Engine = "wasm" | "js";

export interface Plan {
  /** Runs the plan. The inputs have the shapes and dtypes of the program's inputs. Returns new tensors. */
  run(inputs: readonly Tensor[]): Tensor[];
  readonly report: PlanReport;
}

type PlannedInstruction = Instruction | Group;

/** Plans a program. Throws a text, the reason why no kernels run here. */
export function makePlan(program: Program, engine: Engine): Plan | string {
  const kernels = newKernels();
  if (typeof kernels === "string") return kernels;
  const counts: [string, number][] = [["traced", program.steps.length]];
  let current = program;
  for (const [name, pass] of Object.entries(passes)) {
    current = pass(current);
    counts.push([name, current.steps.length]);
  }
  const layout = layOut(current);
  counts.push(["views", layout.steps.length]);
  let scratchBytes = 0;
  const reserve = (bytes: number) => {
    scratchBytes = Math.max(scratchBytes, bytes);
  };
  const instructions = groupSteps(layout.steps).flatMap((item): readonly PlannedInstruction[] =>
    item.kind === "group" ? [item] : instructionsFor(item.steps[0], reserve).map((each) => withArity(kernels, each)),
  );
  const { lives, stored } = livesOf(layout, instructions);
  const scratch = (kernels.free() + 63) & ~63;
  const arenaStart = (scratch + scratchBytes + 63) & ~63;
  const { addresses, end } = placeBuffers(lives, arenaStart);
  const memory = kernels.memory as unknown as { buffer: ArrayBuffer; grow(pages: number): number };
  const missing = end + 1024 - memory.buffer.byteLength;
  try {
    if (missing > 0) memory.grow(Math.ceil(missing / 65_536));
  } catch {
    return `there is not enough memory for the plan, ${end} bytes`;
  }
  const viewOf = (buffer: Buffer): Data =>
    new (classOf(buffer.dtype))(memory.buffer, addresses.get(buffer)!, buffer.size) as Data;
  for (const { buffer } of layout.constants) if (addresses.has(buffer)) viewOf(buffer).set(buffer.elements!);
  const addressOf = (value: Value, shift = 0) =>
    addresses.get(value.buffer)! + (value.offset + shift) * widthOf(value.dtype);
  const arrayOf = ({ buffer, shape, stride, offset }: Value): NdArray => ndarray(viewOf(buffer), shape, stride, offset);
  const run = link(kernels, instructions, engine, { stored, addressOf, arrayOf, scratch });
  const inputViews = layout.inputs.map(({ buffer }) => (addresses.has(buffer) ? viewOf(buffer) : undefined));
  const outputs = layout.outputs.map((value) => ({ value, array: arrayOf(value) }));
  return {
    run: (inputs) => {
      for (const [k, view] of inputViews.entries()) if (view !== undefined) write(view, inputs[k]!.array!);
      run();
      return outputs.map(({ value, array }) => copyOut(value, array));
    },
    report: {
      passes: counts,
      instructions: instructions.map(instructionText),
      bytes: end - arenaStart,
      scratchBytes,
      engine,
    },
  };
}

/** Drops the arguments that a kernel does not have. */
function withArity(kernels: KernelExports, instruction: Instruction): Instruction {
  if (instruction.kind !== "call") return instruction;
  const kernel = (kernels as unknown as Readonly<Record<string, (...args: number[]) => void>>)[instruction.kernel]!;
  return { ...instruction, args: instruction.args.slice(0, kernel.length) };
}

function write(view: Data, array: NdArray): void {
  const { data, offset, shape } = array;
  if (!isRowMajor(array)) view.set(ravel(array));
  else if (view.length <= 16) for (let l = 0; l < view.length; l++) view[l] = data[offset + l]!;
  else view.set(offset === 0 && data.length === view.length ? data : data.subarray(offset, offset + sizeOf(shape)));
}

/** Returns a new tensor with the numbers of a value. */
function copyOut(value: Value, array: NdArray): Tensor {
  const data = isWhole(value) ? array.data.slice() : (ravel(array).slice() as Data);
  return new Tensor(value.shape, value.dtype, ndarray(data, value.shape));
}

/** Returns when each buffer is used, and the results of groups that other instructions read. */
function livesOf(
  { inputs, outputs, constants }: Layout,
  instructions: readonly PlannedInstruction[],
): { lives: Map<Buffer, Life>; stored: Set<Buffer> } {
  const lives = new Map<Buffer, Life>();
  const last = instructions.length;
  const use = (buffer: Buffer, i: number) => {
    const life = lives.get(buffer);
    if (life === undefined) lives.set(buffer, { from: i, to: i });
    else life.to = Math.max(life.to, i);
  };
  const written = new Map<Buffer, number>();
  for (const [i, instruction] of instructions.entries()) {
    if (instruction.kind === "group") {
      const own = new Set(instruction.steps.map(({ output }) => output.buffer));
      for (const { inputs: operands, output } of instruction.steps) {
        for (const x of operands) if (x.uniform === undefined && !own.has(x.buffer)) use(x.buffer, i);
        written.set(output.buffer, i);
      }
    } else if (instruction.kind === "call") {
      for (const argument of instruction.args)
        if (typeof argument === "object" && "value" in argument) use(argument.value.buffer, i);
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
  // Inputs are written before the first instruction, and constants stay for all runs.
  for (const { buffer } of inputs) if (lives.has(buffer)) lives.get(buffer)!.from = 0;
  for (const { buffer } of constants) if (lives.has(buffer)) lives.set(buffer, { from: 0, to: last });
  return { lives, stored };
}

interface Machine {
  readonly stored: ReadonlySet<Buffer>;
  readonly addressOf: (value: Value, shift?: number) => number;
  readonly arrayOf: (value: Value) => NdArray;
  readonly scratch: number;
}

/** Generates a WebAssembly module with the groups, and returns the function that runs all instructions. */
function link(
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
  for (const [i, instruction] of instructions.entries()) {
    if (instruction.kind !== "group") continue;
    const { code, locals } = emitGroup(instruction, stored, addressOf);
    indices.set(instruction, builder.define(`group${i}`, locals, code));
  }
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
  const { exports } = instantiate(builder.binary(), { env: { memory: kernels.memory }, kernels, js: jsFunctions });
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

const typeOf = (argument: Argument): ValueType =>
  typeof argument === "object" && "float64" in argument ? f64 : i32;

/** Returns the function that runs an op on views of the memory. */
function opCall({ computed }: Extract<Instruction, { kind: "op" }>, arrayOf: Machine["arrayOf"]): () => void {
  const { step, inputs, output } = computed;
  const [out, arrays] = [arrayOf(output), inputs.map(arrayOf)];
  const { kernel, view } = step.op;
  return () => {
    if (kernel === undefined) {
      const copy = view!(arrays, step.params)!;
      out.data.set(ravel(copy));
      return;
    }
    out.data.fill(0);
    kernel(out, arrays as Unchecked, step.params, step.inputs);
  };
}

/** Returns a function that throws the op's error for a label that is not a class. */
function labelCheck(
  { computed, labels, classes }: Extract<Instruction, { kind: "labels" }>,
  arrayOf: Machine["arrayOf"],
): () => void {
  const values = arrayOf(labels);
  const fail = () => {
    const { step, inputs, output } = computed;
    const out = ndarray(new (classOf(output.dtype))(output.buffer.size) as Data, output.shape);
    step.op.kernel!(out, inputs.map(arrayOf) as Unchecked, step.params, step.inputs);
  };
  return () => {
    for (const label of ravel(values)) if (!(label >= 0 && label < classes)) return fail();
  };
}

function instantiate(
  binary: Uint8Array,
  imports: Readonly<Record<string, object>>,
): { readonly exports: Readonly<Record<string, () => void>> } {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi };
  return new WebAssembly.Instance(new WebAssembly.Module(binary), imports);
}

/** The subset of WebAssembly's declarations that plans use. */
interface WebAssemblyApi {
  Module: new (binary: Uint8Array) => object;
  Instance: new (
    module: object,
    imports: Readonly<Record<string, object>>,
  ) => { readonly exports: Readonly<Record<string, () => void>> };
}

/** Returns an instruction as a line of the report. */
function instructionText(instruction: PlannedInstruction): string {
  if (instruction.kind === "group") {
    const names = instruction.steps.map(({ step }) => step.op.name).join(", ");
    return `loop over [${instruction.shape.join(", ")}] ${instruction.dtype}: ${names}`;
  }
  if (instruction.kind === "call") return `kernel ${instruction.kernel}`;
  const { name } = instruction.computed.step.op;
  return instruction.kind === "op" ? `op ${name}` : `check labels of ${name}`;
}
