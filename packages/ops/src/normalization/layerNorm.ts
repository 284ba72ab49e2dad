import { OutOfRangeError, ShapeError, type Tensor, type TensorLike } from "@wengert/core";
import {
  describe,
  isSameShape,
  prefixErrors,
  type Shape,
  shapeText,
  sharedFloat,
  show,
  toTensors,
  withDefaults,
} from "@wengert/core/extend";
import { type Axes, axesOf } from "../declaring/axes.ts";
import { irregular, positive, type Sampled, withSamples } from "../declaring/samples.ts";
import { add, div, mul, sub } from "../elementwise/arithmetic.ts";
import { sqrt, square } from "../elementwise/functions.ts";
import { mean, variance } from "../reductions/mean.ts";
import { reshapeTo } from "../shapes/reshape.ts";

export interface RmsNormOptions {
  /** The factors of the normalized entries, with the shape of the normalized axes of x. Default: 1. */
  readonly scale?: TensorLike | undefined;
  /** The axis or axes to normalize. Default: the last. */
  readonly axis?: Axes | undefined;
  /**
   * A small number added to the variance under the square root, so that a constant slice does not cause a division by
   * 0. Default: 1e-5.
   */
  readonly epsilon?: number | undefined;
}

export interface LayerNormOptions extends RmsNormOptions {
  /** The numbers added to the scaled entries, with the shape of the normalized axes of x. Default: 0. */
  readonly bias?: TensorLike | undefined;
}

const normDefaults = { scale: undefined, axis: -1, epsilon: 1e-5 } as const;

/**
 * Returns y = (x − m) / √(v + epsilon) · scale + bias, where m and v are the mean and the variance over `axis`. Without
 * scale and bias, each slice has mean 0 and variance 1, up to epsilon. The derivatives follow from those of mean and
 * variance.
 */
export const layerNorm: Sampled<(x: TensorLike, options?: LayerNormOptions) => Tensor> = /* @__PURE__ */ withSamples<
  (x: TensorLike, options?: LayerNormOptions) => Tensor
>(
  (x, options) => {
    const complete = withDefaults<LayerNormOptions>("layerNorm", options, { ...normDefaults, bias: undefined });
    const { input, axis, scale, bias, epsilon } = normalization("layerNorm", x, complete);
    const over = { axis, keepDims: true };
    const y = div(sub(input, mean(input, over)), sqrt(add(variance(input, over), epsilon)));
    const scaled = scale === undefined ? y : mul(y, scale);
    return bias === undefined ? scaled : add(scaled, bias);
  },
  () => [
    [irregular([2, 3])],
    [irregular([2, 4]), { scale: positive([4], 2), bias: irregular([4], 3), epsilon: 0.1 }],
    [irregular([2, 2, 3]), { axis: [0, 2], scale: positive([2, 3], 2) }],
  ],
);

/**
 * Returns y = x / √(Σ x² / n + epsilon) · scale, where the mean of the squares is over the n entries along `axis`. The
 * function is layerNorm without the mean. The derivatives follow from those of mean.
 */
export const rmsNorm: Sampled<(x: TensorLike, options?: RmsNormOptions) => Tensor> = /* @__PURE__ */ withSamples<
  (x: TensorLike, options?: RmsNormOptions) => Tensor
>(
  (x, options) => {
    const complete = withDefaults<RmsNormOptions>("rmsNorm", options, normDefaults);
    const { input, axis, scale, epsilon } = normalization("rmsNorm", x, { ...complete, bias: undefined });
    const y = div(input, sqrt(add(mean(square(input), { axis, keepDims: true }), epsilon)));
    return scale === undefined ? y : mul(y, scale);
  },
  () => [[irregular([2, 3])], [irregular([3, 2]), { scale: positive([3], 2), axis: 0, epsilon: 0.1 }]],
);

interface Normalization {
  readonly input: Tensor;
  readonly axis: readonly number[];
  readonly scale: Tensor | undefined;
  readonly bias: Tensor | undefined;
  readonly epsilon: number;
}

/**
 * Returns the checked options of a normalization of x. `scale` and `bias` are reshaped to the rank of x, with size 1
 * along the axes that are not normalized.
 */
function normalization(
  caller: string,
  x: TensorLike,
  { scale, bias, axis, epsilon }: { readonly [K in keyof LayerNormOptions]-?: LayerNormOptions[K] | undefined },
): Normalization {
  const given = { scale, bias };
  const names = (["scale", "bias"] as const).filter((name) => given[name] !== undefined);
  const [input, ...terms] = toTensors(caller, [x, ...names.map((name) => given[name])]) as readonly [
    Tensor,
    ...Tensor[],
  ];
  const axes = prefixErrors(caller, () => {
    if (!(typeof epsilon === "number" && epsilon >= 0 && epsilon < Infinity))
      throw new OutOfRangeError(`epsilon must be a number of at least 0, got ${show(epsilon)}`);
    sharedFloat([input, ...terms], ["x", ...names]);
    return axesOf(input, axis);
  });
  const sizes = axes.map((each) => input.shape[each]!);
  const [first, second] = terms.map((term, i) =>
    prefixErrors(caller, () => alongAxes(term, names[i]!, sizes, axes, input)),
  );
  return {
    input,
    axis: axes,
    scale: scale === undefined ? undefined : first,
    bias: bias === undefined ? undefined : scale === undefined ? first : second,
    epsilon: epsilon as number,
  };
}

/**
 * Returns `term` with size 1 along the axes that are not normalized.
 * @throws ShapeError unless the shape of `term` is that of x along the normalized axes
 */
function alongAxes(term: Tensor, name: string, sizes: Shape, axes: readonly number[], x: Tensor): Tensor {
  if (term.shape.length === 0) return term;
  if (isSameShape(term.shape, sizes))
    return reshapeTo(
      term,
      x.shape.map((n, axis) => (axes.includes(axis) ? n : 1)),
    );
  throw new ShapeError(
    `${describe(term, name)} must have the sizes of ${describe(x, "x")} along axis ${axes.join(", ")}, ${shapeText(sizes)}`,
  );
}
