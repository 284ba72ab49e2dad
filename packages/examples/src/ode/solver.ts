import type { Tensor } from "@wengert/core";
import { add, axpy, stack } from "@wengert/ops";

/** The right-hand side f of the differential equation dz/dt = f(z). Each row of z is the state of one trajectory. */
export type Field = (z: Tensor) => Tensor;

/** Advances z by the time h, with one step of the Runge–Kutta method of order 4 (W. Kutta 1901). */
export function rungeKutta(field: Field, z: Tensor, h: number): Tensor {
  const k1 = field(z);
  const k2 = field(axpy(h / 2, k1, z));
  const k3 = field(axpy(h / 2, k2, z));
  const k4 = field(axpy(h, k3, z));
  return axpy(h / 6, add(axpy(2, add(k2, k3), k1), k4), z);
}

/** Advances z by `steps` Runge–Kutta steps of length h. */
export function advance(field: Field, z: Tensor, { h, steps }: { h: number; steps: number }): Tensor {
  let state = z;
  for (let i = 0; i < steps; i++) state = rungeKutta(field, state, h);
  return state;
}

/**
 * The times of the states that `solve` returns: time 0, and the end of each of `count` intervals. An interval consists
 * of `steps` Runge–Kutta steps of length `h`.
 */
export interface Times {
  readonly h: number;
  readonly steps: number;
  readonly count: number;
}

/** Solves dz/dt = f(z) from `start`, [n, 2]. Returns the states at time 0 and after each interval, [count + 1, n, 2]. */
export function solve(field: Field, start: Tensor, { count, ...interval }: Times): Tensor {
  const states = [start];
  for (let k = 0; k < count; k++) states.push(advance(field, states[k]!, interval));
  return stack(states);
}
