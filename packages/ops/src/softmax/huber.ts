import { OutOfRangeError, type Tensor, type TensorLike } from "@wengert/core";
import { defineOp, type Op, show, withDefaults } from "@wengert/core/extend";
import { overflowCause } from "../declaring/nonFiniteCauses.ts";
import { irregular, type Wrapped, wrapOp } from "../declaring/samples.ts";
import { mul, neg, sub } from "../elementwise/arithmetic.ts";
import { clip } from "../elementwise/clip.ts";
import { elementwise } from "../loops/strided.ts";
import { unbroadcast } from "../shapes/sum.ts";
import type { LossOptions } from "./losses.ts";
import { reduceLosses } from "./lossReduction.ts";
import { batchOfLosses, lossShape } from "./lossShape.ts";

export interface HuberOptions extends LossOptions {
  /** The size of the difference at which the loss turns from a square into a line. Default: 1. */
  readonly delta?: number | undefined;
}

type Huber = (prediction: TensorLike, target: TensorLike, options?: HuberOptions) => Tensor;
type Losses = Op<readonly [prediction: Tensor, target: Tensor], { readonly delta: number }>;

const elementLosses: Losses = /* @__PURE__ */ defineOp<
  readonly [prediction: Tensor, target: Tensor],
  { readonly delta: number }
>({
  name: "huber",
  options: { delta: 1 },
  params: ({ delta }) => {
    if (typeof delta === "number" && delta > 0 && delta < Infinity) return { delta };
    throw new OutOfRangeError(`delta must be a positive number, got ${show(delta)}`);
  },
  shape: (inputs) => lossShape(inputs, ["prediction", "target"]),
  batch: batchOfLosses,
  kernel: (out, inputs, { delta }) =>
    elementwise(out, inputs, (n, y, o, a, i, s, b, j, t) => {
      for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) {
        const d = Math.abs(a[p]! - b[q]!);
        y[o + l] = d > delta ? delta * (d - delta / 2) : (d * d) / 2;
      }
    }),
  vjp: [
    (g, { inputs: [p, t], params: { delta } }) => unbroadcast(mul(g, clippedDifference(p, t, delta)), p),
    (g, { inputs: [p, t], params: { delta } }) => unbroadcast(neg(mul(g, clippedDifference(p, t, delta))), t),
  ],
  nonFinite: overflowCause,
  samples: () => [[irregular([2, 3]), irregular([2, 3], 2), { delta: 1 }]],
});

const clippedDifference = (p: Tensor, t: Tensor, delta: number): Tensor => clip(sub(p, t), { min: -delta, max: delta });

/**
 * Returns the mean of the Huber losses of d = prediction − target: ½ d² if |d| ≤ δ, else δ (|d| − ½ δ), where δ is the
 * option `delta`. Large differences count linearly, so outliers weigh less than in mse. Let c be d clipped to ±δ. The
 * VJP maps the cotangent g of a loss to g c for the prediction and −g c for the target.
 */
export const huber: Wrapped<Huber, Losses> = /* @__PURE__ */ wrapOp<Huber, Losses>(
  elementLosses,
  (prediction, target, options) => {
    const { reduction, delta = 1 } = withDefaults("huber", options, defaults);
    return reduceLosses("huber", elementLosses(prediction, target, { delta }), reduction);
  },
  () => [
    [irregular([2, 3]), irregular([2, 3], 2)],
    [irregular([3]), 0.25, { delta: 0.5, reduction: "sum" }],
    [irregular([2]), irregular([2], 2), { reduction: "none" }],
  ],
);
const defaults = { reduction: "mean", delta: 1 } as const;
