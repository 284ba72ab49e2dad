import type { Program } from "@wengert/core";

/** The program that a compiler pass returned, and the name of the pass. */
export interface NamedProgram {
  readonly name: string;
  readonly program: Program;
}

/** How the compiler passes changed a traced program. */
export interface ProgramReport {
  /** The program as it was traced, and after each pass. `explain` prints a program. */
  readonly programs: readonly NamedProgram[];
  /**
   * The number of steps of the traced program, and the number after each compiler pass. If Wengert's kernels run the
   * program, the last entry counts only the steps that compute numbers, without steps such as transpose that make
   * views.
   */
  readonly passes: readonly (readonly [name: string, steps: number])[];
  /** The name of the engine. */
  readonly engine: string;
}

/** A summary of a program that is compiled to calls of Wengert's kernels. */
export interface PlanReport extends ProgramReport {
  /** The instructions in order, each as a line of text: a loop over elementwise steps, a kernel, or an op. */
  readonly instructions: readonly string[];
  /**
   * The memory of all tensors of the compiled program, in bytes. Tensors that are not needed at the same time share
   * memory.
   */
  readonly bytes: number;
  /** The scratch memory of the kernels, in bytes. */
  readonly scratchBytes: number;
  readonly engine: "wasm" | "js";
  /**
   * The number of threads that run the program. It is 1 if no computation is long enough to be divided, or if the
   * platform does not let threads share memory.
   */
  readonly threads: number;
}
