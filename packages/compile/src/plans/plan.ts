import type { Program, Tensor } from "@wengert/core";
import { type Data, type NdArray, ndarray } from "@wengert/core/extend";
import { type KernelExports, newKernels, newSharedKernels } from "@wengert/ops/extend";
import type { Instruction } from "../instructions/instruction.ts";
import { instructionsFor } from "../instructions/rules.ts";
import { pieceLoops } from "../loops/copies.ts";
import { groupSteps, scratchBytesOf } from "../loops/groups.ts";
import { placeBuffers } from "../memory/arena.ts";
import { attach, Entrance, Exit, type Output } from "../memory/copies.ts";
import { type Buffer, type ComputedStep, classOf, layOut, type Value, widthOf } from "../memory/layout.ts";
import { moverOf } from "../memory/moves.ts";
import { passes } from "../passes/passes.ts";
import { newControl } from "../threads/platform.ts";
import { describeBuffers, describeInstructions } from "./describe.ts";
import { type Engine, link } from "./link.ts";
import { flatten, livesOf, type PlannedInstruction, scansAmong } from "./lives.ts";
import type { NamedProgram, PlanReport } from "./report.ts";
import { scanOf } from "./scans.ts";
import { type Pair, shareMemory } from "./sharing.ts";

// A plan: the instructions of a program, with all tensors at fixed addresses in the memory of the kernels.

export interface PlanOptions {
  readonly engine: Engine;
  /** The indices of the inputs that the caller donates. */
  readonly donated: readonly number[];
  /**
   * Pairs of an output and an input of the program. The next call probably receives the output as this input, for
   * example the new parameters as the old ones. In a loop by `repeat`, the next run always does.
   */
  readonly pairs: readonly Pair[];
  /** Whether `repeat` runs the program several times, with the outputs of one run as inputs of the next run. */
  readonly repeats: boolean;
  /** The largest number of threads. */
  readonly threads: number;
  /** The name of the compiled function, which error messages show. */
  readonly name: string;
}

export interface Plan {
  /** Runs the compiled program `times` times. The inputs have the shapes and dtypes of the program's inputs. */
  readonly run: (inputs: readonly Tensor[], times: number) => Tensor[];
  readonly report: () => PlanReport;
  /**
   * Ends the threads that the compiled program uses, and copies the results of the last run out of WebAssembly memory.
   */
  readonly close: () => void;
}

/**
 * The largest address in the WebAssembly memory of a compiled program. JavaScript reads WebAssembly addresses as signed
 * 32-bit integers.
 */
const maxBytes = 2 ** 31 - 2 ** 16;
/** Unused bytes behind the last buffer, so that kernels may read whole vectors. */
const slackBytes = 1024;

/** Returns the traced program, and the program after each compiler pass. */
export function programsOf(traced: Program): NamedProgram[] {
  const programs: NamedProgram[] = [{ name: "traced", program: traced }];
  for (const [name, pass] of Object.entries(passes)) programs.push({ name, program: pass(programs.at(-1)!.program) });
  return programs;
}

/**
 * Compiles a traced program. Returns the reason as a text if the compiled program could not run, for example for lack
 * of memory.
 */
export function makePlan(
  program: Program,
  { engine, donated, pairs, repeats, threads, name }: PlanOptions,
): Plan | string {
  const sharedKernels = threads > 1 && newControl() !== undefined ? newSharedKernels() : undefined;
  if (typeof sharedKernels === "string") return sharedKernels;
  const kernels = sharedKernels?.exports ?? newKernels();
  if (typeof kernels === "string") return kernels;
  const programs = programsOf(program);
  const last = programs.at(-1)!.program;
  const layout = layOut(last);
  let scratchBytes = 0;
  const reserve = (bytes: number) => {
    scratchBytes = Math.max(scratchBytes, bytes);
  };
  const planOf = (steps: readonly ComputedStep[]): PlannedInstruction[] =>
    groupSteps(steps).flatMap((item): readonly PlannedInstruction[] => {
      if (item.kind === "single") {
        const [computed] = item.steps;
        const loops = pieceLoops(computed) ?? scanOf(computed, planOf);
        return loops ?? instructionsFor(computed, reserve).map((each) => ({ ...withArity(kernels, each), computed }));
      }
      reserve(scratchBytesOf(item));
      return [item];
    });
  const planned = planOf(layout.steps);
  const instructions = flatten(planned);
  const scans = scansAmong(planned);
  const allConstants = [...layout.constants, ...scans.flatMap(({ constants }) => constants)];
  // Outputs that are inputs or constants of the program are returned without a copy, except in a loop by `repeat`.
  const given = new Map<Tensor, number>(repeats ? [] : last.inputs.map((x, k) => [x, k]));
  const constants = new Set<Tensor>(repeats ? [] : last.constants);
  const isComputed = (x: Tensor) => !given.has(x) && !constants.has(x);
  const computedLayout = { ...layout, outputs: layout.outputs.filter((_, i) => isComputed(last.outputs[i]!)) };
  const { lives, stored } = livesOf({ ...computedLayout, constants: allConstants }, instructions);
  if (repeats)
    for (const { input } of pairs) {
      const { buffer } = layout.inputs[input]!;
      if (!lives.has(buffer)) lives.set(buffer, { from: 0, to: instructions.length }); // an output may be this input
    }
  const reused = scans.flatMap((scan) => scan.reused);
  for (const [next] of reused) lives.delete(next);
  // For each buffer, the index of the first instruction that writes to the buffer.
  const writtenAt = new Map([...lives].map(([buffer, { from }]) => [buffer, from]));
  const owners = shareMemory(layout, instructions, lives, pairs);
  // The memory of an input is reserved until the last instruction. So if the next call receives the same tensor, that
  // call need not copy the tensor again.
  for (const { buffer } of layout.inputs) if (lives.has(buffer)) lives.get(buffer)!.to = instructions.length;
  const scratchStart = (kernels.free() + 63) & ~63;
  const scratchStep = (scratchBytes + 63) & ~63;
  const scratchOf = (thread: number) => scratchStart + thread * scratchStep;
  const arenaStart = scratchOf(sharedKernels ? threads : 1);
  const { addresses, end } = placeBuffers(lives, arenaStart);
  for (const [buffer, owner] of [...owners, ...reused]) addresses.set(buffer, addresses.get(owner)!);
  const memory = kernels.memory;
  if (end + slackBytes > maxBytes) return `the plan needs ${end} bytes, and the memory of the kernels has ${maxBytes}`;
  try {
    const missing = end + slackBytes - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 2 ** 16));
  } catch {
    return `there is not enough memory for the plan, which needs ${end} bytes`;
  }
  const viewOf = ({ dtype, size }: Buffer, address: number): Data => new (classOf(dtype))(memory.buffer, address, size);
  for (const { buffer } of allConstants) {
    const address = addresses.get(buffer);
    if (address !== undefined) viewOf(buffer, address).set(buffer.elements!);
  }
  const addressOf = (value: Value, shift = 0) =>
    addresses.get(value.buffer)! + (value.offset + shift) * widthOf(value.dtype);
  const arrayOf = ({ buffer, shape, stride, offset }: Value): NdArray =>
    ndarray(viewOf(buffer, addresses.get(buffer)!), shape, stride, offset);
  const machine = {
    stored,
    addressOf,
    arrayOf,
    scratchOf,
    threads: sharedKernels ? threads : 1,
    kernelModule: sharedKernels?.module,
  };
  const { run: runInstructions, divided, close } = link(kernels, instructions, engine, machine);
  const inputViews = layout.inputs.map(({ buffer }) => {
    const address = addresses.get(buffer);
    return address === undefined ? undefined : viewOf(buffer, address);
  });
  const entrance = new Entrance(inputViews);
  const outputs = last.outputs.map((x, i): Output => {
    if (given.has(x)) return given.get(x)!;
    if (constants.has(x)) return x;
    return { value: layout.outputs[i]!, array: arrayOf(layout.outputs[i]!), label: x.label };
  });
  const isShared = ({ input, output }: Pair) =>
    owners.get(layout.outputs[output]!.buffer) === layout.inputs[input]!.buffer;
  const shared = pairs.filter(isShared);
  const separate = pairs.filter((pair) => !isShared(pair));
  // An output may stay in the plan's memory, without a copy, except in two cases. If threads share the memory, some
  // functions of the platform reject it. If an instruction that may throw runs after the output is written, a failed
  // call would have overwritten an argument.
  const canLend = !repeats && sharedKernels === undefined;
  const lastThrower = instructions.findLastIndex(({ kind }) => kind === "op" || kind === "labels");
  const loans = shared.filter(({ output }) => canLend && writtenAt.get(layout.outputs[output]!.buffer)! > lastThrower);
  const lentOutputs = new Set(loans.map(({ output }) => output));
  const exit = new Exit(
    outputs,
    donated,
    new Map(
      pairs
        .filter(({ input, output }) => donated.includes(input) && !lentOutputs.has(output))
        .map(({ input, output }) => [output, input]),
    ),
    loans,
    `it was donated to ${name}, which reused its memory; use the result of that call, or leave the argument out of donate`,
  );
  const move = moverOf(
    (repeats ? separate : []).map(({ input, output }) => ({
      from: arrayOf(layout.outputs[output]!),
      to: inputViews[input]!,
      readsInput: layout.outputs[output]!.buffer.kind === "input",
    })),
  );
  const overwritten = repeats ? pairs : shared;
  return {
    run: (inputs, times) => {
      exit.keep(inputs);
      entrance.write(inputs);
      for (const { input } of overwritten) entrance.set(input, undefined);
      const detached = exit.detach(inputs);
      let results: Tensor[];
      try {
        for (let i = 0; i < times; i++) {
          if (i > 0) move();
          runInstructions();
        }
        results = exit.read(inputs);
      } catch (error) {
        // After a stack overflow, the donated tensors remain without elements: the overflow may have interrupted an
        // instruction that was overwriting the elements.
        if (!isStackOverflow(error)) attach(detached);
        throw error;
      }
      for (const { input, output } of shared) entrance.set(input, results[output]);
      return results;
    },
    close: () => {
      exit.keep();
      close();
    },
    report: () => {
      const parts = {
        program: last,
        layout: computedLayout,
        planned,
        constants: allConstants,
        addresses,
        start: arenaStart,
        overwritten: new Set(shared.map(({ input }) => layout.inputs[input]!.buffer)),
      };
      return {
        programs,
        passes: [
          ...programs.map(({ name, program: { steps } }) => [name, steps.length] as const),
          ["views", layout.steps.length],
        ],
        instructions: describeInstructions(parts),
        buffers: describeBuffers(parts),
        bytes: end - arenaStart,
        scratchBytes,
        engine,
        threads: divided > 0 ? threads : 1,
      };
    },
  };
}

const isStackOverflow = (error: unknown): boolean =>
  error instanceof Error && /call stack|recursion/.test(error.message);

/** Removes the last arguments of a kernel call if the kernel has fewer parameters. */
function withArity(kernels: KernelExports, instruction: Instruction): Instruction {
  if (instruction.kind !== "call") return instruction;
  const kernel = (kernels as unknown as Readonly<Record<string, (...args: number[]) => void>>)[instruction.kernel]!;
  return { ...instruction, args: instruction.args.slice(0, kernel.length) };
}
