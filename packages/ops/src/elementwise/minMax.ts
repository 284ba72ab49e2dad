import type { Tensor } from "@wengert/core";
import { type Binary, defineOp, type Op, sharedFloat } from "@wengert/core/extend";
import { broadcastShape } from "../declaring/axes.ts";
import { irregular } from "../declaring/samples.ts";
import { type ElementwiseLoop, elementwise } from "../loops/strided.ts";
import { differenceError } from "../numerics/doubleDouble.ts";
import { exp } from "../numerics/exponential.ts";
import { sigmoid } from "../numerics/logistic.ts";
import { unbroadcast } from "../shapes/sum.ts";
import { mul, neg, numericDType } from "./arithmetic.ts";
import { equal, greater } from "./compare.ts";
import { where } from "./where.ts";

/**
 * Declares an elementwise minimum or maximum. The selected input receives the cotangent; equal inputs receive half
 * each. The result is NaN if either input is NaN.
 */
function extremeOp(name: string, loop: ElementwiseLoop, isTaken: (x: Tensor, other: Tensor) => Tensor): Op<Binary> {
  const cotangentFor = (g: Tensor, x: Tensor, other: Tensor) =>
    unbroadcast(where(isTaken(x, other), g, where(equal(x, other), mul(g, 0.5), 0)), x);
  return defineOp<Binary>({
    name,
    shape: (inputs) => broadcastShape(inputs),
    dtype: (inputs) => numericDType(inputs),
    batch: "broadcast",
    kernel: (out, inputs) => elementwise(out, inputs, loop),
    vjp: [(g, { inputs: [a, b] }) => cotangentFor(g, a, b), (g, { inputs: [a, b] }) => cotangentFor(g, b, a)],
    samples: () => [
      [irregular([2, 2]), irregular([2, 2], 2)],
      [irregular([2, 1]), irregular([3], 2)],
    ],
  });
}

/**
 * Returns y = max(a, b) elementwise; NaN if either is NaN. The larger input receives the cotangent; equal inputs
 * receive half each.
 */
export const maximum: Op<Binary> = /* @__PURE__ */ extremeOp(
  "maximum",
  (n, y, o, a, i, s, b, j, t) => {
    for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = Math.max(a[p]!, b[q]!);
  },
  (x, other) => greater(x, other),
);

/**
 * Returns y = min(a, b) elementwise; NaN if either is NaN. The smaller input receives the cotangent; equal inputs
 * receive half each.
 */
export const minimum: Op<Binary> = /* @__PURE__ */ extremeOp(
  "minimum",
  (n, y, o, a, i, s, b, j, t) => {
    for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = Math.min(a[p]!, b[q]!);
  },
  (x, other) => greater(other, x),
);

/**
 * Returns y = ln(eᵃ + eᵇ), computed as max(a, b) + log1p(e^−|a − b|). The VJP maps the cotangent g to g σ(a − b) for a
 * and g σ(b − a) for b, where σ is the sigmoid. If a = b = −Infinity, y is −Infinity and the gradient is 0.
 */
export const logAddExp: Op<Binary> = /* @__PURE__ */ defineOp({
  name: "logAddExp",
  shape: (inputs) => broadcastShape(inputs),
  dtype: (inputs) => sharedFloat(inputs),
  batch: "broadcast",
  kernel: (out, inputs) =>
    elementwise(out, inputs, (n, y, o, a, i, s, b, j, t) => {
      for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) {
        const larger = Math.max(a[p]!, b[q]!);
        const smaller = Math.min(a[p]!, b[q]!);
        const x = smaller - larger;
        y[o + l] =
          Math.abs(larger) === Infinity ? larger : larger + Math.log1p(exp(x, differenceError(smaller, larger, x)));
      }
    }),
  vjp: [
    (g, { inputs: [a, b] }) => unbroadcast(mul(g, logAddExpSlope(a, b)), a),
    (g, { inputs: [a, b] }) => unbroadcast(mul(g, logAddExpSlope(b, a)), b),
  ],
  samples: () => [
    [irregular([2, 2]), irregular([2, 2], 2)],
    [irregular([2, 1]), irregular([3], 2)],
  ],
});

/**
 * Returns the derivative of logAddExp by a, y = eᵃ / (eᵃ + eᵇ). y is computed as σ(a − b), for the sigmoid σ, and
 * corrected for the rounding error of a − b. The VJP maps the cotangent g to g y σ(b − a) for a, and to −g y σ(b − a)
 * for b. If a = b = −Infinity, y is 0.
 */
export const logAddExpSlope: Op<Binary> = /* @__PURE__ */ defineOp({
  name: "logAddExpSlope",
  shape: (inputs) => broadcastShape(inputs),
  dtype: (inputs) => sharedFloat(inputs),
  batch: "broadcast",
  kernel: (out, inputs) =>
    elementwise(out, inputs, (n, y, o, a, i, s, b, j, t) => {
      for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) {
        const x = a[p]! - b[q]!;
        const areBothZero = a[p] === -Infinity && b[q] === -Infinity;
        y[o + l] = areBothZero ? 0 : sigmoid(x, differenceError(a[p]!, b[q]!, x));
      }
    }),
  vjp: [
    (g, { inputs: [a, b], output: y }) => unbroadcast(mul(g, mul(y, logAddExpSlope(b, a))), a),
    (g, { inputs: [a, b], output: y }) => unbroadcast(neg(mul(g, mul(y, logAddExpSlope(b, a)))), b),
  ],
  samples: () => [
    [irregular([2, 2]), irregular([2, 2], 2)],
    [irregular([2, 1]), irregular([3], 2)],
  ],
});
