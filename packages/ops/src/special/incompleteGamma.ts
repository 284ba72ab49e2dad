import { ArgumentError, type Tensor } from "@wengert/core";
import { defineOp, type Op } from "@wengert/core/extend";
import { broadcastShape } from "../declaring/axes.ts";
import { pairDomainCause } from "../declaring/nonFiniteCauses.ts";
import { positive } from "../declaring/samples.ts";
import { div, mul, sub } from "../elementwise/arithmetic.ts";
import { pairLoopOf } from "../elementwise/declaring.ts";
import { type ElementwiseLoop, elementwise } from "../loops/strided.ts";
import * as numerics from "../numerics/incompleteGamma.ts";
import { unbroadcast } from "../shapes/sum.ts";

// This file declares the regularized lower incomplete gamma function, which is the distribution function of the gamma
// distribution.

type Inputs = readonly [a: Tensor, x: Tensor];

/**
 * Declares an op of two inputs a and x that is differentiable in x only. `rule` returns the cotangent of x before it is
 * summed to the shape of x.
 */
function functionOfX(
  name: string,
  loop: ElementwiseLoop,
  toX: (g: Tensor, a: Tensor, x: Tensor, y: Tensor) => Tensor,
): Op<Inputs> {
  return defineOp<Inputs>({
    name,
    shape: (inputs) => broadcastShape(inputs, ["a", "x"]),
    batch: "broadcast",
    kernel: (out, inputs) => elementwise(out, inputs, loop),
    vjp: [
      () => {
        throw new ArgumentError(`${name}: only x has a derivative, not a; write stopGradient(a) to hold a constant`);
      },
      (g, { inputs: [a, x], output: y }) => unbroadcast(toX(g, a, x, y), x),
    ],
    nonFinite: pairDomainCause("a > 0, x > 0", (a, x) => a > 0 && x > 0),
    samples: () => [[2.5, positive([2, 2])]],
  });
}

/**
 * Returns y = P(a, x) = 1/Γ(a) ∫ tᵃ⁻¹ e⁻ᵗ dt from 0 to x, for a, x ≥ 0; NaN for negative numbers. The VJP for x maps
 * the cotangent g to g xᵃ⁻¹ e⁻ˣ / Γ(a).
 * @throws ArgumentError if a derivative by a is needed
 */
export const gammainc: Op<Inputs> = /* @__PURE__ */ functionOfX(
  "gammainc",
  /* @__PURE__ */ pairLoopOf(numerics.gammainc),
  (g, a, x) => mul(g, gammaincSlope(a, x)),
);

/**
 * Returns the derivative of gammainc by x, y = xᵃ⁻¹ e⁻ˣ / Γ(a), the density of the gamma distribution. The VJP for x
 * maps the cotangent g to g y (a − 1 − x) / x.
 * @throws ArgumentError if a derivative by a is needed
 */
export const gammaincSlope: Op<Inputs> = /* @__PURE__ */ functionOfX(
  "gammaincSlope",
  /* @__PURE__ */ pairLoopOf(numerics.gammaincSlope),
  (g, a, x, y) => mul(g, mul(y, div(sub(sub(a, x), 1), x))),
);
