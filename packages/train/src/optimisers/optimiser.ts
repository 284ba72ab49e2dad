import type { Tensor, TreesOnly } from "@wengert/core";
import { treeMap } from "@wengert/core";
import { add } from "@wengert/ops";

/**
 * A rule that turns gradients into changes of the parameters: pure functions over trees, as in optax. Nothing is kept in the
 * optimiser itself. Its state is a tree of tensors that the caller passes on, so a step of training can be traced whole, and
 * saved.
 */
export interface Optimiser<State = unknown> {
  /** The state before the first step; its moments have the structure, the shapes and the dtypes of `params`. */
  init<P>(params: P & TreesOnly<P>): State;
  /** What to add to `params`, and the state for the next step. `grads` has the structure of `params`. */
  update<P>(grads: P & TreesOnly<P>, state: State, params: P): { readonly updates: P; readonly state: State };
}

/** A number that depends on the step: 0 at the first. `step` is an int32 scalar, the value a float64 scalar. */
export type Schedule = (step: Tensor) => Tensor;

/** `params` + `updates`, leaf by leaf, each in the dtype of its parameter. @throws TreeError when their structures differ */
export function applyUpdates<P>(params: P & TreesOnly<P>, updates: NoInfer<P>): P {
  return treeMap<P>((p, u) => add(p, u), params, updates);
}
