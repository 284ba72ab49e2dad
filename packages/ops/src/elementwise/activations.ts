import { ArgumentError } from "@wengert/core";
import { defineOp, type Op, show, type Unary } from "@wengert/core/extend";
import { irregular } from "../declaring/samples.ts";
import { elementwise } from "../loops/strided.ts";
import * as numerics from "../numerics/silu.ts";
import { mul, sub } from "./arithmetic.ts";
import { clip } from "./clip.ts";
import { greater } from "./compare.ts";
import { elementwiseFunction, loopOf } from "./declaring.ts";
import { exp, sigmoidSlope, tanh } from "./functions.ts";
import { where } from "./where.ts";

// This file declares activation functions of neural networks. Sigmoid, tanh, softplus, gelu and relu are in
// functions.ts.

/**
 * Returns y = x σ(x), where σ is the sigmoid; also called swish. The VJP maps the cotangent g to g (σ(x) + x σ′(x)).
 */
export const silu: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "silu",
  /* @__PURE__ */ loopOf(numerics.silu),
  (g, { inputs: [x] }) => mul(g, siluSlope(x)),
);

/**
 * Returns the derivative of silu, y = σ(x) + x σ′(x), where σ is the sigmoid. y is accurate in the tail and near its
 * zero at −1.2785. The VJP maps the cotangent g to g σ′(x) (2 − x tanh(x/2)).
 */
export const siluSlope: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "siluSlope",
  /* @__PURE__ */ loopOf(numerics.siluSlope),
  (g, { inputs: [x] }) => {
    const t = clip(x, { min: -800, max: 800 }); // σ′(±800) is 0; unclipped, Infinity × 0 would give NaN
    return mul(g, mul(sigmoidSlope(t), sub(2, mul(t, tanh(mul(t, 0.5))))));
  },
);

interface EluOptions {
  /** The scale α for negative x: the output y approaches −α as x decreases. Default: 1. */
  readonly alpha?: number | undefined;
}

/**
 * Returns y = x for x > 0 and α (eˣ − 1) otherwise, where α is the option `alpha`. The VJP maps the cotangent g to g
 * for x > 0 and to g α eˣ otherwise.
 */
export const elu: Op<Unary, { readonly alpha: number }, EluOptions> = /* @__PURE__ */ defineOp<
  Unary,
  { readonly alpha: number },
  EluOptions
>({
  name: "elu",
  options: { alpha: 1 },
  params: ({ alpha }) => ({ alpha: numberOption("alpha", alpha) }),
  shape: ([x]) => x.shape,
  batch: "broadcast",
  kernel: (out, inputs, { alpha }) =>
    elementwise(out, inputs, (n, y, o, a, i, s) => {
      for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = a[p]! > 0 ? a[p]! : alpha * Math.expm1(a[p]!);
    }),
  vjp: [
    (g, { inputs: [x], params: { alpha } }) => {
      const isPositive = greater(x, 0);
      return where(isPositive, g, mul(mul(g, alpha), exp(where(isPositive, 0, x))));
    },
  ],
  samples: () => [[irregular([2, 3])], [irregular([3], 2), { alpha: 0.5 }]],
});

interface LeakyReluOptions {
  /** The slope of the function for x below 0. Default: 0.01. */
  readonly slope?: number | undefined;
}

/**
 * Returns y = x for x > 0 and s x otherwise, where s is the option `slope`. The VJP maps the cotangent g to g for x > 0
 * and to s g otherwise. The derivative at 0 is s.
 */
export const leakyRelu: Op<Unary, { readonly slope: number }, LeakyReluOptions> = /* @__PURE__ */ defineOp<
  Unary,
  { readonly slope: number },
  LeakyReluOptions
>({
  name: "leakyRelu",
  options: { slope: 0.01 },
  params: ({ slope }) => ({ slope: numberOption("slope", slope) }),
  shape: ([x]) => x.shape,
  batch: "broadcast",
  kernel: (out, inputs, { slope }) =>
    elementwise(out, inputs, (n, y, o, a, i, s) => {
      for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = a[p]! > 0 ? a[p]! : slope * a[p]!;
    }),
  vjp: [(g, { inputs: [x], params: { slope } }) => where(greater(x, 0), g, mul(g, slope))],
  samples: () => [[irregular([2, 3])], [irregular([3], 2), { slope: -0.5 }]],
});

/** Returns the value of an option that must be a finite number. @throws ArgumentError otherwise. */
function numberOption(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new ArgumentError(`${name} must be a finite number, got ${show(value)}`);
}
