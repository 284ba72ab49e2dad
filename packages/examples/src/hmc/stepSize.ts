import type { Tensor } from "@wengert/core";
import { energyOf, leapfrog, type Phase, type Position } from "./leapfrog.ts";

// Dual averaging (M. Hoffman and A. Gelman 2014, The No-U-Turn Sampler, JMLR 15, algorithms 4 and 5). The comments use
// the symbols of the paper.

/** The state of the adaptation. */
export interface Adaptation {
  /** The step size of the next trajectory, ε. */
  readonly stepSize: number;
  /**
   * The step size to use after the adaptation: exp of a weighted mean of log ε. Early values of ε have little weight.
   */
  readonly averaged: number;
  /** The number of updates, m. */
  readonly updates: number;
  /**
   * The mean H̄ of the target acceptance probability minus the acceptance probability of a trajectory. Recent
   * trajectories have more weight.
   */
  readonly shortfall: number;
  /** The value μ toward which the adaptation pulls the log of the step size, log ε. */
  readonly center: number;
}

const [gamma, t0, kappa] = [0.05, 10, 0.75]; // the values of the paper

/**
 * Starts the adaptation with the given step size. The adaptation is biased toward a step size ten times as large,
 * because a trajectory with large steps needs fewer gradients.
 */
export const startAdaptation = (stepSize: number): Adaptation => ({
  stepSize,
  averaged: 1,
  updates: 0,
  shortfall: 0,
  center: Math.log(10 * stepSize),
});

/** Updates the step size after a trajectory with the given acceptance probability. */
export function adapt(from: Adaptation, acceptance: number, target: number): Adaptation {
  const updates = from.updates + 1;
  const weight = 1 / (updates + t0);
  const shortfall = (1 - weight) * from.shortfall + weight * (target - acceptance);
  const logStep = from.center - (Math.sqrt(updates) / gamma) * shortfall;
  const newest = updates ** -kappa;
  const averaged = Math.exp(newest * logStep + (1 - newest) * Math.log(from.averaged));
  return { stepSize: Math.exp(logStep), averaged, updates, shortfall, center: from.center };
}

/**
 * Returns a first step size, found by trying single leapfrog steps. Starts with a step size of 1. If the acceptance
 * probability of the leapfrog step exceeds 1/2, doubles the step size until the probability is at most 1/2. Otherwise
 * halves the step size until the probability exceeds 1/2.
 */
export function reasonableStepSize(at: (q: Tensor) => Position, from: Phase): number {
  const exceedsHalf = (stepSize: number) =>
    energyOf(from) - energyOf(leapfrog(at, from, { stepSize, steps: 1 })) > -Math.LN2;
  const grow = exceedsHalf(1);
  let stepSize = 1;
  while (exceedsHalf(stepSize) === grow && stepSize > 1e-9 && stepSize < 1e9) stepSize *= grow ? 2 : 0.5;
  return stepSize;
}
