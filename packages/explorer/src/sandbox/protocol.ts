import type { DType } from "@wengert/core";
import type { Handed } from "../page/handed.ts";

// The messages that the worker sends to the page when it runs a program. The messages are plain data, because
// `postMessage` must be able to clone them.

/**
 * The workers, from the smallest to the largest. `examples` runs the built-in examples, without kernels. `exercises`
 * also has the checks of the exercises. `whole` has the whole library, and runs programs that the reader writes.
 */
export const workerKinds = ["examples", "exercises", "whole"] as const;
export type WorkerKind = (typeof workerKinds)[number];

export interface Run {
  /** The program as JavaScript, in which `require` calls replace the imports. */
  readonly code: string;
  /**
   * Which tape to show: 1 for the tape of the function, 2 for the tape of its gradient. The tape of the gradient
   * contains the forward and the backward pass of the function.
   */
  readonly order?: 1 | 2 | undefined;
  /**
   * For forward mode: the index of the input whose tangent is a tensor of ones. The tangents of the other inputs are
   * zeros. If there is no float input at the index, the first float input is used.
   */
  readonly along?: number | undefined;
  /** The smallest worker that can run the program. */
  readonly worker: WorkerKind;
  /**
   * Whether to compile the recorded functions to plans. Only the worker "whole", which has the compiler, can do this.
   */
  readonly plans?: boolean | undefined;
  /** The numbers of inputs that the reader changed. */
  readonly changes?: readonly Change[] | undefined;
  /** The tensors that the page Fit hands to a program. The program imports them from the module "fit". */
  readonly handed?: Handed | undefined;
}

/** A change of one element of an input of a recorded function. */
export interface Change {
  /** The number of earlier calls of `record` in the program: 0 for the first recording. */
  readonly recording: number;
  /** The index of the changed input. `element` is the index of the changed element. */
  readonly input: number;
  readonly element: number;
  readonly value: number;
}

export interface Outcome {
  /** The recordings, one for each call of `record` in the program. */
  readonly recordings: readonly RecordingData[];
  /** The lines that the user's program printed. */
  readonly printed: readonly string[];
  readonly error?: Failure | undefined;
}

/** An error of the user's program, as the page shows it. */
export interface Failure {
  /** The class name of the error, such as `ShapeError`. */
  readonly name: string;
  readonly message: string;
  /** The number of the line at which the program failed, starting at 1. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

export interface RecordingData {
  /** All tensors of the recording. Other fields refer to tensors by their index in this list. */
  readonly tensors: readonly TensorData[];
  /** The elements of all tensors, in one array. */
  readonly values: Float64Array;
  readonly inputs: readonly number[];
  readonly constants: readonly number[];
  readonly steps: readonly StepData[];
  readonly outputs: readonly number[];
  /** The seeds of the sweep: the cotangents of the float outputs, from which the sweep starts. */
  readonly seeds: readonly Seed[];
  readonly pulls: readonly PullData[];
  /** The error of a VJP rule that stopped the sweep early. */
  readonly failure?: Failure | undefined;
  /** The tangents that forward mode computed. Undefined if the page did not request forward mode. */
  readonly tangents?: TangentsData | undefined;
  /** The plan of the compiled function. Undefined if the page did not request it. */
  readonly plan?: PlanData | undefined;
  /** The changes of the value of f for small changes of its inputs. Empty if f is too slow or fails. */
  readonly nudges: readonly Nudge[];
}

/** The plan of a function, or the error of the compiler. */
export type PlanData = Planned | { readonly failure: Failure };

export interface Planned {
  /**
   * The name of each pass of the compiler, with the number of steps that remain after the pass. The first entry is the
   * traced program.
   */
  readonly passes: readonly (readonly [name: string, steps: number])[];
  readonly inputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** The steps of the traced program, or only the first steps of a long program. */
  readonly rows: readonly PlanRow[];
  /** The names of the program's outputs after each pass of the compiler, with one text per pass. */
  readonly outputs: readonly string[];
  /** The number of steps of a long program that `rows` omits. */
  readonly left: number;
  readonly instructions: readonly string[];
  /** The buffers of the plan, or only the largest buffers of a long plan, in the order of their first instructions. */
  readonly buffers: readonly BufferData[];
  /** The number of buffers of a long plan that `buffers` omits. */
  readonly buffersLeft: number;
  /** The memory of the plan in bytes, without the memory of its kernels. */
  readonly bytes: number;
  readonly scratchBytes: number;
  /** The memory that all tensors of the traced program need without a plan, in bytes. */
  readonly apart: number;
}

export interface PlanRow {
  readonly number: string;
  readonly op: string;
  readonly params: string;
  /** The names of the step's inputs after each pass of the compiler, with one text per pass. */
  readonly inputs: readonly string[];
  readonly shape: readonly number[];
  /** The index of the compiler pass that drops this step, or undefined if all passes keep the step. */
  readonly dropped: number | undefined;
  /** Whether the output is a view of an input. The plan has no instruction for a view. */
  readonly isView: boolean;
  /** The index of the instruction that computes the step. Undefined if the page does not know it. */
  readonly instruction: number | undefined;
}

/** The memory of a tensor and its views in a plan. */
export interface BufferData {
  /** The offset of the buffer in bytes from the start of the memory for tensors. */
  readonly address: number;
  readonly bytes: number;
  /** The first and the last instruction that needs the buffer, as indices in `instructions`. */
  readonly first: number;
  readonly last: number;
  /** The kind of the tensors in the buffer. A cotangent is a tensor that the backward sweep computes. */
  readonly kind: "input" | "constant" | "value" | "cotangent";
  /** Whether the buffer holds an output of the program. */
  readonly isResult: boolean;
  /** The names of the tensors, such as `#3`. */
  readonly names: readonly string[];
  /** The steps whose outputs the buffer holds, as indices in `rows`. */
  readonly steps: readonly number[];
  /** The inputs that the buffer holds, as indices in `inputs`. */
  readonly inputs: readonly number[];
  /** The names of earlier tensors whose memory the buffer reuses. */
  readonly takesOver: readonly string[];
}

/** The effect of adding `by` to one element of an input: the sum of all elements of f changes by `change`. */
export interface Nudge {
  /** The index of the changed input in `inputs`. `element` is the index of the changed element of this input. */
  readonly input: number;
  readonly element: number;
  /** The small number that is added to one element of the input. */
  readonly by: number;
  readonly change: number;
}

export interface TangentsData {
  /** The index in `inputs` of the input whose tangent is a tensor of ones, or −1 if no input is a float. */
  readonly along: number;
  /** The tangents of the float inputs, followed by the tangents of the outputs of steps. */
  readonly all: readonly TangentData[];
  /** The error that stopped forward mode early. Forward mode runs VJP rules, and one of them threw this error. */
  readonly failure?: Failure | undefined;
}

export interface TangentData {
  readonly of: number;
  readonly tangent: number;
}

export interface TensorData {
  /**
   * The tensor's name in tables. The name of a literal number is its value. Other names consist of the number of the
   * step that computed the tensor, such as `#3`, and the tensor's label. Either may be missing.
   */
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly size: number;
  /**
   * The offset of the tensor's elements in `values`. Large tensors store only their first `shown` elements, so `shown`
   * < `size`.
   */
  readonly at: number;
  readonly shown: number;
  readonly range: Range;
}

/** The range of a tensor: its smallest and largest finite element, and how many elements are NaN or infinite. */
export interface Range {
  readonly least: number;
  readonly most: number;
  readonly nans: number;
  readonly infinities: number;
}

export interface StepData {
  readonly op: string;
  /** Whether the op belongs to the library, not to the user's program. */
  readonly known: boolean;
  /** The params of the step as the page's tables show them, such as `axis=[0]`. */
  readonly params: string;
  readonly inputs: readonly number[];
  readonly output: number;
  /** The steps inside this step: the loop body of `scan`, or the equation of `fixedPoint` or `root`. */
  readonly body?: BodyData | undefined;
  /** The source code of the VJP rules, if the user's program defines the op. */
  readonly source?: readonly string[] | undefined;
  /** The line of the user's program that ran the step, starting at 1. Undefined for the steps of a sweep. */
  readonly line?: number | undefined;
  /** If the recorded function is a gradient: whether the step belongs to its backward pass. */
  readonly ofSweep?: boolean | undefined;
}

/** The steps inside a step, such as the loop body of `scan`. The tensors of these steps have shapes, but no values. */
export interface BodyData {
  /** The number of iterations of a loop: how often the step runs the steps inside it. */
  readonly times: number;
  /**
   * The rows of the table for a loop body: a row for each input, a row for each step, and a last row for the outputs.
   * The rows of a nested loop are directly below the row of the loop.
   */
  readonly rows: readonly BodyRow[];
}

/** A row of the table that `explain` prints for the body of a loop. */
export interface BodyRow {
  /** The number of the step in this row, such as `#3.1`. Empty if the row shows no step. */
  readonly number: string;
  /** The name of an op or of an input. The row for the outputs of a loop body has the text `} returns` instead. */
  readonly op: string;
  readonly params: string;
  /** The names of the inputs of a step. */
  readonly inputs: string;
  /** The shape of the tensor in this row. Undefined in the row for the outputs of a loop body. */
  readonly shape: readonly number[] | undefined;
  /** The nesting depth of the loop body, by which the row is indented. */
  readonly depth: number;
}

export interface Seed {
  readonly of: number;
  readonly cotangent: number;
}

/** A pull: one step of the sweep, which runs the VJP rules of one step of the tape. */
export interface PullData {
  /** The index in `steps` of the step whose VJP rules run. */
  readonly step: number;
  readonly cotangent: number;
  /** The contributions of the VJP rules to the cotangents of the step's inputs, in the order of the inputs. */
  readonly contributions: readonly ContributionData[];
  /** The ops that the VJP rules ran; an empty list for tapes with thousands of steps. */
  readonly rule: readonly StepData[];
}

export interface ContributionData {
  /** The contribution of the VJP rule to the input's cotangent, or null if no derivative flows to the input. */
  readonly given: number | null;
  /** The cotangent of the input before the contribution was added, and the cotangent after it. */
  readonly before: number | null;
  readonly after: number | null;
}
