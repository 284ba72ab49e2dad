import type { DType } from "@wengert/core";
import type { Shape } from "@wengert/core/extend";
import * as ops from "@wengert/ops";
import { avgPoolPullback, maxPoolPullback, maxPoolTangent } from "@wengert/ops/extend";
import type { Attributes } from "../format/model.ts";
import type { GraphBuilder } from "../graph/graph.ts";
import { channelsFirst, channelsLast, padsOf } from "./convolution.ts";
import { arithmetic, castTo, transpose } from "./formulas.ts";
import { type Rule, rule } from "./rule.ts";
import { padZeros, placeSlice, sliceAxis, takeSlice } from "./slices.ts";

// Rules that export pooling and its derivatives to ONNX, which has no operators for the derivatives of pooling. In
// general, the ONNX graph of a derivative takes one strided slice of the images for each position in a window: four
// slices for windows of 2 × 2. If the windows of a float32 pool do not overlap, the graph of the gradient uses Resize
// instead of slices, which is several times faster in ONNX Runtime.

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
 * Returns the largest entry of each window of float32 images with the channels first, or NaN if the window contains NaN.
 * The MaxPool of ONNX Runtime loses NaN at some positions of a window.
 */
function maxPool(g: GraphBuilder, x: string, attributes: Attributes): string {
  const { greater, where } = arithmetic(g, "float32");
  const areNaN = g.node("MaxPool", [castTo(g, g.node("IsNaN", [x]), "float32")], attributes);
  return where(greater(areNaN, 0), Number.NaN, g.node("MaxPool", [x], attributes));
}

/** Whether each entry of the images is in at most one window, and the windows have no padding and no gaps. */
const areDisjoint = ({ size, stride, padding }: Pooling, dtype: DType): boolean =>
  dtype === "float32" && size.every((n, i) => n === stride[i]) && padding.flat().every((n) => n === 0);

/** Returns pooled images with the channels first, in which each entry is repeated over its window. */
const enlarge = (g: GraphBuilder, pooled: string, { size }: Pooling): string =>
  g.node("Resize", [pooled, "", g.array([1, 1, ...size], [4], "float32")], {
    mode: "nearest",
    coordinate_transformation_mode: "asymmetric",
    nearest_mode: "floor",
  });

/**
 * Returns the height and width of the region that non-overlapping windows cover, and the numbers of rows and columns
 * outside of this region.
 */
function coverage(images: Shape, pool: Shape, { size }: Pooling) {
  const covered = size.map((n, i) => n * pool[i + 1]!);
  return { covered, rest: covered.map((n, i) => images[i + 1]! - n) };
}

/** Appends the zero gradients of the entries that no window covers, and moves the channels to the last axis. */
const addUncovered = (g: GraphBuilder, x: string, rest: readonly number[]): string =>
  transpose(g, padZeros(g, x, [0, 0, 0, 0], [0, 0, ...rest]), channelsLast);

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
      return transpose(g, maxPool(g, transpose(g, x, channelsFirst), attributesOf(params)), channelsLast);
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
    const { equal, mul, div } = arithmetic(g, dtype);
    if (areDisjoint(params, dtype)) {
      const attributes = attributesOf(params);
      const first = transpose(g, x, channelsFirst);
      const { covered, rest } = coverage(images.shape, pool, params);
      const cut = rest.some((n) => n > 0)
        ? sliceAxis(g, sliceAxis(g, first, 2, 0, covered[0]!), 3, 0, covered[1]!)
        : first;
      const largest = maxPool(g, first, attributes); // ONNX Runtime computes it once for the value and the gradient
      const mask = castTo(g, equal(cut, enlarge(g, largest, params)), dtype);
      const count = mul(g.node("AveragePool", [mask], attributes), params.size[0]! * params.size[1]!);
      const share = div(transpose(g, cotangent, channelsFirst), count);
      return addUncovered(g, mul(mask, enlarge(g, share, params)), rest);
    }
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
    if (areDisjoint(params, dtype)) {
      const share = arithmetic(g, dtype).div(transpose(g, cotangent, channelsFirst), params.size[0]! * params.size[1]!);
      return addUncovered(g, enlarge(g, share, params), coverage(params.shape, pool, params).rest);
    }
    const share = g.node("Div", [cotangent, countsOf(g, params.shape, pool, params, dtype)]);
    const entries = positionsOf(pool, params).map(() => share);
    return spread(g, entries, params.shape, pool, params, dtype);
  }),
];
