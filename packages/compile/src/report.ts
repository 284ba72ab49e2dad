/** A summary of a plan. */
export interface PlanReport {
  /** The number of steps after the trace, after each pass, and after views were removed. */
  readonly passes: readonly (readonly [name: string, steps: number])[];
  /** One line per instruction: a loop over elementwise steps, a kernel, or an op that runs in JavaScript. */
  readonly instructions: readonly string[];
  /** The memory for all tensors of the plan, in bytes. */
  readonly bytes: number;
  /** The additional memory that kernels need, in bytes. */
  readonly scratchBytes: number;
  readonly engine: "wasm" | "js";
}
