import { ArgumentError, type Program } from "@wengert/core";
import { isList, show } from "@wengert/core/extend";

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

/** Describes a program that is compiled to calls of Wengert's kernels, as plain data. `explainPlan` prints it. */
export interface PlanReport extends ProgramReport {
  /** The instructions in the order in which they run. */
  readonly instructions: readonly InstructionReport[];
  /** The buffers in the order of their first instructions. */
  readonly buffers: readonly BufferReport[];
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

/** An instruction of a plan. */
export interface InstructionReport {
  /** The instruction as a line of text, such as `loop over [3] float64: exp, mul`. */
  readonly text: string;
  /**
   * A `loop` over elementwise steps, a `kernel` of the WebAssembly binary, a `scan` that repeats other
   * instructions, an `op` that runs its own JavaScript kernel, or a `check` of class labels.
   */
  readonly kind: "loop" | "kernel" | "scan" | "op" | "check";
  /** The name of the kernel, such as `gemm32`, or the name of the op; `undefined` for loops, scans and checks. */
  readonly kernel: string | undefined;
  /** The steps that the instruction computes: their indices in the steps of the last program. */
  readonly steps: readonly number[];
  /** The number of floating-point operations. A kernel call that computes a part of a step counts this part. */
  readonly flops: number;
  /** The number of bytes that the instruction reads. A repeated element of a broadcast tensor counts once. */
  readonly bytesRead: number;
  /** The number of bytes that the instruction writes, without results that stay in registers. */
  readonly bytesWritten: number;
}

/**
 * A buffer: the memory of a tensor and its views. Results that stay in the registers of a loop have no buffer, and
 * neither do numbers that a loop contains as constants.
 */
export interface BufferReport {
  /** The offset of the buffer in bytes from the start of the memory for tensors. */
  readonly address: number;
  readonly bytes: number;
  /**
   * The first instruction that needs the buffer, as an index in `instructions`. Inputs and constants are needed from
   * the first instruction on.
   */
  readonly first: number;
  /** The last instruction that needs the buffer. Constants, results and most inputs are needed until the end. */
  readonly last: number;
  /** The inputs stored in the buffer, as indices in the inputs of the optimized program. */
  readonly inputs: readonly number[];
  /** The constants stored in the buffer, as indices in the constants of the optimized program. */
  readonly constants: readonly number[];
  /** The steps whose outputs are stored in the buffer, as indices in the steps of the optimized program. */
  readonly steps: readonly number[];
  /**
   * The earlier buffers whose memory this buffer takes over, as indices in `buffers`. A loop can read an old buffer and
   * write the new buffer to the same memory: the loop overwrites each element after reading it.
   */
  readonly reuses: readonly number[];
}

/** @throws ArgumentError unless `report` is the report of a plan of kernels */
export function checkReport(report: PlanReport): void {
  const { instructions, buffers }: Partial<PlanReport> = report ?? {};
  if (isList(instructions) && isList(buffers)) return;
  throw new ArgumentError(`explainPlan: expected the report that step.plan(...args) returns, got ${show(report)}`);
}
