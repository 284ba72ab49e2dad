import type { Tensor } from "@wengert/core";
import { shapeText } from "@wengert/core/extend";
import * as ops from "@wengert/ops";
import { misfit } from "./misfit.ts";
import { anyText, int, ints, type Operator, operator } from "./operator.ts";
import { type Geometry, geometryOf, windowAttributes } from "./windows.ts";

// Convolutions. ONNX puts channels first: images are [N, C, H, W], kernels [out, C / groups, kh, kw]. The ops put channels
// last.

const channelsLast = [0, 2, 3, 1];
const channelsFirst = [0, 3, 1, 2];

/** Applies a convolution of images to images or sequences. A sequence is an image of height 1. */
function onImages(x: Tensor, kernel: Tensor, geometry: Geometry, f: typeof convolve, groups: number): Tensor {
  const rank = x.shape.length - 2;
  if (rank === 2) return f(x, kernel, geometry, groups);
  if (rank !== 1) throw misfit(`${shapeText(x.shape)} has ${rank} spatial axes, and only 1 and 2 are supported`);
  const { size, stride, dilation, padding } = geometry;
  const flat = {
    size: [1, ...size],
    stride: [1, ...stride],
    dilation: [1, ...dilation],
    padding: [[0, 0] as const, ...padding],
  };
  const y = f(ops.expandDims(x, { axis: 2 }), ops.expandDims(kernel, { axis: 2 }), flat, groups);
  return ops.squeeze(y, { axis: 2 });
}

function convolve(x: Tensor, kernel: Tensor, { stride, dilation, padding }: Geometry, groups: number): Tensor {
  const [images, filters] = [ops.transpose(x, { axes: channelsLast }), ops.transpose(kernel, { axes: [2, 3, 1, 0] })];
  return ops.transpose(ops.conv2d(images, filters, { stride, dilation, padding, groups }), { axes: channelsFirst });
}

/**
 * Returns the transposed convolution. Positive entries of `padding` remove rows and columns at the edges of the result,
 * and negative entries add zeros there.
 */
function convolveTransposed(x: Tensor, kernel: Tensor, geometry: Geometry, groups: number): Tensor {
  const { stride, dilation, padding } = geometry;
  const [images, filters] = [ops.transpose(x, { axes: channelsLast }), ops.transpose(kernel, { axes: [2, 3, 0, 1] })];
  const full = transposed(images, filters, { stride, dilation, groups });
  const cut = (i: number) => padding[i]!.map((n) => Math.max(n, 0));
  const [rows, columns] = [cut(0), cut(1)];
  const [, height, width] = full.shape;
  const kept = ops.slice(full, {
    start: [null, rows[0]!, columns[0]!],
    stop: [null, height! - rows[1]!, width! - columns[1]!],
  });
  const added = (i: number): [number, number] => [Math.max(-padding[i]![0], 0), Math.max(-padding[i]![1], 0)];
  const padded = ops.pad(kept, { widths: [[0, 0], added(0), added(1), [0, 0]] });
  return ops.transpose(padded, { axes: channelsFirst });
}

interface Options {
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
}

/**
 * Returns the transposed convolution of images and a kernel [kh, kw, C, out / groups]. ONNX splits the channels C of the
 * kernel into groups, too.
 */
const transposed = (images: Tensor, kernel: Tensor, options: Options): Tensor => {
  const { groups } = options;
  if (groups === 1) return ops.convTranspose2d(images, kernel, options);
  const parts = ops.split(images, { sections: groups, axis: 3 });
  const kernels = ops.split(kernel, { sections: groups, axis: 2 });
  return ops.concat(
    parts.map((part, i) => ops.convTranspose2d(part, kernels[i]!, { ...options, groups: 1 })),
    { axis: 3 },
  );
};

/** Adds a bias to each channel of [N, C, …]. */
const withBias = (y: Tensor, bias: Tensor | undefined): Tensor =>
  bias ? ops.add(y, ops.reshape(bias, { shape: [-1, ...y.shape.slice(2).map(() => 1)] })) : y;

export const convolutionOperators = (): readonly Operator[] => [
  operator("Conv", [2, 3], { ...windowAttributes, group: int(1) }, ([x, kernel, bias], attributes) => {
    const geometry = geometryOf(x.shape, kernel.shape.slice(2), attributes);
    return withBias(onImages(x, kernel, geometry, convolve, attributes.group), bias);
  }),
  operator(
    "ConvTranspose",
    [2, 3],
    { ...windowAttributes, auto_pad: anyText, group: int(1), output_padding: ints, output_shape: ints },
    ([x, kernel, bias], attributes) => {
      const { auto_pad, group, output_padding, output_shape } = attributes;
      const geometry = geometryOf(x.shape, kernel.shape.slice(2), { ...attributes, auto_pad: "NOTSET" });
      const isSame = auto_pad.startsWith("SAME");
      const padding = geometry.padding.map(([before, after], i): readonly [number, number] => {
        const [n, stride] = [x.shape[i + 2]!, geometry.stride[i]!];
        const full = (n - 1) * stride + (geometry.size[i]! - 1) * geometry.dilation[i]! + 1;
        const extra = output_padding?.[i] ?? 0;
        const wanted =
          output_shape?.[output_shape.length - geometry.size.length + i] ?? (isSame ? n * stride : undefined);
        if (wanted === undefined) return auto_pad === "VALID" ? [0, -extra] : [before, after - extra];
        const total = full + extra - wanted;
        const half = Math.floor(total / 2);
        return auto_pad === "SAME_UPPER" ? [half, total - half - extra] : [total - half, half - extra];
      });
      return withBias(onImages(x, kernel, { ...geometry, padding }, convolveTransposed, group), bias);
    },
  ),
];
