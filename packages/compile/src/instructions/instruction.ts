import type { KernelRows } from "@wengert/ops/extend";
import type { ComputedStep, Value } from "../memory/layout.ts";

// An instruction of a compiled program usually calls a WebAssembly kernel with the addresses of tensors. If no
// WebAssembly kernel can compute an op, the instruction runs the op's JavaScript kernel on arrays in WebAssembly
// memory.

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
  /** How to divide the kernel call among threads. If this field is missing, a single thread makes the kernel call. */
  readonly rows?: KernelRows | undefined;
}

/** An instruction that runs the kernel of an op on arrays in WebAssembly memory. */
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

/**
 * Returns the instructions that compute a step of a program, whose output must be a float tensor. Returns `undefined`
 * if no kernel can compute the step.
 */
export type Rule = (computed: ComputedStep, reserve: Reserve) => readonly Instruction[] | undefined;

export const at = (value: Value, shift = 0): Argument => ({ value, shift });
