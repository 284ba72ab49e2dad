import { type AnyOpSpec, apply } from "../autodiff/op.ts";
import type { Differentiable, Step } from "../autodiff/tape.ts";
import { Tensor } from "../values/tensor.ts";

// A list of steps is a program: its steps can be applied again, to other tensors or to batches of tensors.

/** Maps each tensor of the recorded steps to the new tensor that replaces it. */
export type Values = ReadonlyMap<Tensor, Tensor>;

/**
 * How recorded steps are applied to new tensors. In the mode `onValues`, each new tensor has the shape of the recorded
 * one; in the mode `onBatch`, it holds a batch of such tensors.
 */
export interface ReplayMode {
  readonly apply: (step: Step, values: Values) => Tensor;
  /** Returns the new tensor that replaces the recorded tensor `x`. */
  readonly valueOf: (x: Tensor, values: Values) => Tensor;
  /**
   * Returns a tensor without values, which replaces `value` in a trace. Its shape and dtype are those of `value`, or of
   * one batch entry if `value` is a batch.
   */
  readonly dry: (value: Tensor) => Tensor;
}

/** An op that calls a function instead of a kernel, such as a function made by `customVjp`. */
export interface FunctionOp extends Differentiable {
  readonly call: (values: Values, mode: ReplayMode) => Tensor;
}
export const isFunctionOp = (op: Differentiable): op is FunctionOp => "call" in op;

export const applyAgain = (step: Step, values: Values, mode: ReplayMode): Tensor =>
  isFunctionOp(step.op) ? step.op.call(values, mode) : mode.apply(step, values);

/** Applies recorded steps to tensors of the same shapes. Tensors that are not in the map `values` stay the same. */
export const onValues: ReplayMode = {
  apply: ({ op, inputs, params, output }, values) =>
    apply(
      op as AnyOpSpec,
      inputs.map((x) => values.get(x) ?? x),
      params,
      output.label,
    ),
  valueOf: (x, values) => values.get(x) ?? x,
  dry: ({ shape, dtype, label }) => new Tensor(shape, dtype, undefined, label),
};

/** Returns the steps that `outputs` need, in order, and all tensors that these steps use. */
export function neededSteps<S extends Step>(
  steps: readonly S[],
  outputs: Iterable<Tensor>,
): { steps: S[]; tensors: Set<Tensor> } {
  const tensors = new Set(outputs);
  const needed: S[] = [];
  for (const step of steps.toReversed()) {
    if (!tensors.has(step.output)) continue;
    needed.push(step);
    for (const input of step.inputs) tensors.add(input);
  }
  return { steps: needed.reverse(), tensors };
}

/**
 * Applies the steps again, in order. `values` maps the inputs of the steps to new tensors, and receives the outputs of
 * the steps. To free memory, deletes each value after its last use, except for the tensors in `kept`.
 */
export function replay(
  steps: readonly Step[],
  kept: Iterable<Tensor>,
  values: Map<Tensor, Tensor>,
  mode: ReplayMode = onValues,
): void {
  const lastUse = new Map<Tensor, number>();
  for (const [i, { inputs }] of steps.entries()) for (const input of inputs) lastUse.set(input, i);
  for (const tensor of kept) lastUse.delete(tensor);
  for (const [i, step] of steps.entries()) {
    values.set(step.output, applyAgain(step, values, mode));
    for (const input of step.inputs) if (lastUse.get(input) === i) values.delete(input);
  }
}
