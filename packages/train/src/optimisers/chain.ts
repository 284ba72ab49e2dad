import { ArgumentError, show, type TreesOnly } from "@wengert/core";
import type { Optimiser } from "./optimiser.ts";

/**
 * One optimiser after the other: each is given the updates of the one before in place of gradients, the first the gradients
 * themselves. `chain(clipByGlobalNorm(1), adam({ rate }))`. The state is a list of theirs.
 * @throws ArgumentError for what is no optimiser
 */
export function chain<States extends readonly unknown[]>(
  ...optimisers: { readonly [K in keyof States]: Optimiser<States[K]> }
): Optimiser<States> {
  const links: readonly Optimiser<unknown>[] = optimisers;
  for (const [i, link] of links.entries()) {
    if (isOptimiser(link)) continue;
    throw new ArgumentError(
      `chain: argument ${i} must be an optimiser, such as adam({ rate: 0.001 }); got ${show(link)}`,
    );
  }
  return {
    init: <P>(params: P & TreesOnly<P>) => links.map((link) => link.init<P>(params)) as unknown as States,
    update: <P>(grads: P & TreesOnly<P>, state: States, params: P) => {
      let updates = grads;
      const states = links.map((link, i) => {
        const next = link.update<P>(updates, state[i], params);
        updates = next.updates as typeof grads;
        return next.state;
      });
      return { updates, state: states as unknown as States };
    },
  };
}

export function isOptimiser(x: unknown): x is Optimiser<unknown> {
  const { init, update } = (x ?? {}) as Partial<Optimiser>;
  return typeof init === "function" && typeof update === "function";
}
