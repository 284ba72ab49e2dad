import { grad, hessian, OutOfRangeError, type Tensor, tensor } from "@wengert/core";
import { cos, div, mean, mul, sin, sqrt, square, stack, sub } from "@wengert/ops";

/** A way to solve E − e sin E = M for E. */
export type Kepler = (M: Tensor, e: Tensor) => Tensor;

/** E for one M, by Newton's method: from 0 to π the left side is convex, so that from above it falls to the root, and stops. */
export function root(M: number, e: number): number {
  if (!(e >= 0 && e < 1)) throw new OutOfRangeError(`kepler: expected e from 0 to below 1, an ellipse; got ${e}`);
  const turns = 2 * Math.PI * Math.round(M / (2 * Math.PI));
  const rest = Math.abs(M - turns);
  let E = Math.min(rest + e, Math.PI);
  for (;;) {
    const next = E - (E - e * Math.sin(E) - rest) / (1 - e * Math.cos(E));
    if (!(next < E)) return turns + Math.sign(M - turns) * E;
    E = next;
  }
}

/** ∂M/∂E. */
export const slope = (E: Tensor, e: Tensor): Tensor => sub(1, mul(e, cos(E)));

/** The same by eight steps of Newton's method, all of them made of ops. */
export function keplerInSteps(M: Tensor, e: Tensor): Tensor {
  let E = M;
  for (let i = 0; i < 8; i++) E = sub(E, div(sub(sub(E, mul(e, sin(E))), M), slope(E, e)));
  return E;
}

/** Where on its ellipse a planet is as its sun sees it, x above y, in units of the longer half axis. */
export const placeAt = (E: Tensor, e: Tensor): Tensor => stack([sub(cos(E), e), mul(sqrt(sub(1, square(e))), sin(E))]);

/** A guess at the eccentricity, and the derivative of the loss there. */
export interface Guess {
  readonly e: number;
  readonly slope: number;
}

/** The eccentricity from the places seen at the times M, by Newton's method: e ← e − L′(e) / L″(e), from ½ on. */
export function findEccentricity(kepler: Kepler, M: Tensor, seen: Tensor, steps: number): Guess[] {
  const loss = (e: Tensor) => mean(square(sub(placeAt(kepler(M, e), e), seen)));
  const guesses: Guess[] = [];
  let e = tensor(0.5);
  for (let i = 0; i <= steps; i++) {
    const slope = grad(loss)(e);
    guesses.push({ e: e.item(), slope: slope.item() });
    e = sub(e, div(slope, hessian(loss)(e)));
  }
  return guesses;
}
