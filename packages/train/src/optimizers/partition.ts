import { ArgumentError, type Tensor } from "@wengert/core";
import { leaves, show, type TreesOnly, unflatten, walk } from "@wengert/core/extend";
import { isOptimizer } from "./chain.ts";
import { leavesLikeParams, type Optimizer, type StateTree } from "./optimizer.ts";

/** The state of `partition`: the state of each group's optimizer, by the name of the group. */
export type PartitionState<Groups> = {
  readonly [Name in keyof Groups]: Groups[Name] extends Optimizer<infer State> ? State : never;
};

/**
 * Uses a different optimizer for each group of parameters, as PyTorch's parameter groups and optax's `partition` do.
 * `choose(parameter, path)` returns the name of a parameter's group, where the path is a string such as
 * `params.layers[0].b`. Each optimizer receives the parameters of its group as a list of tensors, which may be empty.
 *
 *     partition({ weights: adamw({ learningRate }), others: adam({ learningRate }) }, (p) => (p.shape.length > 1 ? "weights" : "others"))
 *
 * @throws ArgumentError unless all groups are optimizers, and `choose` returns the name of a group
 */
export function partition<const Groups extends Readonly<Record<string, Optimizer>>>(
  groups: Groups,
  choose: (param: Tensor, path: string) => keyof Groups & string,
): Optimizer<PartitionState<Groups>> {
  const caller = "partition";
  if (typeof groups !== "object" || groups === null || isOptimizer(groups))
    throw new ArgumentError(
      `${caller}: groups must be an object of optimizers, got ${show(groups)}; write { weights: adamw({ learningRate: 0.001 }), others: adam({ learningRate: 0.001 }) }`,
    );
  if (typeof choose !== "function")
    throw new ArgumentError(
      `${caller}: choose must be a function, got ${show(choose)}; write (p) => (p.shape.length > 1 ? "weights" : "others")`,
    );
  const names = Object.keys(groups) as (keyof Groups & string)[];
  for (const name of names) {
    if (isOptimizer(groups[name])) continue;
    throw new ArgumentError(
      `${caller}: ${name} must be an optimizer, got ${show(groups[name])}; write { ${name}: sgd({ learningRate: 0.1 }) }`,
    );
  }
  const byName = <T>(trees: (name: keyof Groups & string) => T) =>
    Object.fromEntries(names.map((name) => [name, trees(name)])) as Record<keyof Groups & string, T>;
  /** For each group of parameters, the indices of its parameters in the list of all parameters. */
  const groupIndices = (params: unknown): Readonly<Record<keyof Groups & string, readonly number[]>> => {
    const indices = byName((): number[] => []);
    let index = 0;
    walk(caller, params, "params", (param, path) => {
      const name: unknown = choose(param, path);
      if (typeof name !== "string" || !Object.hasOwn(groups, name))
        throw new ArgumentError(
          `${caller}: choose must return the name of a group (${names.join(", ")}), got ${show(name)} for ${path}`,
        );
      indices[name as keyof Groups & string].push(index++);
    });
    return indices;
  };
  return {
    init: <P>(params: P & TreesOnly<P>) => {
      const indices = groupIndices(params);
      const all = leaves(caller, params, "params");
      return byName((name) =>
        groups[name]!.init(indices[name].map((i) => all[i]!)),
      ) as unknown as PartitionState<Groups>;
    },
    update: <P>(grads: P & TreesOnly<P>, state: PartitionState<Groups>, params: P) => {
      const indices = groupIndices(params);
      const trees = leavesLikeParams(caller, params, { grads, params });
      const updates: Tensor[] = [];
      const next = byName((name) => {
        const [gs, ps] = [trees.grads, trees.params].map((all) => indices[name].map((i) => all[i]!));
        const result = groups[name]!.update(gs!, state[name] as StateTree, ps!);
        for (const [k, i] of indices[name].entries()) updates[i] = result.updates[k]!;
        return result.state;
      });
      return { updates: unflatten<P>(params, updates), state: next as unknown as PartitionState<Groups> };
    },
  };
}
