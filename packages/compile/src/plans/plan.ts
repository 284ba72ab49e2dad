import type { Program } from "@wengert/core";
import { type KernelExports, newKernels, newSharedKernels } from "@wengert/ops/extend";
import { passes } from "../passes/passes.ts";
import { newControl } from "../threads/platform.ts";
import { chooseInstructions } from "./choose.ts";
import { describeBuffers, describeInstructions } from "./describe.ts";
import { type Exchange, type ExchangeOptions, exchangeWith, isShared } from "./exchange.ts";
import { type Engine, link } from "./link.ts";
import { growFor, placeTensors, tensorsIn } from "./place.ts";
import type { NamedProgram, PlanReport } from "./report.ts";

// A plan: the instructions of a program, with all tensors at fixed addresses in the memory of the kernels.

export interface PlanOptions extends ExchangeOptions {
  readonly engine: Engine;
  /** The largest number of threads. */
  readonly threads: number;
}

export interface Plan {
  /** Runs the compiled program `times` times. The inputs have the shapes and dtypes of the program's inputs. */
  readonly run: Exchange["run"];
  readonly report: () => PlanReport;
  /**
   * Ends the threads that the compiled program uses, and copies the results of the last run out of WebAssembly memory.
   */
  readonly close: () => void;
}

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
export function makePlan(traced: Program, options: PlanOptions): Plan | string {
  const { engine, pairs, repeats } = options;
  const own = kernelsFor(options.threads);
  if (typeof own === "string") return own;
  const { exports: kernels, module: kernelModule, threads } = own;
  const programs = programsOf(traced);
  const chosen = chooseInstructions(programs.at(-1)!.program, kernels, repeats);
  const placement = placeTensors(chosen, { pairs, repeats }, kernels, threads);
  const lack = growFor(placement, kernels.memory);
  if (lack !== undefined) return lack;
  const tensors = tensorsIn(kernels.memory, placement);
  for (const { buffer } of chosen.constants) tensors.viewOf(buffer)?.set(buffer.elements!);
  const machine = { ...placement, ...tensors, threads, kernelModule };
  const linked = link(kernels, chosen.instructions, engine, machine);
  const { run, keep } = exchangeWith(chosen, placement, tensors, options, threads, linked.run);
  return {
    run,
    close: () => {
      keep();
      linked.close();
    },
    report: () => {
      const { layout, scratchBytes } = chosen;
      const shared = pairs.filter(isShared(chosen, placement));
      const overwritten = new Set(shared.map(({ input }) => layout.inputs[input]!.buffer));
      const described = { ...chosen, ...placement, overwritten };
      return {
        programs,
        passes: [
          ...programs.map(({ name, program: { steps } }) => [name, steps.length] as const),
          ["views", layout.steps.length],
        ],
        instructions: describeInstructions(described),
        buffers: describeBuffers(described),
        bytes: placement.end - placement.start,
        scratchBytes,
        engine,
        threads: linked.divided > 0 ? threads : 1,
      };
    },
  };
}

/** Kernels with their own memory. If several threads run a plan, each instantiates `module` with the same memory. */
interface OwnKernels {
  readonly exports: KernelExports;
  readonly module: object | undefined;
  readonly threads: number;
}

/** Returns kernels for at most `threads` threads, or the reason as a text if no kernels can run. */
function kernelsFor(threads: number): OwnKernels | string {
  const shared = threads > 1 && newControl() !== undefined ? newSharedKernels() : undefined;
  if (shared !== undefined) return typeof shared === "string" ? shared : { ...shared, threads };
  const exports = newKernels();
  return typeof exports === "string" ? exports : { exports, module: undefined, threads: 1 };
}
