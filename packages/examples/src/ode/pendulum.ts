import { type Tensor, tensor } from "@wengert/core";
import { add, mul, neg, randomNormal, sin, slice, stack, unstack } from "@wengert/ops";
import { type Field, solve, type Times } from "./solver.ts";

/** The friction coefficient c of the pendulum. */
export const damping = 0.15;

/** Computes the field of a damped pendulum with angle θ and velocity ω: dθ/dt = ω and dω/dt = −sin θ − c ω. */
export const pendulum: Field = (z) => {
  const [angle, velocity] = unstack(z, { axis: 1 }) as [Tensor, Tensor];
  return stack([velocity, neg(add(sin(angle), mul(damping, velocity)))], { axis: 1 });
};

/**
 * The times of the observations for training: every 0.2, up to time 10. The solver takes two steps between
 * observations.
 */
export const trainingTimes: Times = { h: 0.1, steps: 2, count: 50 };
/**
 * The times of all observations, up to time 20. The first half is for training, and the second half tests the
 * extrapolation.
 */
export const allTimes: Times = { ...trainingTimes, count: 2 * trainingTimes.count };
export const timeOf = (k: number): number => k * trainingTimes.h * trainingTimes.steps;

/**
 * The true start of each training trajectory: angle and velocity. At each start, the energy is too low for the pendulum
 * to swing over the top.
 */
const starts = [
  [2.4, 0],
  [-1.8, 0.6],
  [1.2, 1],
  [-0.8, -1.2],
  [2, -0.9],
  [-0.5, 0.3],
];
/** The start of a trajectory that the fit does not use. */
const unseenStart = [[1.6, 0.5]];

export interface Data {
  /** The true states at all times, [times, trajectories, 2]. */
  readonly truth: Tensor;
  /** The noisy observations for training: the true states at the training times, plus noise. */
  readonly observed: Tensor;
  /** The true states of a test trajectory, which the fit does not use, [times, 1, 2]. */
  readonly unseen: Tensor;
}

/** Simulates the pendulum, and adds normal noise with standard deviation `noise` to angles and velocities. */
export function simulate(key: Tensor, noise: number): Data {
  const truth = solve(pendulum, tensor(starts), allTimes);
  const seen = slice(truth, { stop: [trainingTimes.count + 1] });
  const observed = add(seen, mul(noise, randomNormal(key, { shape: seen.shape })));
  return { truth, observed, unseen: solve(pendulum, tensor(unseenStart), allTimes) };
}
