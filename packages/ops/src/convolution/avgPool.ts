import { ShapeError, type Tensor } from "@wengert/core";
import {
  type Data,
  defineOp,
  describe,
  isSameShape,
  type Op,
  ravel,
  type Shape,
  shapeText,
  sharedFloat,
  sizeOf,
  type Unary,
} from "@wengert/core/extend";
import { shapeOption } from "../declaring/axes.ts";
import { sumCause } from "../declaring/nonFiniteCauses.ts";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { inFloat64 } from "../loops/alongAxes.ts";
import { withKernelCall } from "../wasm/calls.ts";
import { widthOf } from "../wasm/exports.ts";
import { poolCall, poolInWasm } from "../wasm/pools.ts";
import { batchOfImages } from "./batchOfImages.ts";
import {
  eachWindow,
  inOneDimension,
  overlap,
  type Pooling,
  type PoolOptions,
  poolDefaults,
  pooledShape,
  poolingOf,
  type WindowLoop,
} from "./pooling.ts";

const meanLoop: WindowLoop = (channels, rows, rowStep, columns, o, p, start, x) => {
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let row = 0, first = start + c; row < rows; row++, first += rowStep)
      for (let column = 0, i = first; column < columns; column++, i += channels) sum += x[i]!;
    p[o + c] = sum / (rows * columns);
  }
};

/**
 * Returns the mean of each window of images x [N, H, W, C], per channel. The result has the shape [N, windows down,
 * windows across, C]. Padding is ignored: a window at the edge averages only its entries inside x. Let n be the number
 * of averaged entries and g the cotangent of the mean. The VJP adds g / n to the cotangent of each averaged entry.
 * @throws ShapeError if a window is larger than x, or has no entry of x
 */
export const avgPool2d: Op<Unary, Pooling, PoolOptions> = /* @__PURE__ */ defineOp({
  name: "avgPool2d",
  options: poolDefaults,
  params: (options, [x]) => poolingOf(options, x, 2),
  shape: ([x], params) => pooledShape(x, params),
  batch: (call) => batchOfImages(call, [0]),
  kernel: /* @__PURE__ */ withKernelCall(
    (out, [x], params) => {
      const [images, pooled] = [ravel(x), { ...params, images: x.shape, pool: out.shape }];
      if (!poolInWasm("mean", pooled, out.data, images)) eachWindow(pooled, meanLoop, out.data, images, images);
    },
    ([x], out, params) => poolCall("mean", { ...params, images: x.shape, pool: out.shape }, widthOf(out)),
  ),
  flops: (_, { shape }, { size }) => sizeOf(shape) * sizeOf(size),
  vjp: [(g, { inputs: [x], params }) => avgPoolPullback(g, { ...params, shape: x.shape })],
  nonFinite: sumCause,
  samples: () => [
    [irregular([2, 4, 2, 2]), { size: 2 }],
    [irregular([1, 3, 4, 1]), { size: [2, 3], stride: 1, padding: "same" }],
    [
      irregular([1, 2, 3, 2]),
      {
        size: 2,
        stride: [1, 2],
        padding: [
          [1, 0],
          [0, 1],
        ],
      },
    ],
  ],
});

/**
 * Returns the mean of each window of sequences x [N, length, C], per channel: avgPool2d in one dimension. The result
 * has the shape [N, windows, C].
 */
export const avgPool1d: Sampled<(x: Tensor | number, options: PoolOptions) => Tensor> = /* @__PURE__ */ withSamples<
  (x: Tensor | number, options: PoolOptions) => Tensor
>(/* @__PURE__ */ inOneDimension("avgPool1d", avgPool2d, sharedFloat), () => [
  [irregular([2, 5, 2]), { size: 2 }],
  [irregular([1, 4, 2]), { size: 3, stride: 2, padding: "same" }],
]);

const shareLoop: WindowLoop = (channels, rows, rowStep, columns, o, p, start, x) => {
  for (let c = 0; c < channels; c++) {
    const share = p[o + c]! / (rows * columns);
    for (let row = 0, first = start + c; row < rows; row++, first += rowStep)
      for (let column = 0, i = first; column < columns; column++, i += channels) x[i]! += share;
  }
};

/**
 * Returns the VJP of avgPool2d for the cotangent g. The result has the shape `shape` of x. Each entry of g is divided
 * by the number of entries in its window, and the quotient is added to all of these entries. The VJP is linear in g,
 * and its adjoint is avgPool2d.
 */
export const avgPoolPullback: Op<Unary, Pooling & { readonly shape: Shape }, PoolOptions & { readonly shape: Shape }> =
  /* @__PURE__ */ defineOp({
    name: "avgPoolPullback",
    options: { size: undefined, stride: undefined, padding: "valid", shape: undefined },
    params: (options) => {
      const shape = shapeOption(options);
      return { ...poolingOf(options, { shape, dtype: "float64", label: "the result" }, 2), shape };
    },
    shape: ([g], params) => {
      const expected = pooledShape({ shape: params.shape, dtype: g.dtype, label: "the result" }, params);
      if (isSameShape(g.shape, expected)) return params.shape;
      throw new ShapeError(`${describe(g, "g")} must have the shape of the pool, ${shapeText(expected)}`);
    },
    batch: (call) => {
      const { params, size } = call;
      const [n = 0, ...rest] = params.shape;
      return batchOfImages(call, [0], { ...params, shape: [size * n, ...rest] });
    },
    kernel: /* @__PURE__ */ withKernelCall(
      (out, [g], params) => {
        const [cotangents, pooled] = [ravel(g), { ...params, images: out.shape, pool: g.shape }];
        const spread = ({ data }: { readonly data: Data }) => eachWindow(pooled, shareLoop, cotangents, data, data);
        if (poolInWasm("meanPullback", pooled, cotangents, undefined, out.data)) return;
        if (overlap(params)) inFloat64(out, spread);
        else spread(out);
      },
      ([g], out, params) => poolCall("meanPullback", { ...params, images: out.shape, pool: g.shape }, widthOf(out)),
    ),
    flops: ([g], _, { size }) => sizeOf(g.shape) * sizeOf(size),
    vjp: [(u, { params: { shape: _, ...params } }) => avgPool2d(u, params)],
    nonFinite: sumCause,
    samples: () => [
      [irregular([1, 1, 2, 2]), { size: 2, shape: [1, 2, 4, 2] }],
      [irregular([1, 3, 3, 1]), { size: 2, stride: 1, padding: "same", shape: [1, 3, 3, 1] }],
    ],
  });
