import type { Tensor } from "@wengert/core";
import { at, mse, slice, sqrt } from "@wengert/ops";
import { lbfgs } from "@wengert/train";
import { fieldOf, type Network } from "./network.ts";
import { allTimes, type Data, pendulum, trainingTimes } from "./pendulum.ts";
import { solve } from "./solver.ts";

/**
 * The parameters of the fit. The initial states of the trajectories are parameters too, because their observations have
 * noise.
 */
export interface Model {
  readonly network: Network;
  /** The state of each trajectory at time 0, [trajectories, 2]. */
  readonly start: Tensor;
}

/**
 * The result of one stage of the fit. Each stage fits the model to observations over a longer time than the previous
 * stage.
 */
export interface Stage {
  /** The number of time intervals whose observations the stage uses. */
  readonly count: number;
  readonly model: Model;
  readonly loss: number;
  readonly iterations: number;
  readonly evaluations: number;
}

/**
 * Returns the mean squared difference between the model's solution and the observations, over the first `count` time
 * intervals.
 */
export const lossOf = ({ network, start }: Model, observed: Tensor, count: number): Tensor =>
  mse(solve(fieldOf(network), start, { ...trainingTimes, count }), slice(observed, { stop: [count + 1] }));

/**
 * Fits the model by L-BFGS in three stages. They use the observations of the first fifth, the first half, and the whole
 * of the training time. Over a short time, even the solution of a badly fitted model stays near the observations. So
 * the early stages find good initial weights for the last stage.
 */
export function fitInStages(network: Network, { observed }: Data, maxIterations: number): Stage[] {
  let model: Model = { network, start: at(observed, 0) };
  return [1 / 5, 1 / 2, 1].map((fraction) => {
    const count = trainingTimes.count * fraction;
    const minimum = lbfgs<Model>((model) => lossOf(model, observed, count), model, { maxIterations });
    model = minimum.params;
    const { loss, iterations, evaluations } = minimum;
    return { count, model, loss, iterations, evaluations };
  });
}

/**
 * The trajectories that the fitted model predicts, and their errors. An error is the root mean square of the predicted
 * states minus the true states.
 */
export interface Forecast {
  /** The predicted states of the training trajectories at all times, [times, trajectories, 2]. */
  readonly fitted: Tensor;
  readonly unseen: Tensor;
  readonly errors: {
    readonly within: number;
    readonly beyond: number;
    readonly unseen: number;
    /** The root mean square of the true states after the training time, to compare with the error `beyond`. */
    readonly scale: number;
  };
}

export function forecast({ network, start }: Model, { truth, unseen }: Data): Forecast {
  const [fitted, other] = [start, at(unseen, 0)].map((from) => solve(fieldOf(network), from, allTimes)) as [
    Tensor,
    Tensor,
  ];
  const training = { stop: [trainingTimes.count + 1] };
  const later = { start: [trainingTimes.count + 1] };
  const beyond = slice(truth, later);
  return {
    fitted,
    unseen: other,
    errors: {
      within: distance(slice(fitted, training), slice(truth, training)),
      beyond: distance(slice(fitted, later), beyond),
      unseen: distance(other, unseen),
      scale: distance(beyond, 0),
    },
  };
}

/** Returns the root mean square of a − b. */
const distance = (a: Tensor, b: Tensor | number): number => sqrt(mse(a, b)).item();

/**
 * Returns the root mean square, over the given states, of the error of the derivative dz/dt that the network predicts
 * for the pendulum.
 */
export const fieldError = (network: Network, states: Tensor): number =>
  distance(fieldOf(network)(states), pendulum(states));
