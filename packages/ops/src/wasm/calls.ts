import type { Inputs, Kernel, Operand, PerInput } from "@wengert/core/extend";

/** A call of a WebAssembly kernel, as plain data. */
export interface KernelCall {
  readonly kernel: string;
  /**
   * The arguments of the kernel. An argument is a number, a tensor whose address the kernel receives, or the temporary
   * memory. The indices of tensors count the inputs of the op, then its output.
   */
  readonly args: readonly (number | { readonly tensor: number } | "scratch")[];
  /** The number of bytes of temporary memory. */
  readonly scratchBytes: number;
  /** How to divide the call among threads. If this field is missing, a single thread makes the call. */
  readonly rows?: KernelRows | undefined;
}

/**
 * How to divide a kernel call among threads. Each thread computes a range of rows, and its addresses begin at the first
 * row of its range.
 */
export interface KernelRows {
  /** The index of the kernel's argument that holds the number of rows. */
  readonly count: number;
  /** Each thread computes a multiple of this number of rows, except the thread with the last rows. */
  readonly unit: number;
  /**
   * The arguments of the kernel that are addresses: pairs of the argument's index and the number of bytes from one row
   * to the next.
   */
  readonly addresses: readonly (readonly [argument: number, bytes: number])[];
  /** The estimated time of the whole call on one thread, in ns. */
  readonly time: number;
}

/**
 * Returns the call of a WebAssembly kernel that computes an op, for row-major inputs that have the dtype of the output.
 * Returns `undefined` if no WebAssembly kernel can compute the op.
 */
type Describe<I extends Inputs, P> = (
  inputs: PerInput<I, Operand>,
  output: Operand,
  params: P,
) => KernelCall | undefined;

/**
 * Returns `kernel` with a function that describes its WebAssembly call as data. `@wengert/compile` makes the described
 * call in its own memory.
 */
export const withKernelCall = <I extends Inputs, P>(kernel: Kernel<I, P>, describe: Describe<I, P>): Kernel<I, P> =>
  Object.assign(kernel, { describe });

/** Describes the WebAssembly call of a kernel, or returns `undefined` if the kernel has none. */
export const kernelCallOf = (
  kernel: object | undefined,
  inputs: readonly Operand[],
  output: Operand,
  params: unknown,
): KernelCall | undefined =>
  (kernel as { readonly describe?: Describe<never, never> } | undefined)?.describe?.(
    inputs as never,
    output,
    params as never,
  );
