import { OutOfRangeError, ShapeError, type Tensor, type TensorLike } from "@wengert/core";
import {
  type Binary,
  defineOp,
  describe,
  type Op,
  prefixErrors,
  ravel,
  type Shape,
  sharedFloat,
  toTensors,
  withDefaults,
} from "@wengert/core/extend";
import { axisOf, shapeOption } from "../declaring/axes.ts";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { maxOf } from "../loops/slices.ts";
import { transpose } from "../shapes/reshape.ts";
import { broadcastTo } from "../shapes/sum.ts";
import { checkKey, randomGumbel } from "./distributions.ts";
import { randomKey } from "./random.ts";

/** Returns the index of the largest sum of a logit and its noise along the last axis. */
const largestSum: Op<Binary> = /* @__PURE__ */ defineOp({
  name: "randomCategorical",
  shape: ([noise]) => noise.shape.slice(0, -1),
  dtype: () => "int32",
  batch: "shift",
  kernel: (out, inputs) => {
    const [noise, logits] = [ravel(inputs[0]), ravel(inputs[1])];
    const n = inputs[0].shape.at(-1)!;
    for (let row = 0; row < out.data.length; row++) {
      const peak = maxOf(n, logits, row * n, 1);
      let [best, index] = [-Infinity, 0];
      for (let l = 0; l < n; l++) {
        const sum = noise[row * n + l]! + logits[row * n + l]!;
        if (sum > best) [best, index] = [sum, l];
      }
      if (!Number.isFinite(peak))
        throw new OutOfRangeError(
          `the largest logit of row ${row} is ${peak}, so the row has no probabilities; keep one finite logit, and none of NaN or Infinity`,
        );
      out.data[row] = index;
    }
  },
  vjp: [null, null],
  samples: () => [[irregular([2, 3]), irregular([2, 3], 2)]],
});

export interface CategoricalOptions {
  /** The axis of the classes. Default: −1, the last. */
  readonly axis?: number | undefined;
  /**
   * The shape of the result. The logits without their axis of classes must broadcast to this shape. Default: the shape
   * of the logits without the axis of classes.
   */
  readonly shape?: Shape | undefined;
}
type Categorical = (key: Tensor, logits: TensorLike, options?: CategoricalOptions) => Tensor;

/**
 * Returns random classes, as int32: class k has the probability softmax(logits)ₖ, where the classes are along `axis`. A
 * logit of −Infinity excludes its class. The method adds a Gumbel random number to each logit, and returns the class
 * with the largest sum. Not differentiable.
 * @throws OutOfRangeError if the largest logit of a row is not finite; ShapeError unless the logits broadcast to
 * `shape`
 */
export const randomCategorical: Sampled<Categorical> = /* @__PURE__ */ withSamples<Categorical>(
  (key, logits, options) => {
    const { axis, shape } = withDefaults<CategoricalOptions>("randomCategorical", options, {
      axis: -1,
      shape: undefined,
    });
    const [t] = toTensors("randomCategorical", [logits], 1) as [Tensor];
    const checked = checkKey("randomCategorical", key);
    return prefixErrors("randomCategorical", () => {
      sharedFloat([t], ["logits"]);
      const at = axisOf(t, axis);
      const batch = t.shape.toSpliced(at, 1);
      const n = t.shape[at]!;
      if (n === 0) throw new OutOfRangeError(`${describe(t, "logits")} has no classes along axis ${at}`);
      const target = shape === undefined ? batch : shapeOption({ shape });
      const missing = target.length - batch.length;
      if (missing < 0 || !batch.every((size, i) => size === 1 || size === target[i + missing]))
        throw new ShapeError(
          `the axes of ${describe(t, "logits")} without the classes, [${batch.join(", ")}], do not broadcast to the shape [${target.join(", ")}]`,
        );
      const others = [...t.shape.keys()].filter((each) => each !== at);
      const full = [...target, n];
      const rows = broadcastTo(transpose(t, { axes: [...others, at] }), { shape: full });
      return largestSum(randomGumbel(checked, { shape: full }), rows);
    });
  },
  () => [
    [randomKey(1), irregular([2, 3])],
    [randomKey(1), irregular([3, 2]), { axis: 0, shape: [4, 2] }],
  ],
);
