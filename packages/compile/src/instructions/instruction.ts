import type { ComputedStep, Value } from "../memory/layout.ts";

// An instruction of a plan calls a WebAssembly kernel with addresses of tensors. If `compile` has no rule for an op,
// the instruction runs the op's JavaScript kernel on views of the same memory.

/**
 * An argument of a kernel: a whole number, a float64, or an address. An address is the start of the scratch memory, or
 * the address of an element of a tensor, `shift` elements after the first element.
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
  /** How threads can divide the call. If this field is missing, a single thread makes the call. */
  readonly rows?: Rows;
}

/**
 * How to divide a kernel call into parts. Each part computes a range of the rows, and its addresses begin at the first
 * row of this range.
 */
export interface Rows {
  /** The index of the kernel's argument that holds the number of rows. */
  readonly count: number;
  /** The number of rows of each part is a multiple of this number, except in the last part. */
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

/**
 * Checks that each label is the index of a class. For an invalid label, a kernel would access memory outside of the row
 * of class scores.
 */
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
