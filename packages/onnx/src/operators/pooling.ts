import { ones, type Tensor } from "@wengert/core";
import * as ops from "@wengert/ops";
import { flag, ignored, type Operator, operator, same } from "./operator.ts";
import { pad } from "./shapes.ts";
import { ceilPadding, type Geometry, geometryOf, windowAttributes } from "./windows.ts";

// Pools over the axes after [N, C]. Pools of two axes without dilation have separate ops.

const channelsLast = [0, 2, 3, 1];
const channelsFirst = [0, 3, 1, 2];

/** Adds entries before and after the spatial axes of x. */
const padSpatial = (x: Tensor, padding: Geometry["padding"], value: number): Tensor =>
  pad(x, [[0, 0], [0, 0], ...padding], "constant", value);

/** Reduces each window of x to one number with the reduction `f`, for example `max`. */
function overWindows(x: Tensor, { size, stride, dilation }: Geometry, f: typeof ops.max): Tensor {
  const axes = [...size.keys()].map((i) => i + 2);
  const windows = ops.windows(x, { size, stride, dilation, axes });
  return f(windows, { axis: size.map((_, i) => -1 - i) });
}

/**
 * If `ceil` is true, adds the end padding that the ONNX attribute ceil_mode requires. Otherwise returns `geometry`
 * unchanged.
 */
function withCeil(x: Tensor, geometry: Geometry, ceil: boolean): Geometry {
  if (!ceil) return geometry;
  const extra = ceilPadding(x.shape, geometry);
  return { ...geometry, padding: geometry.padding.map(([before, after], i) => [before, after + extra[i]!]) };
}

/** Whether `maxPool2d` and `avgPool2d` apply: two axes, no dilation, and an entry of x in each window. */
const isSimple = ({ size, dilation, padding }: Geometry): boolean =>
  size.length === 2 &&
  dilation.every((n) => n === 1) &&
  padding.every((pair, i) => pair.every((n) => n >= 0 && n < size[i]!));

const pool2d = (x: Tensor, { size, stride, padding }: Geometry, pool: typeof ops.maxPool2d): Tensor =>
  ops.transpose(pool(ops.transpose(x, { axes: channelsLast }), { size, stride, padding }), { axes: channelsFirst });

function maxPool(x: Tensor, geometry: Geometry): Tensor {
  if (isSimple(geometry)) return pool2d(x, geometry, ops.maxPool2d);
  const lowest = x.dtype === "int32" ? -(2 ** 31) : Number.NEGATIVE_INFINITY;
  return overWindows(padSpatial(x, geometry.padding, lowest), geometry, ops.max);
}

/**
 * Returns the average of each window of x. If `counted` is set, the average includes the zeros of the padding. The
 * extra padding of ceil_mode never counts.
 */
function averagePool(x: Tensor, plain: Geometry, ceil: boolean, counted: boolean): Tensor {
  const geometry = withCeil(x, plain, ceil);
  if (!counted && isSimple(geometry)) return pool2d(x, geometry, ops.avgPool2d);
  const spatial = ones([1, 1, ...x.shape.slice(2)], { dtype: x.dtype });
  const inside = counted ? padSpatial(spatial, plain.padding, 1) : padSpatial(spatial, plain.padding, 0);
  const extra = geometry.padding.map(([, after], i) => [0, after - plain.padding[i]![1]] as const);
  const counts = overWindows(padSpatial(inside, extra, 0), geometry, ops.sum);
  return ops.div(overWindows(padSpatial(x, geometry.padding, 0), geometry, ops.sum), counts);
}

/** The attributes of a pool. */
const poolAttributes = { ...windowAttributes, ceil_mode: flag(false), storage_order: ignored };

/** Declares an operator that reduces all axes after [N, C] to size 1. */
const global = (name: string, reduce: typeof ops.max): Operator =>
  same(name, (x) => reduce(x, { axis: [...x.shape.keys()].slice(2), keepDims: true }));

export const poolingOperators = (): readonly Operator[] => [
  operator("MaxPool", [1, 1], poolAttributes, ([x], attributes) => {
    const geometry = geometryOf(x.shape, attributes.kernel_shape ?? [], attributes);
    return maxPool(x, withCeil(x, geometry, attributes.ceil_mode));
  }),
  operator("AveragePool", [1, 1], { ...poolAttributes, count_include_pad: flag(false) }, ([x], attributes) => {
    const geometry = geometryOf(x.shape, attributes.kernel_shape ?? [], attributes);
    return averagePool(x, geometry, attributes.ceil_mode, attributes.count_include_pad);
  }),
  global("GlobalMaxPool", ops.max),
  global("GlobalAveragePool", ops.mean),
];
