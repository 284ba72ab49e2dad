import { ArgumentError } from "@wengert/core";
import { show, type TreesOnly } from "@wengert/core/extend";
import type { Optimizer } from "./optimizer.ts";

/**
 * Combines optimizers: each optimizer receives the updates of the previous optimizer as its gradients, as in
 * `chain(clipByGlobalNorm(1), adam({ learningRate }))`. The state is a list of the optimizers' states.
 * @throws ArgumentError unless all arguments are optimizers
 */
export function chain<States extends readonly unknown[]>(
  ...optimizers: { readonly [K in keyof States]: Optimizer<States[K]> }
): Optimizer<States> {
  const links: readonly Optimizer<unknown>[] = optimizers;
  for (const [i, link] of links.entries()) {
    if (isOptimizer(link)) continue;
    throw new ArgumentError(
      `chain: argument ${i} must be an optimizer, got ${show(link)}; write adam({ learningRate: 0.001 })`,
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

export function isOptimizer(x: unknown): x is Optimizer<unknown> {
  const { init, update } = (x ?? {}) as Partial<Optimizer>;
  return typeof init === "function" && typeof update === "function";
}
