import { type DType, OutOfRangeError, type Tensor, type TensorLike, tensor } from "@wengert/core";
import {
  defineOp,
  type Op,
  prefixErrors,
  ravel,
  sharedFloat,
  toTensors,
  type Unary,
  withDefaults,
} from "@wengert/core/extend";
import { binaryCrossEntropyCause } from "../declaring/nonFiniteCauses.ts";
import { irregular, positive, type Sampled, type Wrapped, withSamples, wrapOp } from "../declaring/samples.ts";
import { mul, neg, numericDType, sub } from "../elementwise/arithmetic.ts";
import { sigmoid, square } from "../elementwise/functions.ts";
import { elementwise } from "../loops/strided.ts";
import { unbroadcast } from "../shapes/sum.ts";
import { type ReductionName, reduceLosses } from "./lossReduction.ts";
import { batchOfLosses, lossShape } from "./lossShape.ts";

export interface LossOptions {
  /**
   * How to combine the losses of the elements: "mean", "sum", or "none", which returns the losses themselves. Default:
   * "mean".
   */
  readonly reduction?: ReductionName | undefined;
}

const lossDefaults = { reduction: "mean" } as const;

type Loss = (prediction: TensorLike, target: TensorLike, options?: LossOptions) => Tensor;

/**
 * Returns the mean of (p − t)² over n predictions p and targets t, without a factor ½. The VJP maps the cotangent g to
 * 2 g (p − t) / n for p, and to 2 g (t − p) / n for t.
 */
export const mse: Sampled<Loss> = /* @__PURE__ */ withSamples<Loss>(
  (prediction, target, options) => {
    const { reduction } = withDefaults("mse", options, lossDefaults);
    const [p, t] = toTensors("mse", [prediction, target], 2) as [Tensor, Tensor];
    prefixErrors("mse", () => {
      lossShape([p, t], inputNames);
      (reduction === "mean" ? sharedFloat : numericDType)([p, t], inputNames);
    });
    return reduceLosses("mse", square(sub(p, t)), reduction);
  },
  () => [
    [irregular([2, 3]), irregular([2, 3], 2)],
    [irregular([2]), irregular([2], 2), { reduction: "none" }],
    [irregular([3]), irregular([], 2)],
  ],
);
const inputNames = ["prediction", "target"] as const;

const logitNames = ["logits", "target"] as const;

/**
 * Returns −t ln σ(x) − (1 − t) ln σ(−x) elementwise, for logits x, targets t in [0, 1] and the sigmoid σ. For t = 0 or
 * 1, the term with weight 0 counts as 0, even if x is infinite. The VJP maps the cotangent g to g ((1 − t) σ(x) − t
 * σ(−x)) for x and −g x for t. If t is 0 or 1, no digits cancel in the formula for x.
 */
const elementLosses: Op<readonly [logits: Tensor, target: Tensor]> = /* @__PURE__ */ defineOp({
  name: "binaryCrossEntropy",
  shape: (inputs) => lossShape(inputs, logitNames),
  dtype: (inputs) => sharedFloat(inputs, logitNames),
  batch: batchOfLosses,
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
  samples: () => [[irregular([2, 3]), mul(positive([2, 3]), 0.4)]],
});

/**
 * Converts int32 labels to float targets, and throws unless they are 0 or 1. The conversion is a separate op, because
 * the float targets are also an input of the VJP rule.
 */
export const labelTargets: Op<Unary, { readonly dtype: DType }> = /* @__PURE__ */ defineOp({
  name: "binaryCrossEntropy",
  options: { dtype: undefined },
  shape: ([labels]) => labels.shape,
  dtype: (_, { dtype }) => dtype,
  batch: "broadcast",
  kernel: (out, [labels]) => {
    for (const [row, label] of ravel(labels).entries()) {
      if (label !== 0 && label !== 1)
        throw new OutOfRangeError(
          `label ${label} of row ${row} is not a class: classes are 0 and 1; crossEntropy takes more`,
        );
      out.data[row] = label;
    }
  },
  vjp: [null],
  samples: () => [[tensor([1, 0], { dtype: "int32" }), { dtype: "float64" }]],
});

/**
 * Returns the binary cross-entropy −t ln σ(x) − (1 − t) ln σ(−x) for logits x, targets t in [0, 1] and the sigmoid σ.
 * This is the cross-entropy of two classes with the logits 0 and x. The VJP maps the cotangent g to g ((1 − t) σ(x) − t
 * σ(−x)) for x and −g x for t. For t = 0 or 1, the term with weight 0 counts as 0.
 */
export const binaryCrossEntropy: Wrapped<Loss, typeof elementLosses> = /* @__PURE__ */ wrapOp<
  Loss,
  typeof elementLosses
>(
  elementLosses,
  (logits, target, options) => {
    const { reduction } = withDefaults("binaryCrossEntropy", options, lossDefaults);
    const [x, t] = toTensors("binaryCrossEntropy", [logits, target], 2) as [Tensor, Tensor];
    prefixErrors("binaryCrossEntropy", () => lossShape([x, t], logitNames));
    const targets = t.dtype === "int32" ? labelTargets(t, { dtype: x.dtype }) : t;
    return reduceLosses("binaryCrossEntropy", elementLosses(x, targets), reduction);
  },
  () => [
    [irregular([2, 3]), mul(positive([2, 3], 2), 0.4)],
    [irregular([2]), mul(positive([2], 2), 0.4), { reduction: "sum" }],
    [irregular([2]), 0.25],
    [irregular([3]), tensor([1, 0, 1], { dtype: "int32" })],
  ],
);
