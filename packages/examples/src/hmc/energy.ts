import { type Tensor, tensor } from "@wengert/core";
import { foldIn, randomNormal } from "@wengert/ops";
import { energyOf, leapfrog, type Potential, positionOf } from "./leapfrog.ts";

export interface EnergyError {
  readonly stepSize: number;
  /** The root mean square of the energy at the end of a trajectory minus the energy at its start. */
  readonly error: number;
}

/**
 * Returns the energy errors of trajectories. All trajectories have the same length in time, but different numbers of
 * steps. The trajectories start at the given positions, with normal momenta.
 */
export function energyErrors(
  potential: Potential,
  key: Tensor,
  positions: readonly (readonly number[])[],
  { length, steps }: { length: number; steps: readonly number[] },
): EnergyError[] {
  const at = positionOf(potential);
  const starts = positions.map((q, i) => ({
    ...at(tensor(q)),
    momentum: randomNormal(foldIn(key, i), { shape: [q.length] }),
  }));
  return steps.map((count) => {
    const stepSize = length / count;
    const errors = starts.map((from) => energyOf(leapfrog(at, from, { stepSize, steps: count })) - energyOf(from));
    return { stepSize, error: Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length) };
  });
}
