import type { Tensor } from "@wengert/core";
import { foldIn, randomNormal, randomUniform, splitKey } from "@wengert/ops";
import { energyOf, leapfrog, type Position, type Potential, positionOf } from "./leapfrog.ts";
import { type Adaptation, adapt, reasonableStepSize, startAdaptation } from "./stepSize.ts";

export interface Settings {
  /**
   * The number of warm-up draws, which adapt the step size. The warm-up draws do not count as draws from the density.
   */
  readonly warmUp: number;
  readonly draws: number;
  /** The mean length of a trajectory, in units of time. */
  readonly length: number;
  /** The mean acceptance probability that the adaptation aims at. */
  readonly target: number;
}

export interface Chain {
  /**
   * The positions that the chain drew during the warm-up. Each row is a position. `draws` has the positions after the
   * warm-up.
   */
  readonly warmUp: readonly (readonly number[])[];
  readonly draws: readonly (readonly number[])[];
  /** The state of the step-size adaptation after each warm-up trajectory. */
  readonly adaptations: readonly Adaptation[];
  /** The step size of all trajectories after the warm-up. */
  readonly stepSize: number;
  /** The mean acceptance probability after the warm-up. */
  readonly acceptance: number;
  /** The number of trajectories after the warm-up whose energy error exceeds 1000, as in Stan. */
  readonly divergences: number;
  /** The number of gradients that the sampler has computed, including the warm-up. */
  readonly gradients: number;
}

/**
 * The largest number of leapfrog steps in a trajectory. The limit applies if the adaptation makes the step size very
 * small. Stan has the same limit.
 */
const mostSteps = 1023;

/**
 * Draws from the density exp(−U) by Hamiltonian Monte Carlo (S. Duane and others 1987; R. Neal 2011). For each draw,
 * the chain follows a trajectory with a new, normally distributed momentum. The chain moves to the trajectory's end
 * with probability min(1, exp(−ΔH)), where ΔH is the energy error of the trajectory. Otherwise the chain stays at its
 * position.
 */
export function sample(potential: Potential, key: Tensor, start: Tensor, settings: Settings): Chain {
  const { warmUp, draws, length, target } = settings;
  const locate = positionOf(potential);
  let gradients = 0;
  const at = (q: Tensor) => {
    gradients++;
    return locate(q);
  };
  const momentumOf = (key: Tensor) => randomNormal(key, { shape: start.shape });

  let current: Position = at(start);
  let adaptation = startAdaptation(reasonableStepSize(at, { ...current, momentum: momentumOf(foldIn(key, 0)) }));
  const rows: number[][] = [];
  const adaptations: Adaptation[] = [];
  let [acceptances, divergences] = [0, 0];
  for (let i = 1; i <= warmUp + draws; i++) {
    const [momentumKey, uniformKey] = splitKey(foldIn(key, i));
    const [u, v] = randomUniform(uniformKey, { shape: [2] }).toNested<[number, number]>();
    const stepSize = i <= warmUp ? adaptation.stepSize : adaptation.averaged;
    // The length of the trajectory is random. A fixed length could be close to a period of the motion, and the
    // trajectory would then end near its start (Neal 2011).
    const steps = Math.min(mostSteps, Math.max(1, Math.round((length * (0.5 + u)) / stepSize)));
    const from = { ...current, momentum: momentumOf(momentumKey) };
    const end = leapfrog(at, from, { stepSize, steps });
    const error = energyOf(end) - energyOf(from);
    const acceptance = error < Infinity ? Math.min(1, Math.exp(-error)) : 0; // NaN is not accepted
    if (v < acceptance) current = { q: end.q, potential: end.potential, gradient: end.gradient };
    rows.push(current.q.toNested<number[]>());
    if (i <= warmUp) {
      adaptation = adapt(adaptation, acceptance, target);
      adaptations.push(adaptation);
    } else {
      acceptances += acceptance;
      if (!(error < 1000)) divergences++;
    }
  }
  return {
    warmUp: rows.slice(0, warmUp),
    draws: rows.slice(warmUp),
    adaptations,
    stepSize: adaptation.averaged,
    acceptance: acceptances / draws,
    divergences,
    gradients,
  };
}
