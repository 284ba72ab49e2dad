import { type Tensor, valueAndGrad } from "@wengert/core";
import { axpy, dot } from "@wengert/ops";

/** The potential energy U(q) = −log p(q) + constant of a density p. The position q is a vector. */
export type Potential = (q: Tensor) => Tensor;

/** A position with its potential energy and the gradient of the potential energy. */
export interface Position {
  readonly q: Tensor;
  readonly potential: number;
  readonly gradient: Tensor;
}

/** A position and a momentum of the same shape. The mass is 1, so the momentum is also the velocity. */
export interface Phase extends Position {
  readonly momentum: Tensor;
}

/** Returns a function that computes the potential energy and its gradient at q. */
export function positionOf(potential: Potential): (q: Tensor) => Position {
  const valueAndGradient = valueAndGrad(potential);
  return (q) => {
    const { value, grad } = valueAndGradient(q);
    return { q, potential: value.item(), gradient: grad };
  };
}

/** Returns the total energy H = U(q) + |p|² / 2 for the momentum p. */
export const energyOf = ({ potential, momentum }: Phase): number => potential + dot(momentum, momentum).item() / 2;

/**
 * Follows Hamilton's equations dq/dt = p, dp/dt = −∇U(q) by leapfrog steps: half a step of the momentum, a step of the
 * position, half a step of the momentum. The last half step of the momentum and the first half step of the next
 * leapfrog step are merged, so each leapfrog step needs only one gradient.
 */
export function leapfrog(at: (q: Tensor) => Position, from: Phase, { stepSize, steps }: Trajectory): Phase {
  let position: Position = from;
  let momentum = axpy(-stepSize / 2, from.gradient, from.momentum);
  for (let i = 1; i <= steps; i++) {
    position = at(axpy(stepSize, momentum, position.q));
    momentum = axpy(i < steps ? -stepSize : -stepSize / 2, position.gradient, momentum);
  }
  return { ...position, momentum };
}

export interface Trajectory {
  readonly stepSize: number;
  readonly steps: number;
}
