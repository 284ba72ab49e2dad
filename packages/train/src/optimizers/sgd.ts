import { ArgumentError, type Tensor, type TensorLike } from "@wengert/core";
import { type Complete, show, unflatten } from "@wengert/core/extend";
import { add, axpy, mul, neg } from "@wengert/ops";
import { castForParam, checkRange, checkRate, decay, type LearningRate, optimizerOptions, rateAt } from "./hyper.ts";
import { zeroStep, zerosLike } from "./moments.ts";
import { leavesLikeParams, type Optimizer, type StateTree } from "./optimizer.ts";

export interface SgdOptions {
  readonly learningRate: LearningRate;
  /** The momentum μ: the fraction of the velocity that each step keeps, in [0, 1). Default 0. */
  readonly momentum?: number | undefined;
  /**
   * Whether to use Nesterov momentum (Y. Nesterov 1983), which adds the gradient to the velocity once more in each
   * step. Default false.
   */
  readonly nesterov?: boolean | undefined;
}

/** The state of `sgd`. `velocity` is the discounted sum of gradients, or an empty list without momentum. */
export interface SgdState {
  readonly step: Tensor;
  readonly velocity: StateTree;
}

/**
 * Stochastic gradient descent: p ← p − rate g, for a parameter p with gradient g. With momentum μ (B. Polyak 1964), v ←
 * μ v + g and p ← p − rate v. With `nesterov`, v ← μ v + g and p ← p − rate (μ v + g). Matches torch.optim.SGD.
 * @throws ArgumentError, OutOfRangeError for invalid options
 */
export function sgd(options: SgdOptions): Optimizer<SgdState> {
  return descentOptimizer(
    "sgd",
    optimizerOptions<SgdOptions>("sgd", options, { learningRate: undefined, momentum: 0, nesterov: false }),
  );
}

/**
 * Stochastic gradient descent with momentum: `sgd` with a default momentum of 0.9.
 * @throws ArgumentError, OutOfRangeError for invalid options
 */
export function momentum(options: SgdOptions): Optimizer<SgdState> {
  return descentOptimizer(
    "momentum",
    optimizerOptions<SgdOptions>("momentum", options, { learningRate: undefined, momentum: 0.9, nesterov: false }),
  );
}

function descentOptimizer(caller: string, options: Complete<SgdOptions>): Optimizer<SgdState> {
  const rate = checkRate(caller, "learningRate", options.learningRate);
  const mu = checkRange(caller, "momentum", options.momentum, decay);
  const { nesterov } = options;
  if (typeof nesterov !== "boolean")
    throw new ArgumentError(`${caller}: nesterov must be true or false, got ${show(nesterov)}`);
  if (nesterov && mu === 0)
    throw new ArgumentError(`${caller}: nesterov needs a momentum > 0, got 0; write { momentum: 0.9 }`);
  return {
    init: (params) => {
      const velocity = zerosLike(caller, params);
      return { step: zeroStep(), velocity: mu === 0 ? [] : velocity };
    },
    update: (grads, { step, velocity }, params) => {
      const factor = castForParam(negated(rateAt(caller, rate, step)));
      const next = add(step, 1);
      const stepAlong = (directions: readonly Tensor[]) =>
        unflatten(
          params,
          directions.map((d) => mul(factor(d), d)),
        );
      if (mu === 0)
        return {
          updates: stepAlong(leavesLikeParams(caller, params, { grads }).grads),
          state: { step: next, velocity },
        };
      const { grads: gs, "state.velocity": vs } = leavesLikeParams(caller, params, {
        grads,
        "state.velocity": velocity,
      });
      const newVelocities = gs.map((g, i) => axpy(mu, vs[i]!, g));
      const directions = nesterov ? gs.map((g, i) => axpy(mu, newVelocities[i]!, g)) : newVelocities;
      return {
        updates: stepAlong(directions),
        state: { step: next, velocity: unflatten(params as StateTree, newVelocities) },
      };
    },
  };
}

const negated = (x: TensorLike): TensorLike => (typeof x === "number" ? -x : neg(x));
