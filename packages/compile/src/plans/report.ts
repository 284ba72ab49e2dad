import type { Program } from "@wengert/core";

/** A program, and the name of the pass that made it. */
export interface NamedProgram {
  readonly name: string;
  readonly program: Program;
}

/** The programs of a plan. */
export interface ProgramReport {
  /** The program as it was traced, and after each pass. `explain` prints a program. */
  readonly programs: readonly NamedProgram[];
  /**
   * The number of steps after the trace and after each pass. In a plan of kernels, the last entry is the number of
   * steps without those that only make views of their input.
   */
  readonly passes: readonly (readonly [name: string, steps: number])[];
  /** The name of the engine. */
  readonly engine: string;
}

/** A summary of a plan of kernels. */
export interface PlanReport extends ProgramReport {
  /** The instructions in order, each as a line of text: a loop over elementwise steps, a kernel, or an op. */
  readonly instructions: readonly string[];
  /** The memory of all tensors of the plan, in bytes. Tensors that are not needed at the same time share memory. */
  readonly bytes: number;
  /** The additional memory of the kernels, in bytes. */
  readonly scratchBytes: number;
  readonly engine: "wasm" | "js";
  /** The number of threads: 1 if no instruction is long enough to be divided, or if threads cannot share memory here. */
  readonly threads: number;
}
