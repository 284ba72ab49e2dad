import { ArgumentError, OutOfRangeError, Tensor, type TensorLike } from "@wengert/core";
import { defineOp, describe, type Op, type Operand, sizeOf, type Unary } from "@wengert/core/extend";
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
import { type Fold, reduceSlices, type SliceReduction } from "../loops/columns.ts";
import { argFold, maxFold, minFold } from "../loops/folds.ts";
import { argmaxOf, argminOf, maxOf, minOf } from "../loops/slices.ts";
import { reshape } from "../shapes/reshape.ts";
import { sum } from "../shapes/sum.ts";
import { reductionInWasm } from "../wasm/gathered.ts";

/**
 * Declares `max` or `min` as a reduction over axes. The maximum or minimum receives the cotangent; ties share it
 * equally. If a caller passes a second tensor, the error suggests the elementwise op `ofTwo`.
 */
function extremeOf(
  name: "max" | "min",
  extremeInSlice: SliceReduction,
  fold: Fold,
  ofTwo: string,
): Op<Unary, Reduction, ReduceOptions> {
  const op = defineOp<Unary, Reduction, ReduceOptions>({
    name,
    options: reduceDefaults,
    params: (options, [x]) => checkNotEmpty(x, reductionOf(x, options)),
    shape: ([x], params) => reducedShape(x.shape, params),
    dtype: ([x]) => x.dtype,
    batch: "shift",
    kernel: (out, [x], { axes }) =>
      reductionInWasm(name === "max" ? "Max" : "Min", out, x, axes) || reduceSlices(axes, out, x, extremeInSlice, fold),
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
  const reduce = (x: TensorLike, options?: ReduceOptions): Tensor => {
    if (options instanceof Tensor)
      throw new ArgumentError(`${name}: reduces one tensor, got two; write ${ofTwo}(a, b) for each pair`);
    return op(x, options);
  };
  return Object.assign(reduce, op);
}

/**
 * Returns the maximum of x over `axis`; NaN if any entry is NaN; for bools, whether any is true. The maximum receives
 * the cotangent; ties share it equally.
 * @throws OutOfRangeError if a slice is empty
 */
export const max: Op<Unary, Reduction, ReduceOptions> = /* @__PURE__ */ extremeOf("max", maxOf, maxFold, "maximum");

/**
 * Returns the minimum of x over `axis`; NaN if any entry is NaN; for bools, whether all are true. The minimum receives
 * the cotangent; ties share it equally.
 * @throws OutOfRangeError if a slice is empty
 */
export const min: Op<Unary, Reduction, ReduceOptions> = /* @__PURE__ */ extremeOf("min", minOf, minFold, "minimum");

/**
 * Returns the params of a max or min reduction.
 * @throws OutOfRangeError if x has no entries along the reduced axes
 */
export function checkNotEmpty<P extends { readonly axes: readonly number[] }>(x: Operand, params: P): P {
  if (params.axes.every((axis) => x.shape[axis]! > 0)) return params;
  throw new OutOfRangeError(
    `${describe(x)} has size 0 along the axes to reduce, so there is no result; check its size first`,
  );
}

export interface ArgmaxOptions {
  /** The axis to search. Default: all of x, in row-major order. */
  readonly axis?: number | undefined;
  /** Whether to keep the searched axes, with size 1. Default: false. */
  readonly keepDims?: boolean | undefined;
}

/**
 * Declares argmax or argmin: the index of the largest or smallest entry of each slice, as int32. Not differentiable.
 */
function indexOfExtreme(name: string, indexInSlice: SliceReduction, fold: Fold): Op<Unary, Reduction, ArgmaxOptions> {
  return defineOp<Unary, Reduction, ArgmaxOptions>({
    name,
    options: reduceDefaults,
    params: ({ axis, keepDims }, [x]) => {
      const axes = axis === undefined ? axesOf(x, undefined) : [axisOf(x, axis)];
      return checkNotEmpty(x, { axes, keepDims: booleanOption("keepDims", keepDims) });
    },
    shape: ([x], params) => reducedShape(x.shape, params),
    dtype: () => "int32",
    batch: "shift",
    kernel: (out, [x], { axes }) => reduceSlices(axes, out, x, indexInSlice, fold),
    vjp: [null],
    samples: () => [[irregular([2, 3], 2), { axis: 1 }]],
  });
}

/**
 * Returns the index of the maximum along `axis`, int32: the first of ties, or the first NaN.
 * @throws OutOfRangeError if a slice is empty
 */
export const argmax: Op<Unary, Reduction, ArgmaxOptions> = /* @__PURE__ */ indexOfExtreme(
  "argmax",
  argmaxOf,
  /* @__PURE__ */ argFold(1),
);

/**
 * Returns the index of the minimum along `axis`, int32: the first of ties, or the first NaN.
 * @throws OutOfRangeError if a slice is empty
 */
export const argmin: Op<Unary, Reduction, ArgmaxOptions> = /* @__PURE__ */ indexOfExtreme(
  "argmin",
  argminOf,
  /* @__PURE__ */ argFold(-1),
);
