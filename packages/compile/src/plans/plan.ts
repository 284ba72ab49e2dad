import type { Program, Tensor } from "@wengert/core";
import { type Data, type NdArray, ndarray, valuesOf } from "@wengert/core/extend";
import { type KernelExports, newKernels } from "@wengert/ops/extend";
import type { Instruction } from "../instructions/instruction.ts";
import { instructionsFor } from "../instructions/rules.ts";
import { groupSteps } from "../loops/groups.ts";
import { placeBuffers } from "../memory/arena.ts";
import { copierOf, write } from "../memory/copies.ts";
import { type Buffer, classOf, layOut, type Value, widthOf } from "../memory/layout.ts";
import { passes } from "../passes/passes.ts";
import { type Engine, link } from "./link.ts";
import { livesOf, type PlannedInstruction } from "./lives.ts";
import type { NamedProgram, PlanReport } from "./report.ts";
import { instructionText } from "./text.ts";

// A plan: the instructions of a program, with all tensors at fixed addresses in the memory of the kernels.

export interface Plan {
  /** Runs the plan. The inputs have the shapes and dtypes of the program's inputs. */
  readonly run: (inputs: readonly Tensor[]) => Tensor[];
  readonly report: PlanReport;
}

/** The largest address, because WebAssembly's addresses are signed integers in JavaScript. */
const maxBytes = 2 ** 31 - 2 ** 16;
/** Unused bytes behind the last buffer, so that kernels may read whole vectors. */
const slackBytes = 1024;

/** Returns the program as it was traced, and after each pass. */
export function programsOf(traced: Program): NamedProgram[] {
  const programs: NamedProgram[] = [{ name: "traced", program: traced }];
  for (const [name, pass] of Object.entries(passes)) programs.push({ name, program: pass(programs.at(-1)!.program) });
  return programs;
}

/** Returns the plan of a program, or the reason why no plan can run. */
export function makePlan(program: Program, engine: Engine): Plan | string {
  const kernels = newKernels();
  if (typeof kernels === "string") return kernels;
  const programs = programsOf(program);
  const last = programs.at(-1)!.program;
  const layout = layOut(last);
  let scratchBytes = 0;
  const reserve = (bytes: number) => {
    scratchBytes = Math.max(scratchBytes, bytes);
  };
  const instructions = groupSteps(layout.steps).flatMap((item): readonly PlannedInstruction[] =>
    item.kind === "group" ? [item] : instructionsFor(item.steps[0], reserve).map((each) => withArity(kernels, each)),
  );
  // Outputs that are inputs or constants of the program are returned without a copy.
  const given = new Map<Tensor, number>(last.inputs.map((x, k) => [x, k]));
  const constants = new Set<Tensor>(last.constants);
  const isComputed = (x: Tensor) => !given.has(x) && !constants.has(x);
  const computedOutputs = layout.outputs.filter((_, i) => isComputed(last.outputs[i]!));
  const { lives, stored } = livesOf({ ...layout, outputs: computedOutputs }, instructions);
  const scratch = (kernels.free() + 63) & ~63;
  const arenaStart = (scratch + scratchBytes + 63) & ~63;
  const { addresses, end } = placeBuffers(lives, arenaStart);
  const memory = kernels.memory;
  if (end + slackBytes > maxBytes) return `the plan needs ${end} bytes, and the memory of the kernels has ${maxBytes}`;
  try {
    const missing = end + slackBytes - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 2 ** 16));
  } catch {
    return `there is not enough memory for the plan, which needs ${end} bytes`;
  }
  const viewOf = ({ dtype, size }: Buffer, address: number): Data => new (classOf(dtype))(memory.buffer, address, size);
  for (const { buffer } of layout.constants) {
    const address = addresses.get(buffer);
    if (address !== undefined) viewOf(buffer, address).set(buffer.elements!);
  }
  const addressOf = (value: Value, shift = 0) =>
    addresses.get(value.buffer)! + (value.offset + shift) * widthOf(value.dtype);
  const arrayOf = ({ buffer, shape, stride, offset }: Value): NdArray =>
    ndarray(viewOf(buffer, addresses.get(buffer)!), shape, stride, offset);
  const runInstructions = link(kernels, instructions, engine, { stored, addressOf, arrayOf, scratch });
  const views = layout.inputs.map(({ buffer }) => {
    const address = addresses.get(buffer);
    return address === undefined ? undefined : viewOf(buffer, address);
  });
  const outputs = last.outputs.map((x, i): ((inputs: readonly Tensor[]) => Tensor) => {
    const k = given.get(x);
    if (k !== undefined) return (inputs) => inputs[k]!;
    if (constants.has(x)) return () => x;
    const value = layout.outputs[i]!;
    return copierOf(value, arrayOf(value), x.label);
  });
  return {
    run: (inputs) => {
      for (let k = 0; k < views.length; k++) {
        const view = views[k];
        if (view !== undefined) write(view, valuesOf("compile", inputs[k]!));
      }
      runInstructions();
      return outputs.map((read) => read(inputs));
    },
    report: {
      programs,
      passes: [
        ...programs.map(({ name, program: { steps } }) => [name, steps.length] as const),
        ["views", layout.steps.length],
      ],
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
