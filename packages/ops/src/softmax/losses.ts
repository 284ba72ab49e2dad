import type { Tensor, TensorLike } from "@wengert/core";
import { defineOp, type Op, prefixErrors, sharedFloat, toTensors, withDefaults } from "@wengert/core/extend";
import { broadcastShape } from "../declaring/axes.ts";
import { binaryCrossEntropyCause } from "../declaring/nonFiniteCauses.ts";
import { irregular, positive, type Sampled, type Wrapped, withSamples, wrapOp } from "../declaring/samples.ts";
import { mul, neg, numericDType, sub } from "../elementwise/arithmetic.ts";
import { sigmoid, square } from "../elementwise/functions.ts";
import { elementwise } from "../loops/strided.ts";
import { unbroadcast } from "../shapes/sum.ts";
import { type ReductionName, reduceLosses } from "./lossReduction.ts";

export interface LossOptions {
  /** How the losses of the elements are combined: their mean, their sum, or not at all. Default: "mean". */
  readonly reduction?: ReductionName | undefined;
}

const lossDefaults = { reduction: "mean" } as const;

type Loss = (prediction: TensorLike, target: TensorLike, options?: LossOptions) => Tensor;

/**
 * Returns the mean of (p − t)² over n predictions p and targets t, without a factor ½. The VJP maps the cotangent g to
 * 2 g (p − t) / n for p, and to its negative for t.
 */
export const mse: Sampled<Loss> = /* @__PURE__ */ withSamples<Loss>(
  (prediction, target, options) => {
    const { reduction } = withDefaults("mse", options, lossDefaults);
    const [p, t] = toTensors("mse", [prediction, target], 2) as [Tensor, Tensor];
    prefixErrors("mse", () => {
      broadcastShape([p, t], inputNames);
      (reduction === "mean" ? sharedFloat : numericDType)([p, t], inputNames);
    });
    return reduceLosses("mse", square(sub(p, t)), reduction);
  },
  () => [
    [irregular([2, 3]), irregular([3], 2)],
    [irregular([2]), irregular([2], 2), { reduction: "none" }],
  ],
);
const inputNames = ["prediction", "target"];

/**
 * Returns −t ln σ(x) − (1 − t) ln σ(−x) elementwise, for logits x, targets t in [0, 1] and the sigmoid σ. For t = 0 or
 * 1, the term with weight 0 counts as 0, even if x is infinite. The VJP maps the cotangent g to g ((1 − t) σ(x) − t
 * σ(−x)) for x, where nothing cancels, and −g x for t.
 */
const elementLosses: Op<readonly [logits: Tensor, target: Tensor]> = /* @__PURE__ */ defineOp({
  name: "binaryCrossEntropy",
  shape: (inputs) => broadcastShape(inputs, ["logits", "target"]),
  dtype: (inputs) => sharedFloat(inputs, ["logits", "target"]),
  kernel: (out, inputs) =>
    elementwise(out, inputs, (n, y, o, a, i, s, b, j, t) => {
      for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) {
        const x = a[p]!;
        const target = b[q]!;
        const tail = Math.log1p(Math.exp(-Math.abs(x)));
        const ifOne = target === 0 ? 0 : target * (Math.max(-x, 0) + tail);
        const ifZero = target === 1 ? 0 : (1 - target) * (Math.max(x, 0) + tail);
        y[o + l] = ifOne + ifZero;
      }
    }),
  vjp: [
    (g, { inputs: [x, t] }) => unbroadcast(mul(g, sub(mul(sub(1, t), sigmoid(x)), mul(t, sigmoid(neg(x))))), x),
    (g, { inputs: [x, t] }) => unbroadcast(neg(mul(g, x)), t),
  ],
  nonFinite: binaryCrossEntropyCause,
  samples: () => [[irregular([2, 3]), mul(positive([3]), 0.4)]],
});

/**
 * Returns the binary cross-entropy −t ln σ(x) − (1 − t) ln σ(−x) for logits x, targets t in [0, 1] and the sigmoid σ.
 * It is the cross-entropy of two classes, where x is the logit of the second class. The VJP maps the cotangent g to g
 * ((1 − t) σ(x) − t σ(−x)) for x and −g x for t. For t = 0 or 1, the term with weight 0 counts as 0.
 */
export const binaryCrossEntropy: Wrapped<Loss, typeof elementLosses> = /* @__PURE__ */ wrapOp<
  Loss,
  typeof elementLosses
>(
  elementLosses,
  (logits, target, options) => {
    const { reduction } = withDefaults("binaryCrossEntropy", options, lossDefaults);
    return reduceLosses("binaryCrossEntropy", elementLosses(logits, target), reduction);
  },
  () => [
    [irregular([2, 3]), mul(positive([2, 3], 2), 0.4)],
    [irregular([2]), mul(positive([2], 2), 0.4), { reduction: "sum" }],
  ],
);
