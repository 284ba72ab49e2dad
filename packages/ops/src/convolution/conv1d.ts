import type { Tensor, TensorLike } from "@wengert/core";
import { prefixErrors, toTensors, withDefaults } from "@wengert/core/extend";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { numericDType } from "../elementwise/arithmetic.ts";
import { reshape } from "../shapes/reshape.ts";
import { conv2d } from "./conv2d.ts";
import { type ConvOptions, convDefaults, convolutionOf, outputShape } from "./convolutionShapes.ts";
import type { Padding } from "./geometry.ts";

export interface Conv1dOptions extends Omit<ConvOptions, "padding"> {
  /**
   * The padding with zeros. "valid" adds no zeros. "same" adds as many zeros as are needed for ⌈n / stride⌉ windows,
   * where n is the length of x. "causal" adds all zeros before x. [[before, after]] sets the number of zeros before x
   * and after x. Default: "valid".
   */
  readonly padding?: Padding | "causal" | undefined;
}

type Conv1d = (x: TensorLike, kernel: TensorLike, options?: Conv1dOptions) => Tensor;

/**
 * Returns the convolution of sequences x [N, length, C] and a kernel [size, C / groups, out]. The result has the shape
 * [N, windows, out]. The function is conv2d for images of height 1, with the same derivatives. With "causal" padding,
 * output t depends only on the entries of x up to index t × stride.
 */
export const conv1d: Sampled<Conv1d> = /* @__PURE__ */ withSamples<Conv1d>(
  (x, kernel, options) => {
    const complete = withDefaults<Conv1dOptions>("conv1d", options, convDefaults);
    const [images, filters] = toTensors("conv1d", [x, kernel], 2) as [Tensor, Tensor];
    const { stride, padding, dilation, groups } = prefixErrors("conv1d", () => {
      const params = convolutionOf(complete, images, filters, 1);
      outputShape(images, filters, params);
      numericDType([images, filters], ["x", "kernel"]);
      return params;
    });
    const [N, length, channels] = images.shape as [number, number, number];
    const y = conv2d(
      reshape(images, { shape: [N, 1, length, channels] }),
      reshape(filters, { shape: [1, ...filters.shape] }),
      { stride: [1, ...stride], padding: [[0, 0], ...padding], dilation: [1, ...dilation], groups },
    );
    return reshape(y, { shape: [N, ...y.shape.slice(2)] });
  },
  () => [
    [irregular([2, 5, 2]), irregular([3, 2, 2], 2)],
    [irregular([1, 5, 2]), irregular([2, 1, 2], 2), { padding: "causal", dilation: 2, stride: 2, groups: 2 }],
  ],
);
