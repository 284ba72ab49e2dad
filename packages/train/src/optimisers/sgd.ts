import { ArgumentError, type Complete, show, type Tensor, type TensorLike, unflatten } from "@wengert/core";
import { add, axpy, mul, neg } from "@wengert/ops";
import { checkRate, decay, inDTypes, optionsOf, type Rate, rateAt, within } from "./hyper.ts";
import { noSteps, zerosLike } from "./moments.ts";
import { alongside, type Optimiser, type StateTree } from "./optimiser.ts";

export interface SgdOptions {
  readonly rate: Rate;
  /** How much of the velocity is left after a step, in [0, 1). Default 0. */
  readonly momentum?: number | undefined;
  /** Whether to step along the velocity that comes next, as Y. Nesterov does (1983). Default false. */
  readonly nesterov?: boolean | undefined;
}

/** `velocity`: the discounted sum of gradients; without momentum an empty list. */
export interface SgdState {
  readonly step: Tensor;
  readonly velocity: StateTree;
}

/**
 * Gradient descent: p ← p − rate g; with momentum μ (B. Polyak 1964) p ← p − rate v, where v ← μ v + g. With `nesterov` it is
 * p ← p − rate (μ v + g) for the new v. As torch.optim.SGD.
 * @throws ArgumentError, OutOfRangeError for options that are none
 */
export function sgd(options: SgdOptions): Optimiser<SgdState> {
  return descent("sgd", optionsOf<SgdOptions>("sgd", options, { rate: undefined, momentum: 0, nesterov: false }));
}

/** `sgd` with a momentum of 0.9, unless another is given. */
export function momentum(options: SgdOptions): Optimiser<SgdState> {
  return descent(
    "momentum",
    optionsOf<SgdOptions>("momentum", options, { rate: undefined, momentum: 0.9, nesterov: false }),
  );
}

function descent(who: string, options: Complete<SgdOptions>): Optimiser<SgdState> {
  const rate = checkRate(who, "rate", options.rate);
  const mu = within(who, "momentum", options.momentum, decay);
  const { nesterov } = options;
  if (typeof nesterov !== "boolean")
    throw new ArgumentError(`${who}: nesterov must be true or false, got ${show(nesterov)}`);
  if (nesterov && mu === 0)
    throw new ArgumentError(`${who}: nesterov needs a momentum, got 0; write { momentum: 0.9 }`);
  return {
    init: (params) => {
      const velocity = zerosLike(who, params);
      return { step: noSteps(), velocity: mu === 0 ? [] : velocity };
    },
    update: (grads, { step, velocity }, params) => {
      const factor = inDTypes(negated(rateAt(who, rate, step)));
      const next = add(step, 1);
      const along = (directions: readonly Tensor[]) =>
        unflatten(
          params,
          directions.map((d) => mul(factor(d), d)),
        );
      if (mu === 0) return { updates: along(alongside(who, params, { grads }).grads), state: { step: next, velocity } };
      const { grads: gs, "state.velocity": vs } = alongside(who, params, { grads, "state.velocity": velocity });
      const news = gs.map((g, i) => axpy(mu, vs[i]!, g));
      const directions = nesterov ? gs.map((g, i) => axpy(mu, news[i]!, g)) : news;
      return { updates: along(directions), state: { step: next, velocity: unflatten(params as StateTree, news) } };
    },
  };
}

const negated = (x: TensorLike): TensorLike => (typeof x === "number" ? -x : neg(x));
