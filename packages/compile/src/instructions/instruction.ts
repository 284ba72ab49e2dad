import type { ComputedStep, Value } from "../memory/layout.ts";

// An instruction is a call of a kernel with addresses. A step without a rule runs the kernel of its op on views of the
// same memory.

/**
 * An argument of a kernel: a whole number, a float64, or an address. An address is that of the scratch memory, or that of
 * an element of a value, `shift` elements after the first.
 */
export type Argument =
  | number
  | { readonly float64: number }
  | { readonly value: Value; readonly shift: number }
  | "scratch";

export interface KernelCall {
  readonly kind: "call";
  readonly kernel: string;
  readonly args: readonly Argument[];
  /** How threads can divide the call. Absent: one thread makes it. */
  readonly rows?: Rows;
}

/** How to divide a kernel call: each part has some of its rows, at addresses that are as many rows further. */
export interface Rows {
  /** The index of the argument that is the number of rows. */
  readonly count: number;
  /** Each part, except the last one, has a multiple of this number of rows. */
  readonly unit: number;
  /** The indices of the arguments that are addresses of rows, and the number of bytes from one row to the next. */
  readonly addresses: readonly (readonly [argument: number, bytes: number])[];
  /** The estimated time of the whole call on one thread, in ns. */
  readonly time: number;
}

/** Runs the op of a step on views of the memory. */
export interface OpCall {
  readonly kind: "op";
  readonly computed: ComputedStep;
}

/** Checks that each label is a class, because kernels would read and write beyond their slices. */
export interface LabelCheck {
  readonly kind: "labels";
  readonly computed: ComputedStep;
  readonly labels: Value;
  readonly classes: number;
}

export type Instruction = KernelCall | OpCall | LabelCheck;

/** Requests at least `bytes` bytes of scratch memory. */
export type Reserve = (bytes: number) => void;

/** Returns the instructions that compute a step with a float output, or `undefined` if no kernel can compute it. */
export type Rule = (computed: ComputedStep, reserve: Reserve) => readonly Instruction[] | undefined;

export const at = (value: Value, shift = 0): Argument => ({ value, shift });
