import type { DType } from "@wengert/core";

// What the worker tells the page of a program's run: plain data, which a message can carry.

export interface Run {
  /** The program, as JavaScript whose imports have become `require`. */
  readonly code: string;
  /** 1: what `record` records. 2: the tape of its gradient, in which the first sweep is steps like any other. */
  readonly order?: 1 | 2 | undefined;
}

export interface Outcome {
  /** One for each call of `record` in the program. */
  readonly recordings: readonly RecordingData[];
  /** What the program printed, a line an entry. */
  readonly printed: readonly string[];
  readonly error?: Failure | undefined;
}

/** What went wrong, as one tells a reader. */
export interface Failure {
  /** The class of the error: `ShapeError`. */
  readonly name: string;
  readonly message: string;
  /** In the program, from 1. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

export interface RecordingData {
  /** All tensors, by the numbers with which everything else refers to them. */
  readonly tensors: readonly TensorData[];
  /** The elements of all of them. */
  readonly values: Float64Array;
  readonly inputs: readonly number[];
  readonly constants: readonly number[];
  readonly steps: readonly StepData[];
  readonly outputs: readonly number[];
  /** Where the sweep begins: the cotangents of the outputs that are floats. */
  readonly seeds: readonly Seed[];
  readonly pulls: readonly PullData[];
  /** Why the sweep stopped before its end: a rule that threw. */
  readonly failure?: Failure | undefined;
}

export interface TensorData {
  /** What listings call it: its label, `#3` and its label, or its value where it is a mere number. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly size: number;
  /** Its elements, row by row, are `values` from `at` on: `shown` of them, fewer than `size` where there are too many. */
  readonly at: number;
  readonly shown: number;
  readonly range: Range;
}

/** Of all elements that are finite, and how many are not. */
export interface Range {
  readonly least: number;
  readonly most: number;
  readonly nans: number;
  readonly infinities: number;
}

export interface StepData {
  readonly op: string;
  /** Whether the op is one of the library's: only then is its name enough to know it. */
  readonly known: boolean;
  /** `axis=[0]`: the params, as listings show them. */
  readonly params: string;
  readonly inputs: readonly number[];
  readonly output: number;
  /** The rules as they are written, where the op is the program's own. */
  readonly source?: readonly string[] | undefined;
  /** In a tape of order 2: whether the step was made by the first sweep. */
  readonly ofSweep?: boolean | undefined;
}

export interface Seed {
  readonly of: number;
  readonly cotangent: number;
}

/** One step of the sweep. */
export interface PullData {
  /** Whose rules run: a place in `steps`. */
  readonly step: number;
  readonly cotangent: number;
  /** One entry an input. */
  readonly contributions: readonly ContributionData[];
  /** The ops that the rules are made of, as they ran. Left out of tapes of thousands of steps. */
  readonly rule: readonly StepData[];
}

export interface ContributionData {
  /** What the rule gives the input; null where nothing flows back. */
  readonly given: number | null;
  /** The cotangent of the input before and after: the same input may have got some already. */
  readonly before: number | null;
  readonly after: number | null;
}
