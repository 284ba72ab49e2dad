import type { Tensor } from "@wengert/core";
import { leavesAlike, type TreesOnly, unflatten } from "@wengert/core/extend";
import { add } from "@wengert/ops";

/**
 * A rule that turns gradients into changes of the parameters: pure functions over trees, as in optax. Nothing is kept in the
 * optimizer itself. Its state is a tree of tensors that the caller passes on, so a step of training can be traced whole, and
 * saved.
 */
export interface Optimizer<State = StateTree> {
  /**
   * The state before the first step; its moments have the structure, the shapes and the dtypes of `params`.
   * @throws TreeError, DTypeError for what is no tree of floats
   */
  init<P>(params: P & TreesOnly<P>): State;
  /**
   * What to add to `params`, and the state for the next step.
   * @throws TreeError, ShapeError for `grads`, or moments, without the structure, dtypes and shapes of `params`
   */
  update<P>(grads: P & TreesOnly<P>, state: State, params: P): { readonly updates: P; readonly state: State };
}

/** A tree of tensors, whose structure is the optimizer's own matter. */
export type StateTree = object;

/** `params` + `updates`, leaf by leaf. @throws TreeError, ShapeError where their structures, dtypes or shapes differ */
export function applyUpdates<P>(params: P & TreesOnly<P>, updates: NoInfer<P>): P {
  const both = leavesLikeParams("applyUpdates", params, { params, updates });
  return unflatten<P>(
    params,
    both.params.map((p, i) => add(p, both.updates[i]!)),
  );
}

/** The leaves of trees that must have the structure of `params`, one list per tree. */
export function leavesLikeParams<Name extends string>(
  caller: string,
  params: unknown,
  trees: Readonly<Record<Name, unknown>>,
): Record<Name, Tensor[]> {
  const lists = Object.entries(trees).map(([name, tree]) => [
    name,
    leavesAlike(caller, [params, "params"], [tree, name]),
  ]);
  return Object.fromEntries(lists) as Record<Name, Tensor[]>;
}
