import { DTypeError, type Tensor } from "@wengert/core";
import * as ops from "@wengert/ops";
import { convInputPullback, convKernelPullback } from "@wengert/ops/extend";
import { reshape, transpose } from "./formulas.ts";
import { type Rule, rule } from "./rule.ts";
import { sliceAxis } from "./slices.ts";

// Convolutions. In Wengert, the channels C are the last axis of images. In ONNX, images have the shape [N, C, H, W],
// and kernels have the shape [output channels, C / groups, height, width].

export const channelsFirst: readonly number[] = [0, 3, 1, 2];
export const channelsLast: readonly number[] = [0, 2, 3, 1];
const kernelFirst: readonly number[] = [3, 2, 0, 1];

type Widths = readonly (readonly [number, number])[];

/**
 * Returns the padding widths in the order of ONNX: first the widths before each axis, then the widths after each axis.
 */
export const padsOf = (padding: Widths): number[] => [
  ...padding.map(([before]) => before),
  ...padding.map(([, after]) => after),
];

/** @throws DTypeError for int32, because the Conv of ONNX takes floats only */
function mustBeFloat({ dtype }: Tensor): void {
  if (dtype !== "int32") return;
  throw new DTypeError(`toOnnx: conv2d of int32 has no ONNX operator; write cast(x, { dtype: "float32" })`);
}

export const convolutionRules = (): readonly Rule[] => [
  rule(ops.conv2d, (g, [x, kernel], { output, params: { stride, padding, dilation, groups } }) => {
    mustBeFloat(output);
    const inputs = [transpose(g, x, channelsFirst), transpose(g, kernel, kernelFirst)];
    const attributes = { strides: stride, pads: padsOf(padding), dilations: dilation, group: groups };
    return transpose(g, g.node("Conv", inputs, attributes), channelsLast);
  }),
  rule(
    convInputPullback,
    (g, [cotangent, kernel], { inputs: [c, k], output, params: { stride, padding, dilation, groups, size } }) => {
      mustBeFloat(output);
      const inputs = [transpose(g, cotangent, channelsFirst), transpose(g, kernel, kernelFirst)];
      // The number of rows and columns at the end of the padded images that no window covers. ConvTranspose appends
      // this many rows and columns of zeros to its result.
      const output_padding = size.map((n, i) => {
        const covered = (c.shape[i + 1]! - 1) * stride[i]! + dilation[i]! * (k.shape[i]! - 1) + 1;
        return n - covered + padding[i]![0] + padding[i]![1];
      });
      const attributes = {
        strides: stride,
        pads: padsOf(padding),
        dilations: dilation,
        group: groups,
        output_padding,
      };
      return transpose(g, g.node("ConvTranspose", inputs, attributes), channelsLast);
    },
  ),
  rule(
    convKernelPullback,
    (g, [x, cotangent], { inputs: [{ shape }], output, params: { stride, padding, dilation, groups, size } }) => {
      mustBeFloat(output);
      // The gradient with respect to the kernel is a convolution of x with the cotangent as the kernel. In this
      // convolution, the axis of images and the axis of channels are swapped, and so are stride and dilation.
      const [images, height, width, channels] = shape as readonly [number, number, number, number];
      const depth = channels / groups;
      const split = transpose(g, reshape(g, x, [images, height, width, groups, depth]), [4, 3, 0, 1, 2]);
      const inputs = [
        reshape(g, split, [depth, groups * images, height, width]),
        transpose(g, cotangent, [3, 0, 1, 2]),
      ];
      const attributes = { strides: dilation, pads: padsOf(padding), dilations: stride, group: groups };
      const products = g.node("Conv", inputs, attributes);
      const cut = sliceAxis(g, sliceAxis(g, products, 2, 0, size[0]!), 3, 0, size[1]!);
      return transpose(g, cut, [2, 3, 0, 1]);
    },
  ),
];
