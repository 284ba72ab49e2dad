import { OutOfRangeError, type Tensor, type TensorLike } from "@wengert/core";
import { prefixErrors, show, toTensors, withDefaults } from "@wengert/core/extend";
import { axisOf } from "../declaring/axes.ts";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { numericDType, sub } from "../elementwise/arithmetic.ts";
import { sliceAlong } from "../shapes/split.ts";

export interface DiffOptions {
  /** The axis along which to subtract. Default: −1, the last. */
  readonly axis?: number | undefined;
  /** How many times to take differences, a whole number from 0 to 2²⁰. Default: 1. */
  readonly order?: number | undefined;
}
type Diff = (x: TensorLike, options?: DiffOptions) => Tensor;

const maxOrder = 2 ** 20;

/**
 * Returns the differences of neighbors, yᵢ = xᵢ₊₁ − xᵢ along `axis`, taken `order` times; with order 0, returns x. Each
 * time, the axis becomes shorter by one, until it is empty. For order 1, the VJP maps the cotangent g to gᵢ₋₁ − gᵢ for
 * xᵢ, where entries outside g count as 0.
 * @throws OutOfRangeError if x has no such axis, or for an invalid order; DTypeError if x is bool
 */
export const diff: Sampled<Diff> = /* @__PURE__ */ withSamples<Diff>(
  (x, options) => {
    const { axis, order } = withDefaults<DiffOptions>("diff", options, { axis: -1, order: 1 }, { n: "order" });
    const [t] = toTensors("diff", [x], 1) as [Tensor];
    return prefixErrors("diff", () => {
      numericDType([t]);
      const at = axisOf(t, axis);
      if (!(Number.isInteger(order) && order! >= 0 && order! <= maxOrder))
        throw new OutOfRangeError(`order must be a whole number from 0 to 2^20, got ${show(order)}`);
      let y = t;
      for (let k = 0; k < order! && y.shape[at]! > 0; k++) y = differencesOf(y, at);
      return y;
    });
  },
  () => [[irregular([4])], [irregular([2, 3]), { axis: 0 }], [irregular([2, 4]), { order: 2 }]],
);

/** Returns xᵢ₊₁ − xᵢ along one axis, which has at least one entry. */
function differencesOf(x: Tensor, axis: number): Tensor {
  const n = x.shape[axis]!;
  return sub(sliceAlong(x, axis, 1, n), sliceAlong(x, axis, 0, n - 1));
}
