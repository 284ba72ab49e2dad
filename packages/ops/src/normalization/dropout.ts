import { OutOfRangeError, type Tensor, type TensorLike } from "@wengert/core";
import { prefixErrors, sharedFloat, show, toTensors, withDefaults } from "@wengert/core/extend";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { mul } from "../elementwise/arithmetic.ts";
import { greaterEqual } from "../elementwise/compare.ts";
import { where } from "../elementwise/where.ts";
import { randomKey, randomUniform } from "../random/random.ts";

export interface DropoutOptions {
  /** The probability that an entry becomes 0, from 0 to 1. */
  readonly rate: number;
}

type Dropout = (key: Tensor, x: TensorLike, options: DropoutOptions) => Tensor;

/**
 * Returns x with each entry either set to 0, with probability `rate`, or divided by 1 − rate. So the expected value of
 * the result is x. A dropped entry has gradient 0, even if it is NaN or infinite. The same key drops the same entries.
 * Call `dropout` in training only.
 * @throws OutOfRangeError unless 0 ≤ rate ≤ 1
 */
export const dropout: Sampled<Dropout> = /* @__PURE__ */ withSamples<Dropout>(
  (key, x, options) => {
    const { rate } = withDefaults<DropoutOptions>("dropout", options, { rate: undefined });
    const [ofKey, input] = toTensors("dropout", [key, x], 2) as [Tensor, Tensor];
    return prefixErrors("dropout", () => {
      if (!(typeof rate === "number" && rate >= 0 && rate <= 1))
        throw new OutOfRangeError(`rate must be a number from 0 to 1, got ${show(rate)}`);
      sharedFloat([input], ["x"]);
      const isKept = greaterEqual(randomUniform(ofKey, { shape: input.shape, dtype: "float32" }), rate);
      return mul(where(isKept, input, 0), rate === 1 ? 0 : 1 / (1 - rate));
    });
  },
  () => [[randomKey(1), irregular([2, 3]), { rate: 0.5 }]],
);
