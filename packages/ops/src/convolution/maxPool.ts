import { ShapeError, type Tensor } from "@wengert/core";
import {
  type Data,
  defineOp,
  describe,
  isSameShape,
  type Op,
  type Operand,
  ravel,
  type Shape,
  shapeText,
  sizeOf,
  type Unary,
} from "@wengert/core/extend";
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

/**
 * Returns the maximum of one channel of a window, or NaN if an entry is NaN. Math.max compiles to code without a
 * branch. On random data, the processor would often mispredict a branch.
 */
function peakOf(rows: number, rowStep: number, columns: number, step: number, start: number, x: Data): number {
  let peak = x[start]!;
  for (let row = 0, first = start; row < rows; row++, first += rowStep)
    for (let column = 0, i = first; column < columns; column++, i += step) peak = Math.max(peak, x[i]!);
  return peak;
}

const maxLoop: WindowLoop = (channels, rows, rowStep, columns, o, p, start, x) => {
  for (let c = 0; c < channels; c++) p[o + c] = peakOf(rows, rowStep, columns, channels, start + c, x);
};

/**
 * Returns the largest entry of each window of images x [N, H, W, C], per channel; NaN if the window has a NaN. The
 * result has the shape [N, windows down, windows across, C]. Padding is ignored. The maximum receives the cotangent;
 * ties share it equally.
 * @throws ShapeError if a window is larger than x, or has no entry of x
 */
export const maxPool2d: Op<Unary, Pooling, PoolOptions> = /* @__PURE__ */ defineOp({
  name: "maxPool2d",
  options: poolDefaults,
  params: (options, [x]) => poolingOf(options, x, 2),
  shape: ([x], params) => pooledShape(x, params),
  dtype: ([x]) => x.dtype,
  batch: (call) => batchOfImages(call, [0]),
  kernel: /* @__PURE__ */ withKernelCall(
    (out, [x], params) => {
      const images = ravel(x);
      const pooled = { ...params, images: x.shape, pool: out.shape };
      if (!poolInWasm("max", pooled, out.data, images)) eachWindow(pooled, maxLoop, out.data, images, images);
    },
    ([x], out, params) => poolCall("max", { ...params, images: x.shape, pool: out.shape }, widthOf(out)),
  ),
  flops: (_, { shape }, { size }) => sizeOf(shape) * sizeOf(size),
  vjp: [(g, { inputs: [x], params }) => maxPoolPullback(x, g, params)],
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
 * Returns the largest entry of each window of sequences x [N, length, C], per channel: maxPool2d in one dimension. The
 * result has the shape [N, windows, C].
 */
export const maxPool1d: Sampled<(x: Tensor | number, options: PoolOptions) => Tensor> = /* @__PURE__ */ withSamples<
  (x: Tensor | number, options: PoolOptions) => Tensor
>(/* @__PURE__ */ inOneDimension("maxPool1d", maxPool2d), () => [
  [irregular([2, 5, 2]), { size: 2 }],
  [irregular([1, 4, 2]), { size: 3, stride: 2, padding: "same" }],
]);

/**
 * For each window, adds the cotangent p of the window's maximum to u, at the position of the maximum in x. If several
 * entries equal the maximum, each receives an equal share of p. If the window has a NaN, all of its entries in u become
 * NaN.
 */
const spreadLoop: WindowLoop = (channels, rows, rowStep, columns, o, p, start, x, u) => {
  for (let c = 0; c < channels; c++) {
    const peak = peakOf(rows, rowStep, columns, channels, start + c, x);
    let ties = 0;
    let last = 0;
    for (let row = 0, first = start + c; row < rows; row++, first += rowStep)
      for (let column = 0, i = first; column < columns; column++, i += channels)
        if (x[i] === peak) {
          ties++;
          last = i;
        }
    if (ties === 1) {
      u[last]! += p[o + c]!;
      continue;
    }
    const share = ties === 0 ? Number.NaN : p[o + c]! / ties; // no entry equals NaN
    for (let row = 0, first = start + c; row < rows; row++, first += rowStep)
      for (let column = 0, i = first; column < columns; column++, i += channels)
        if (x[i] === peak || ties === 0) u[i]! += share;
  }
};

/**
 * For each window, writes to p the mean of u over the positions where x equals the window's maximum. Writes NaN if the
 * window has a NaN.
 */
const collectLoop: WindowLoop = (channels, rows, rowStep, columns, o, p, start, x, u) => {
  for (let c = 0; c < channels; c++) {
    const peak = peakOf(rows, rowStep, columns, channels, start + c, x);
    let ties = 0;
    let total = 0;
    for (let row = 0, first = start + c; row < rows; row++, first += rowStep)
      for (let column = 0, i = first; column < columns; column++, i += channels)
        if (x[i] === peak) {
          ties++;
          total += u[i]!;
        }
    p[o + c] = total / ties;
  }
};

/**
 * Returns the VJP of maxPool2d for the cotangent g. The result has the shape of x, and each window adds g at the
 * position of its maximum. If several entries equal the maximum, each receives an equal share of g. A window with a NaN
 * adds NaN to all of its entries. The result is linear in g. For the cotangent u of the result, the VJP for g is the
 * `maxPoolTangent` of u. The derivative by x is 0, since a small change of x does not change which entry is the
 * maximum.
 */
export const maxPoolPullback: Op<readonly [x: Tensor, g: Tensor], Pooling, PoolOptions> = /* @__PURE__ */ defineOp({
  name: "maxPoolPullback",
  options: poolDefaults,
  params: (options, [x]) => poolingOf(options, x, 2),
  shape: ([x, g], params) => {
    checkShape(g, "g", pooledShape(x, params));
    return x.shape;
  },
  batch: (call) => batchOfImages(call, [0, 1]),
  kernel: /* @__PURE__ */ withKernelCall(
    (out, [x, g], params) => {
      const pooled = { ...params, images: x.shape, pool: g.shape };
      const spread = ({ data }: { readonly data: Data }) => eachWindow(pooled, spreadLoop, ravel(g), ravel(x), data);
      if (poolInWasm("maxPullback", pooled, ravel(g), ravel(x), out.data)) return;
      if (overlap(params)) inFloat64(out, spread);
      else spread(out);
    },
    ([, g], out, params) => poolCall("maxPullback", { ...params, images: out.shape, pool: g.shape }, widthOf(out)),
  ),
  flops: ([, g], _, { size }) => 3 * sizeOf(g.shape) * sizeOf(size),
  vjp: [null, (u, { inputs: [x], params }) => maxPoolTangent(x, u, params)],
  samples: () => [
    [irregular([1, 2, 4, 2]), irregular([1, 1, 2, 2], 2), { size: 2 }],
    [irregular([1, 3, 3, 1]), irregular([1, 3, 3, 1], 2), { size: 2, stride: 1, padding: "same" }],
  ],
});

/**
 * Returns the tangent of maxPool2d for the tangent u of x. The result for a window is the mean of u over the positions
 * where x equals the window's maximum, or NaN if the window has a NaN. The result is linear in u. The VJP for u is the
 * `maxPoolPullback` of the cotangent.
 */
export const maxPoolTangent: Op<readonly [x: Tensor, u: Tensor], Pooling, PoolOptions> = /* @__PURE__ */ defineOp({
  name: "maxPoolTangent",
  options: poolDefaults,
  params: (options, [x]) => poolingOf(options, x, 2),
  shape: ([x, u], params) => {
    checkShape(u, "u", x.shape);
    return pooledShape(x, params);
  },
  batch: (call) => batchOfImages(call, [0, 1]),
  kernel: (out, [x, u], params) =>
    eachWindow({ ...params, images: x.shape, pool: out.shape }, collectLoop, out.data, ravel(x), ravel(u)),
  flops: (_, { shape }, { size }) => 3 * sizeOf(shape) * sizeOf(size),
  vjp: [null, (g, { inputs: [x], params }) => maxPoolPullback(x, g, params)],
  samples: () => [
    [irregular([1, 2, 4, 2]), irregular([1, 2, 4, 2], 2), { size: 2 }],
    [irregular([1, 3, 3, 1]), irregular([1, 3, 3, 1], 2), { size: 2, stride: 1, padding: "same" }],
  ],
});

function checkShape(operand: Operand, name: string, expected: Shape): void {
  if (isSameShape(operand.shape, expected)) return;
  throw new ShapeError(`${describe(operand, name)} must have the shape ${shapeText(expected)}`);
}
