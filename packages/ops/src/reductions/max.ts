import { OutOfRangeError, type Tensor } from "@wengert/core";
import { type Data, defineOp, describe, type Op, type Operand, sizeOf, type Unary } from "@wengert/core/extend";
import {
  axesOf,
  axisOf,
  booleanOption,
  keepDimsShape,
  type ReduceOptions,
  type Reduction,
  reduceDefaults,
  reducedShape,
  reductionOf,
} from "../declaring/axes.ts";
import { irregular } from "../declaring/samples.ts";
import { div, mul } from "../elementwise/arithmetic.ts";
import { cast } from "../elementwise/cast.ts";
import { equal } from "../elementwise/compare.ts";
import { alongAxes, withoutAxes } from "../loops/alongAxes.ts";
import { argmaxOf, argminOf, maxOf, minOf } from "../loops/slices.ts";
import { reshape } from "../shapes/reshape.ts";
import { sum } from "../shapes/sum.ts";

type Slice = (n: number, a: Data, i: number, t: number) => number;

/** A slice's extreme entry. The cotangent goes to where it stands, split evenly among ties. */
function extremeOf(name: string, extremeInSlice: Slice): Op<Unary, Reduction, ReduceOptions> {
  return defineOp<Unary, Reduction, ReduceOptions>({
    name,
    options: reduceDefaults,
    params: (options, [x]) => checkNotEmpty(x, reductionOf(x, options)),
    shape: ([x], params) => reducedShape(x.shape, params),
    dtype: ([x]) => x.dtype,
    kernel: (out, [x], { axes }) =>
      alongAxes(axes, withoutAxes(out, x.shape, axes), [x], (n, y, o, _, a, i, s) => {
        y[o] = extremeInSlice(n, a, i, s);
      }),
    flops: ([x]) => sizeOf(x.shape),
    vjp: [
      (g, { inputs: [x], output, params: { axes } }) => {
        const withKeptDims = (t: Tensor) => reshape(t, { shape: keepDimsShape(x.shape, axes) });
        const isExtreme = cast(equal(x, withKeptDims(output)), { dtype: x.dtype });
        return mul(isExtreme, div(withKeptDims(g), sum(isExtreme, { axis: axes, keepDims: true })));
      },
    ],
    samples: () => [
      [irregular([2, 3])],
      [irregular([2, 3], 2), { axis: 0, keepDims: true }],
      [irregular([2, 2, 1]), { axis: [0, -1] }],
    ],
  });
}

/**
 * y = max x over `axis`; NaN if there is one; of bools, whether any is true. g goes to where it stands, split evenly among ties.
 * @throws OutOfRangeError for the maximum of nothing.
 */
export const max: Op<Unary, Reduction, ReduceOptions> = /* @__PURE__ */ extremeOf("max", maxOf);

/**
 * y = min x over `axis`; NaN if there is one; of bools, whether all are true. g goes to where it stands, split evenly among ties.
 * @throws OutOfRangeError for the minimum of nothing.
 */
export const min: Op<Unary, Reduction, ReduceOptions> = /* @__PURE__ */ extremeOf("min", minOf);

function checkNotEmpty<P extends { readonly axes: readonly number[] }>(x: Operand, params: P): P {
  if (params.axes.every((axis) => x.shape[axis]! > 0)) return params;
  throw new OutOfRangeError(
    `${describe(x)} has size 0 along the axes to reduce, so there is no result; check its size first`,
  );
}

export interface ArgmaxOptions {
  /** The axis to search. Default: all of x, row by row. */
  readonly axis?: number | undefined;
  /** Whether the searched axes stay, with size 1. Default: no. */
  readonly keepDims?: boolean | undefined;
}

/** Where a slice's extreme entry stands, as int32. Nothing flows back. */
function indexOfExtreme(name: string, indexInSlice: Slice): Op<Unary, Reduction, ArgmaxOptions> {
  return defineOp<Unary, Reduction, ArgmaxOptions>({
    name,
    options: reduceDefaults,
    params: ({ axis, keepDims }, [x]) => {
      const axes = axis === undefined ? axesOf(x, undefined) : [axisOf(x, axis)];
      return checkNotEmpty(x, { axes, keepDims: booleanOption("keepDims", keepDims) });
    },
    shape: ([x], params) => reducedShape(x.shape, params),
    dtype: () => "int32",
    kernel: (out, [x], { axes }) =>
      alongAxes(axes, withoutAxes(out, x.shape, axes), [x], (n, y, o, _, a, i, s) => {
        y[o] = indexInSlice(n, a, i, s);
      }),
    vjp: [null],
    samples: () => [[irregular([2, 3], 2), { axis: 1 }]],
  });
}

/** The index of the maximum: that of the first of ties, or of the first NaN. */
export const argmax: Op<Unary, Reduction, ArgmaxOptions> = /* @__PURE__ */ indexOfExtreme("argmax", argmaxOf);

/** The index of the minimum: that of the first of ties, or of the first NaN. */
export const argmin: Op<Unary, Reduction, ArgmaxOptions> = /* @__PURE__ */ indexOfExtreme("argmin", argminOf);
