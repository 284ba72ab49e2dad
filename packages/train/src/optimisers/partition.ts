import { ArgumentError, leaves, show, type Tensor, type TreesOnly, unflatten, walk } from "@wengert/core";
import { isOptimiser } from "./chain.ts";
import { alongside, type Optimiser, type StateTree } from "./optimiser.ts";

/** A state for each of the groups. */
export type PartitionState<Groups> = {
  readonly [Name in keyof Groups]: Groups[Name] extends Optimiser<infer State> ? State : never;
};

/**
 * Another optimiser for each group of parameters: `choose` says of a parameter, and its path such as `params.layers[0].b`, which.
 * As parameter groups in PyTorch, and `partition` in optax. To each of them its group is a list of tensors. A group may be empty.
 *
 *     partition({ weights: adamw({ rate }), others: adam({ rate }) }, (p) => (p.shape.length > 1 ? "weights" : "others"))
 *
 * @throws ArgumentError for what is no optimiser, and where `choose` gives no name of a group
 */
export function partition<const Groups extends Readonly<Record<string, Optimiser>>>(
  groups: Groups,
  choose: (param: Tensor, path: string) => keyof Groups & string,
): Optimiser<PartitionState<Groups>> {
  const who = "partition";
  if (typeof groups !== "object" || groups === null || isOptimiser(groups))
    throw new ArgumentError(
      `${who}: groups must be optimisers by their names, got ${show(groups)}; write { weights: adamw({ rate: 0.001 }), others: adam({ rate: 0.001 }) }`,
    );
  if (typeof choose !== "function")
    throw new ArgumentError(
      `${who}: what chooses must be a function, got ${show(choose)}; write (p) => (p.shape.length > 1 ? "weights" : "others")`,
    );
  const names = Object.keys(groups) as (keyof Groups & string)[];
  for (const name of names) {
    if (isOptimiser(groups[name])) continue;
    throw new ArgumentError(
      `${who}: ${name} must be an optimiser, got ${show(groups[name])}; write { ${name}: sgd({ rate: 0.1 }) }`,
    );
  }
  const byName = <T>(of: (name: keyof Groups & string) => T) =>
    Object.fromEntries(names.map((name) => [name, of(name)])) as Record<keyof Groups & string, T>;
  /** Where each group's parameters stand among all of them. */
  const placesOf = (params: unknown): Readonly<Record<keyof Groups & string, readonly number[]>> => {
    const places = byName((): number[] => []);
    let place = 0;
    walk(who, params, "params", (param, path) => {
      const name: unknown = choose(param, path);
      if (typeof name !== "string" || !Object.hasOwn(groups, name))
        throw new ArgumentError(
          `${who}: what chooses must give the name of a group (${names.join(", ")}), got ${show(name)} for ${path}`,
        );
      places[name as keyof Groups & string].push(place++);
    });
    return places;
  };
  return {
    init: <P>(params: P & TreesOnly<P>) => {
      const places = placesOf(params);
      const all = leaves(who, params, "params");
      return byName((name) =>
        groups[name]!.init(places[name].map((i) => all[i]!)),
      ) as unknown as PartitionState<Groups>;
    },
    update: <P>(grads: P & TreesOnly<P>, state: PartitionState<Groups>, params: P) => {
      const places = placesOf(params);
      const of = alongside(who, params, { grads, params });
      const updates: Tensor[] = [];
      const next = byName((name) => {
        const [gs, ps] = [of.grads, of.params].map((all) => places[name].map((i) => all[i]!));
        const done = groups[name]!.update(gs!, state[name] as StateTree, ps!);
        for (const [k, i] of places[name].entries()) updates[i] = done.updates[k]!;
        return done.state;
      });
      return { updates: unflatten<P>(params, updates), state: next as unknown as PartitionState<Groups> };
    },
  };
}
