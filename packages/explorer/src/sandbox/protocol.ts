import type { DType } from "@wengert/core";

// The messages of a program's run, from the worker to the page. Plain data, so that they can be cloned.

export interface Run {
  /** The program as JavaScript, with `require` for its imports. */
  readonly code: string;
  /** 1: the tape of the recorded function. 2: the tape of its gradient, in which the first sweep is part of the steps. */
  readonly order?: 1 | 2 | undefined;
}

export interface Outcome {
  /** One per call of `record` in the program. */
  readonly recordings: readonly RecordingData[];
  /** The printed lines. */
  readonly printed: readonly string[];
  readonly error?: Failure | undefined;
}

/** An error for the reader. */
export interface Failure {
  /** The class of the error: `ShapeError`. */
  readonly name: string;
  readonly message: string;
  /** The line of the program, from 1. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

export interface RecordingData {
  /** All tensors. Other fields refer to them by index. */
  readonly tensors: readonly TensorData[];
  /** The elements of all of them. */
  readonly values: Float64Array;
  readonly inputs: readonly number[];
  readonly constants: readonly number[];
  readonly steps: readonly StepData[];
  readonly outputs: readonly number[];
  /** The seeds of the sweep: the cotangents of the float outputs. */
  readonly seeds: readonly Seed[];
  readonly pulls: readonly PullData[];
  /** The error of a rule, which stopped the sweep early. */
  readonly failure?: Failure | undefined;
}

export interface TensorData {
  /** Its name in listings: its label, `#3` and its label, or the value of a literal number. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly size: number;
  /** The offset in `values` of the tensor's first `shown` elements, row by row; `shown` < `size` for large tensors. */
  readonly at: number;
  readonly shown: number;
  readonly range: Range;
}

/** The range of the finite elements, and the counts of the others. */
export interface Range {
  readonly least: number;
  readonly most: number;
  readonly nans: number;
  readonly infinities: number;
}

export interface StepData {
  readonly op: string;
  /** Whether the op is one of the library's, so that its name identifies it. */
  readonly known: boolean;
  /** The params as listings show them: `axis=[0]`. */
  readonly params: string;
  readonly inputs: readonly number[];
  readonly output: number;
  /** The source of the rules, if the program defines the op. */
  readonly source?: readonly string[] | undefined;
  /** In a tape of order 2: whether the first sweep recorded the step. */
  readonly ofSweep?: boolean | undefined;
}

export interface Seed {
  readonly of: number;
  readonly cotangent: number;
}

/** One step of the sweep. */
export interface PullData {
  /** The step whose rules run: an index into `steps`. */
  readonly step: number;
  readonly cotangent: number;
  /** One per input. */
  readonly contributions: readonly ContributionData[];
  /** The ops that the rules ran. Empty on tapes of thousands of steps. */
  readonly rule: readonly StepData[];
}

export interface ContributionData {
  /** The rule's contribution to the input; null if no derivative flows back. */
  readonly given: number | null;
  /** The cotangent of the input before and after the contribution is added. */
  readonly before: number | null;
  readonly after: number | null;
}
