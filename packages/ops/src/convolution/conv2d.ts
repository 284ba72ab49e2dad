import { ShapeError, type Tensor } from "@wengert/core";
import {
  defineOp,
  describe,
  isSameShape,
  type Op,
  type Operand,
  type Shape,
  shapeText,
  sizeOf,
} from "@wengert/core/extend";
import { sumOfProductsCause } from "../declaring/nonFiniteCauses.ts";
import { irregular } from "../declaring/samples.ts";
import { numericDType } from "../elementwise/arithmetic.ts";
import { withKernelCall } from "../wasm/calls.ts";
import { convolutionCall } from "../wasm/convolutions.ts";
import { widthOf } from "../wasm/exports.ts";
import { batchOfImages } from "./batchOfImages.ts";
import {
  type ConvOptions,
  type Convolution,
  convDefaults,
  convolutionOf,
  geometryOf,
  outputShape,
} from "./convolutionShapes.ts";
import { sizesOption } from "./geometry.ts";
import { convolve, pullBackToInput, pullBackToKernel } from "./lowering.ts";

/**
 * Returns the convolution of images x [N, H, W, C] and a kernel [kh, kw, C / groups, out], without flipping the kernel.
 * The result has the shape [N, windows down, windows across, out]. It is the matrix product of the windows of x, as
 * rows, and the filters of the kernel, as columns. With `groups`, channels and filters are split into groups, and each
 * filter reads only the channels of its group. For the cotangent g, the VJP for x adds kernel × g to the pixels of each
 * window, and the VJP for the kernel sums x × g over all windows. int32 wraps around; float32 is summed as in matmul.
 */
export const conv2d: Op<readonly [x: Tensor, kernel: Tensor], Convolution, ConvOptions> = /* @__PURE__ */ defineOp({
  name: "conv2d",
  options: convDefaults,
  params: (options, [x, kernel]) => convolutionOf(options, x, kernel, 2),
  shape: ([x, kernel], params) => outputShape(x, kernel, params),
  dtype: (inputs) => numericDType(inputs, ["x", "kernel"]),
  batch: (call) => (call.batched[1] ? call.perEntry() : batchOfImages(call, [0])),
  kernel: /* @__PURE__ */ withKernelCall(
    (out, [x, kernel], params) => convolve(out, x, kernel, geometryOf(x.shape, kernel.shape, out.shape, params)),
    ([x, kernel], out, params) =>
      convolutionCall("output", geometryOf(x.shape, kernel.shape, out.shape, params), widthOf(out)),
  ),
  flops: ([, kernel], { shape }) => 2 * sizeOf(shape) * sizeOf(kernel.shape.slice(0, 3)),
  vjp: [
    (g, { inputs: [x, kernel], params }) => convInputPullback(g, kernel, { ...params, size: x.shape.slice(1, 3) }),
    (g, { inputs: [x, kernel], params }) => convKernelPullback(x, g, { ...params, size: kernel.shape.slice(0, 2) }),
  ],
  nonFinite: sumOfProductsCause,
  samples: () => [
    [irregular([2, 4, 3, 2]), irregular([3, 2, 2, 2], 2)],
    [irregular([1, 5, 3, 1]), irregular([2, 2, 1, 2], 2), { stride: [2, 1], padding: "same", dilation: [1, 2] }],
    [
      irregular([1, 3, 3, 4]),
      irregular([2, 2, 2, 2], 2),
      {
        padding: [
          [1, 0],
          [0, 2],
        ],
        groups: 2,
      },
    ],
  ],
});

interface Sized extends Convolution {
  /** The height and width of the result of a convolution's VJP: those of the images x, or those of the kernel. */
  readonly size: readonly number[];
}

type SizedOptions = ConvOptions & { readonly size: readonly number[] };
const sizedDefaults = { stride: 1, padding: "valid", dilation: 1, groups: 1, size: undefined } as const;

/**
 * Returns the VJP of conv2d for x. g is the cotangent of the convolution, and `size` has the height and width of x.
 * Each window adds g × kernel to its pixels, so the result is linear in g and in the kernel. For the cotangent u of the
 * result, the VJP for g is the convolution of u and the kernel, and the VJP for the kernel is convKernelPullback(u, g).
 */
export const convInputPullback: Op<readonly [g: Tensor, kernel: Tensor], Sized, SizedOptions> =
  /* @__PURE__ */ defineOp({
    name: "convInputPullback",
    options: sizedDefaults,
    params: (options, [g, kernel]) => {
      const size = sizesOption("size", options.size, 2);
      return { ...convolutionOf(options, imagesLike(g, kernel, size, options.groups), kernel, 2), size };
    },
    shape: ([g, kernel], { size, ...params }) => {
      const x = imagesLike(g, kernel, size, params.groups);
      checkOutput(g, outputShape(x, kernel, params));
      return x.shape;
    },
    dtype: (inputs) => numericDType(inputs, ["g", "kernel"]),
    batch: (call) => (call.batched[1] ? call.perEntry() : batchOfImages(call, [0])),
    kernel: /* @__PURE__ */ withKernelCall(
      (out, [g, kernel], params) =>
        pullBackToInput(out, g, kernel, geometryOf(out.shape, kernel.shape, g.shape, params)),
      ([g, kernel], out, params) =>
        convolutionCall("images", geometryOf(out.shape, kernel.shape, g.shape, params), widthOf(out)),
    ),
    flops: ([g, kernel]) => 2 * sizeOf(g.shape) * sizeOf(kernel.shape.slice(0, 3)),
    vjp: [
      (u, { inputs: [, kernel], params: { size: _, ...params } }) => conv2d(u, kernel, params),
      (u, { inputs: [g, kernel], params }) => convKernelPullback(u, g, { ...params, size: kernel.shape.slice(0, 2) }),
    ],
    nonFinite: sumOfProductsCause,
    samples: () => [
      [irregular([2, 2, 2, 2]), irregular([3, 2, 2, 2], 2), { size: [4, 3] }],
      [
        irregular([1, 2, 4, 2]),
        irregular([2, 2, 1, 2], 2),
        {
          size: [3, 3],
          stride: [2, 1],
          padding: [
            [0, 1],
            [1, 1],
          ],
          groups: 2,
        },
      ],
    ],
  });

/**
 * Returns the gradient of conv2d for the kernel: the sum of x × g over all windows of the images x. g is the cotangent
 * of the convolution, and `size` has the height and width of the kernel. The result is linear in x and in g.
 *
 * Let u be the cotangent of the result. The VJP for x is the gradient of conv2d for the images, with u as the kernel.
 * The VJP for g is the convolution of x and u.
 */
export const convKernelPullback: Op<readonly [x: Tensor, g: Tensor], Sized, SizedOptions> = /* @__PURE__ */ defineOp({
  name: "convKernelPullback",
  options: sizedDefaults,
  params: (options, [x, g]) => {
    const size = sizesOption("size", options.size, 2);
    return { ...convolutionOf(options, x, kernelLike(x, g, size, options.groups), 2), size };
  },
  shape: ([x, g], { size, ...params }) => {
    const kernel = kernelLike(x, g, size, params.groups);
    checkOutput(g, outputShape(x, kernel, params));
    return kernel.shape;
  },
  dtype: (inputs) => numericDType(inputs, ["x", "g"]),
  kernel: /* @__PURE__ */ withKernelCall(
    (out, [x, g], params) => pullBackToKernel(out, x, g, geometryOf(x.shape, out.shape, g.shape, params)),
    ([x, g], out, params) => convolutionCall("kernel", geometryOf(x.shape, out.shape, g.shape, params), widthOf(out)),
  ),
  flops: ([, g], { shape }) => 2 * sizeOf(g.shape) * sizeOf(shape.slice(0, 3)),
  vjp: [
    (u, { inputs: [x, g], params }) => convInputPullback(g, u, { ...params, size: x.shape.slice(1, 3) }),
    (u, { inputs: [x], params: { size: _, ...params } }) => conv2d(x, u, params),
  ],
  nonFinite: sumOfProductsCause,
  samples: () => [
    [irregular([2, 4, 3, 2]), irregular([2, 2, 2, 2], 2), { size: [3, 2] }],
    [
      irregular([1, 3, 3, 2]),
      irregular([1, 2, 4, 2], 2),
      {
        size: [2, 2],
        stride: [2, 1],
        padding: [
          [0, 1],
          [1, 1],
        ],
        groups: 2,
      },
    ],
  ],
});

/** Infers the dtype, shape and label of the images from a kernel and from g, the cotangent of the convolution. */
const imagesLike = (g: Operand, kernel: Operand, size: readonly number[], groups: unknown): Operand => ({
  dtype: g.dtype,
  get label() {
    return `x, for ${describe(g, "g")} and ${describe(kernel, "kernel")},`;
  },
  shape: [g.shape[0] ?? 1, ...size, (kernel.shape[2] ?? 1) * (typeof groups === "number" ? groups : 1)],
});

/** Infers the dtype, shape and label of the kernel from images x and from g, the cotangent of the convolution. */
const kernelLike = (x: Operand, g: Operand, size: readonly number[], groups: unknown): Operand => ({
  dtype: x.dtype,
  get label() {
    return `the kernel, for ${describe(x, "x")} and ${describe(g, "g")},`;
  },
  shape: [...size, Math.floor((x.shape[3] ?? 1) / (typeof groups === "number" ? groups : 1)), g.shape[3] ?? 1],
});

function checkOutput(g: Operand, expected: Shape): void {
  if (isSameShape(g.shape, expected)) return;
  throw new ShapeError(`${describe(g, "g")} must have the shape of the convolution, ${shapeText(expected)}`);
}
