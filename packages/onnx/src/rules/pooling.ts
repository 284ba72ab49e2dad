import type { DType } from "@wengert/core";
import type { Shape } from "@wengert/core/extend";
import * as ops from "@wengert/ops";
import { avgPoolPullback, maxPoolPullback, maxPoolTangent } from "@wengert/ops/extend";
import type { GraphBuilder } from "../graph/graph.ts";
import { channelsFirst, channelsLast, padsOf } from "./convolution.ts";
import { arithmetic, transpose } from "./formulas.ts";
import { type Rule, rule } from "./rule.ts";
import { padZeros, placeSlice, takeSlice } from "./slices.ts";

// Rules that export pooling to ONNX, which has no operators for the derivatives of pooling. The derivatives take one
// strided slice of the images for each entry of a window: four slices for windows of 2 × 2.

interface Pooling {
  readonly size: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly (readonly [number, number])[];
}

const attributesOf = ({ size, stride, padding }: Pooling) => ({
  kernel_shape: size,
  strides: stride,
  pads: padsOf(padding),
});

const paddedShape = (images: Shape, { padding: [rows, columns] }: Pooling): Shape =>
  images.with(1, images[1]! + rows![0] + rows![1]).with(2, images[2]! + columns![0] + columns![1]);

const before = ({ padding }: Pooling): number[] => [0, padding[0]![0], padding[1]![0], 0];
const after = ({ padding }: Pooling): number[] => [0, padding[0]![1], padding[1]![1], 0];

/**
 * Returns a strided slice of the padded images for each entry of a pooling window. Slice p contains entry p of every
 * window. `pool` is the shape of the pooled images.
 */
const positionsOf = (pool: Shape, { size, stride }: Pooling) =>
  Array.from({ length: size[0]! * size[1]! }, (_, p) => ({
    start: [0, Math.floor(p / size[1]!), p % size[1]!, 0],
    step: [1, stride[0]!, stride[1]!, 1],
    size: pool,
  }));

const sumOf = (g: GraphBuilder, terms: readonly string[]): string =>
  terms.reduce((sum, each) => g.node("Add", [sum, each]));

/**
 * Pads the images with `value`. Returns, for each position in a window, the entries at this position in all windows.
 */
function entriesOf(g: GraphBuilder, x: string, pool: Shape, params: Pooling, value: number, dtype: DType): string[] {
  const padded = padZeros(g, x, before(params), after(params), g.number(value, dtype));
  return positionsOf(pool, params).map((position) => takeSlice(g, padded, position));
}

/**
 * Returns, for each position in a window, an array over all windows: 1 if the entry at this position is the maximum of
 * the window, and 0 otherwise.
 */
function maxima(g: GraphBuilder, x: string, pool: Shape, params: Pooling, dtype: DType): string[] {
  const { equal, max, where } = arithmetic(g, dtype);
  const entries = entriesOf(g, x, pool, params, Number.NEGATIVE_INFINITY, dtype);
  const largest = entries.reduce((all, each) => max(all, each));
  return entries.map((each) => where(equal(each, largest), 1, 0));
}

/**
 * Adds up overlapping windows, and returns an array with the shape of the images. `entries` has, for each position in a
 * window, the entries at this position in all windows.
 */
function spread(
  g: GraphBuilder,
  entries: readonly string[],
  images: Shape,
  pool: Shape,
  params: Pooling,
  dtype: DType,
): string {
  const [positions, shape] = [positionsOf(pool, params), paddedShape(images, params)];
  const placed = entries.map((entry, p) => placeSlice(g, entry, positions[p]!, shape, dtype));
  const cut = (widths: readonly number[]) => widths.map((n) => 0 - n);
  return padZeros(g, sumOf(g, placed), cut(before(params)), cut(after(params)));
}

/**
 * Returns the number of entries of the images in each window. Windows at the edges have fewer entries, because padding
 * does not count.
 */
function counts(images: Shape, pool: Shape, { size, stride, padding }: Pooling): number[] {
  const along = (i: 0 | 1) =>
    Array.from({ length: pool[i + 1]! }, (_, k) => {
      const from = k * stride[i]! - padding[i]![0];
      return Math.min(from + size[i]!, images[i + 1]!) - Math.max(from, 0);
    });
  const columns = along(1);
  return along(0).flatMap((rows) => columns.map((each) => rows * each));
}

/** Returns a constant with the number of entries in each window. The constant broadcasts to the shape of the pooled output. */
const countsOf = (g: GraphBuilder, images: Shape, pool: Shape, params: Pooling, dtype: DType): string =>
  g.array(counts(images, pool, params), [1, pool[1]!, pool[2]!, 1], dtype);

// Only float32 pools use the operators MaxPool and AveragePool of ONNX. In float64, ONNX Runtime has no AveragePool,
// and its MaxPool ignores NaN.
export const poolingRules = (): readonly Rule[] => [
  rule(ops.maxPool2d, (g, [x], { output: { shape, dtype }, params }) => {
    if (dtype === "float32")
      return transpose(g, g.node("MaxPool", [transpose(g, x, channelsFirst)], attributesOf(params)), channelsLast);
    const lowest = dtype === "int32" ? -(2 ** 31) : Number.NEGATIVE_INFINITY;
    return entriesOf(g, x, shape, params, lowest, dtype).reduce((all, each) => g.node("Max", [all, each]));
  }),
  rule(ops.avgPool2d, (g, [x], { inputs: [images], output: { shape, dtype }, params }) => {
    if (dtype === "float32")
      return transpose(g, g.node("AveragePool", [transpose(g, x, channelsFirst)], attributesOf(params)), channelsLast);
    const sum = sumOf(g, entriesOf(g, x, shape, params, 0, dtype));
    return g.node("Div", [sum, countsOf(g, images.shape, shape, params, dtype)]);
  }),
  rule(maxPoolPullback, (g, [x, cotangent], { inputs: [images, { shape: pool }], output: { dtype }, params }) => {
    const { mul, div } = arithmetic(g, dtype);
    const masks = maxima(g, x, pool, params, dtype);
    const share = div(cotangent, sumOf(g, masks));
    const entries = masks.map((mask) => mul(mask, share));
    return spread(g, entries, images.shape, pool, params, dtype);
  }),
  rule(maxPoolTangent, (g, [x, u], { output: { shape, dtype }, params }) => {
    const { mul, div } = arithmetic(g, dtype);
    const masks = maxima(g, x, shape, params, dtype);
    const entries = entriesOf(g, u, shape, params, 0, dtype);
    const taken = masks.map((mask, p) => mul(mask, entries[p]!));
    return div(sumOf(g, taken), sumOf(g, masks));
  }),
  rule(avgPoolPullback, (g, [cotangent], { inputs: [{ shape: pool }], output: { dtype }, params }) => {
    const share = g.node("Div", [cotangent, countsOf(g, params.shape, pool, params, dtype)]);
    const entries = positionsOf(pool, params).map(() => share);
    return spread(g, entries, params.shape, pool, params, dtype);
  }),
];
