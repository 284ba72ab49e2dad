import { grad, hessian, OutOfRangeError, ShapeError, type Tensor, tensor } from "@wengert/core";
import { defineOp, describe, isSameShape, type Op } from "@wengert/core/extend";
import { add, cos, div, expr, mean, mul, neg, sin, sqrt, square, stack, sub } from "@wengert/ops";
import ops from "ndarray-ops";

/** A function that solves Kepler's equation E − e sin E = M for E. */
export type Kepler = (M: Tensor, e: Tensor) => Tensor;

/**
 * Solves Kepler's equation E − e sin E = M for a single number M by Newton's method. The function E − e sin E is convex
 * for E in [0, π], so Newton's iterates above the root decrease toward the root. The loop ends when an iterate is not
 * smaller than the previous one.
 */
export function root(M: number, e: number): number {
  if (!(e >= 0 && e < 1)) throw new OutOfRangeError(`kepler: expected an eccentricity e in [0, 1), got ${e}`);
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
export const slope = (E: Tensor, e: Tensor): Tensor => expr`1 - ${e} * ${cos(E)}`;

/** Solves Kepler's equation by eight steps of Newton's method, written in ops. */
export function keplerInSteps(M: Tensor, e: Tensor): Tensor {
  let E = M;
  for (let i = 0; i < 8; i++) E = expr`${E} - (${E} - ${e} * ${sin(E)} - ${M}) / ${slope(E, e)}`;
  return E;
}

/** Returns the coordinates of a planet relative to its sun, in units of the semi-major axis. */
const coordinates = (E: Tensor, e: Tensor): [x: Tensor, y: Tensor] => [
  sub(cos(E), e),
  mul(sqrt(sub(1, square(e))), sin(E)),
];

/** Returns the coordinates of the planet as one tensor, with x in row 0 and y in row 1. */
export const placeAt = (E: Tensor, e: Tensor): Tensor => stack(coordinates(E, e));

/** Returns φ = atan2(y, x) for equal shapes. A cotangent g of φ gives ȳ = g x / (x² + y²) and x̄ = −g y / (x² + y²). */
export const atan2: Op<readonly [y: Tensor, x: Tensor]> = defineOp({
  name: "atan2",
  shape: ([y, x]) => {
    if (isSameShape(y.shape, x.shape)) return y.shape;
    throw new ShapeError(`${describe(y, "y")} and ${describe(x, "x")} differ in shape; use broadcastTo`);
  },
  kernel: (out, [y, x]) => ops.atan2(out, y, x),
  vjp: [
    (g, { inputs: [y, x] }) => div(mul(g, x), add(square(x), square(y))),
    (g, { inputs: [y, x] }) => neg(div(mul(g, y), add(square(x), square(y)))),
  ],
  samples: () => [[tensor([1, -2]), tensor([3, 0.5])]],
});

/** Returns the true anomaly ν: the angle of the planet at its sun, measured from perihelion. */
export function angleAt(E: Tensor, e: Tensor): Tensor {
  const [x, y] = coordinates(E, e);
  return atan2(y, x);
}

/** An estimate e of the eccentricity, and the derivative of the loss at e. */
export interface Guess {
  readonly e: number;
  readonly slope: number;
}

/** Estimates the eccentricity e from observed positions, by Newton's method e ← e − L′(e) / L″(e) from e = ½. */
export function findEccentricity(kepler: Kepler, M: Tensor, seen: Tensor, steps: number): Guess[] {
  const loss = (e: Tensor) => mean(square(sub(placeAt(kepler(M, e), e), seen)));
  const guesses: Guess[] = [];
  let e = tensor(0.5);
  for (let i = 0; i <= steps; i++) {
    const slope = grad(loss)(e);
    guesses.push({ e: e.item(), slope: slope.item() });
    e = expr`${e} - ${slope} / ${hessian(loss)(e)}`;
  }
  return guesses;
}
