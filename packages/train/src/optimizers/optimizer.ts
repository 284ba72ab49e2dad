import type { Tensor } from "@wengert/core";
import { leavesAlike, type TreesOnly, unflatten } from "@wengert/core/extend";
import { add } from "@wengert/ops";

/**
 * An optimizer, which computes parameter updates from gradients: two pure functions of trees, as in optax. The
 * optimizer object itself does not change. The state of the optimization is a tree of tensors that the caller passes
 * from step to step, so a training step can be traced and the state saved.
 */
export interface Optimizer<State = StateTree> {
  /**
   * Returns the state before the first step. The moments in the state have the structure, shapes and dtypes of
   * `params`.
   * @throws TreeError, DTypeError unless `params` is a tree of floats
   */
  init<P>(params: P & TreesOnly<P>): State;
  /**
   * Returns the updates to add to `params`, and the state for the next step.
   * @throws TreeError, ShapeError unless `grads` and the moments have the structure, dtypes and shapes of `params`
   */
  update<P>(grads: P & TreesOnly<P>, state: State, params: P): { readonly updates: P; readonly state: State };
}

/** The state of the optimizer: a tree of tensors whose structure is private to the optimizer. */
export type StateTree = object;

/**
 * Returns `params` + `updates`, leaf by leaf.
 * @throws TreeError, ShapeError unless structures, dtypes and shapes match
 */
export function applyUpdates<P>(params: P & TreesOnly<P>, updates: NoInfer<P>): P {
  const both = leavesLikeParams("applyUpdates", params, { params, updates });
  return unflatten<P>(
    params,
    both.params.map((p, i) => add(p, both.updates[i]!)),
  );
}

/**
 * Returns a list of tensors for each tree.
 * @throws TreeError, ShapeError unless all have the structure, dtypes and shapes of `params`
 */
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
