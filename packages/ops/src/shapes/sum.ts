import { type DType, ShapeError, type Tensor, tensor } from "@wengert/core";
import {
  defineOp,
  describe,
  isSameShape,
  type NdArray,
  ndarray,
  type Op,
  type Operand,
  type Shape,
  shapeText,
  sizeOf,
  type Unary,
} from "@wengert/core/extend";
import {
  keepDimsShape,
  type ReduceOptions,
  type Reduction,
  reduceDefaults,
  reducedShape,
  reductionOf,
  shapeOption,
} from "../declaring/axes.ts";
import { sumCause } from "../declaring/nonFiniteCauses.ts";
import { irregular } from "../declaring/samples.ts";
import { alongAxes, withoutAxes } from "../loops/alongAxes.ts";
import { longSlice } from "../loops/columns.ts";
import { sumOf } from "../loops/slices.ts";
import { broadcastStrides } from "../loops/strided.ts";
import { reductionInWasm } from "../wasm/gathered.ts";
import { sumsInWasm } from "../wasm/sums.ts";
import { reshape, reshapeTo } from "./reshape.ts";

/** Returns the dtype of a sum or product of x: the dtype of x, or int32 for bools, which are counted. */
export const sumDType = ([{ dtype }]: readonly [Pick<Operand, "dtype">]): DType => (dtype === "bool" ? "int32" : dtype);

/**
 * Returns y = Σ x over `axis`, in float64; int32 sums wrap around modulo 2³², and bools are counted as int32. Every
 * element of a slice has the derivative 1, so the VJP broadcasts the cotangent over the slice.
 */
export const sum: Op<Unary, Reduction, ReduceOptions> = /* @__PURE__ */ defineOp({
  name: "sum",
  options: reduceDefaults,
  params: (options, [x]) => reductionOf(x, options),
  shape: ([x], params) => reducedShape(x.shape, params),
  dtype: sumDType,
  batch: "shift",
  kernel: (out, [x], { axes }) => sumInto(out, x, axes),
  flops: ([x]) => sizeOf(x.shape),
  vjp: [
    (g, { inputs: [x], params: { axes } }) =>
      broadcastTo(reshape(g, { shape: keepDimsShape(x.shape, axes) }), { shape: x.shape }),
  ],
  nonFinite: sumCause,
  samples: () => [
    [irregular([2, 3])],
    [irregular([2, 3], 2), { axis: 0, keepDims: true }],
    [irregular([2, 2, 1]), { axis: [0, -1] }],
  ],
});

/** Writes the sums of x over `axes`, divided by `divisor`, to `out`. */
export function sumInto(out: NdArray, x: NdArray, axes: readonly number[], divisor = 1): void {
  const isShort = axes.reduce((n, axis) => n * x.shape[axis]!, 1) < longSlice;
  if (isShort && reductionInWasm("Sum", out, x, axes, divisor)) return;
  if (sumsInWasm(out, x, axes, divisor) || reductionInWasm("Sum", out, x, axes, divisor)) return;
  const sums = withoutAxes(out, x.shape, axes);
  alongAxes(axes, sums, [x], (n, y, o, _, a, i, s) => {
    y[o] = sumOf(n, a, i, s) / divisor;
  });
}

/**
 * Returns x broadcast to `shape`: repeated along new axes and along axes of size 1. The adjoint sums over the repeated
 * axes.
 */
export const broadcastTo: Op<Unary, { readonly shape: Shape }> = /* @__PURE__ */ defineOp({
  name: "broadcastTo",
  options: { shape: undefined },
  params: (options) => ({ shape: shapeOption(options) }),
  shape: ([x], { shape }) => {
    const missing = shape.length - x.shape.length;
    if (missing >= 0 && x.shape.every((n, i) => n === 1 || n === shape[i + missing])) return shape;
    throw new ShapeError(
      `${describe(x)} does not broadcast to ${shapeText(shape)}; its sizes must be equal, or 1, counted from the last axis`,
    );
  },
  dtype: ([x]) => x.dtype,
  batch: ({ inputs: [x], operands: [{ shape: entry }], params: { shape }, size, again }) => {
    const ones = new Array<number>(shape.length - entry.length).fill(1);
    return again({ shape: [size, ...shape] }, [reshapeTo(x, [size, ...ones, ...entry])]);
  },
  view: ([x], { shape }) => ndarray(x.data, shape, broadcastStrides(x, shape), x.offset),
  vjp: [(g, { inputs: [x] }) => unbroadcast(g, x)],
  nonFinite: sumCause,
  samples: () => [
    [irregular([2, 1], 2), { shape: [3, 2, 2] }],
    [tensor(1), { shape: [2] }],
  ],
});

/**
 * Returns the cotangent of `x`, computed from the cotangent of its broadcast copy: the sum over the axes along which x
 * was repeated.
 */
export function unbroadcast(g: Tensor, { shape }: Pick<Operand, "shape">): Tensor {
  if (isSameShape(g.shape, shape)) return g;
  return sizeOf(g.shape) === sizeOf(shape) ? reshape(g, { shape }) : sumToShape(g, shape);
}

function sumToShape(g: Tensor, shape: Shape): Tensor {
  const missing = g.shape.length - shape.length;
  const axis = [...g.shape.keys()].filter((i) => i < missing || (shape[i - missing] === 1 && g.shape[i] !== 1));
  return reshapeTo(sum(g, { axis }), shape);
}
