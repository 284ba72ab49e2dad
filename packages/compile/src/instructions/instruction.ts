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
