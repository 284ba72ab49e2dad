import { defineOp, describe, type Op, type Operand, OutOfRangeError, type Tensor, type Unary } from "@wengert/core";
import { type Data, sizeOf } from "@wengert/core/ndarray";
import { div, mul } from "./arithmetic.ts";
import {
  axesOf,
  axisOf,
  flagOf,
  keptShape,
  type ReduceOptions,
  type Reduction,
  reduceDefaults,
  reducedShape,
  reductionOf,
} from "./axes.ts";
import { cast } from "./cast.ts";
import { equal } from "./compare.ts";
import { maximum, minimum, peak, trough } from "./lanes.ts";
import { alongAxes, withoutAxes } from "./loops.ts";
import { irregular } from "./samples.ts";
import { reshape } from "./shape.ts";
import { sum } from "./sum.ts";

type Lane = (n: number, a: Data, i: number, t: number) => number;

/** A lane's extreme entry. The cotangent goes to where it stands, split evenly among ties. */
function extremeOf(name: string, ofLane: Lane): Op<Unary, Reduction, ReduceOptions> {
  return defineOp<Unary, Reduction, ReduceOptions>({
    name,
    options: reduceDefaults,
    params: (options, [x]) => notOfNothing(name, x, reductionOf(name, x, options)),
    shape: ([x], params) => reducedShape(x.shape, params),
    dtype: ([x]) => x.dtype,
    kernel: (out, [x], { axes }) =>
      alongAxes(axes, withoutAxes(out, x.shape, axes), [x], (n, y, o, _, a, i, s) => {
        y[o] = ofLane(n, a, i, s);
      }),
    flops: ([x]) => sizeOf(x.shape),
    vjp: [
      (g, { inputs: [x], output, params: { axes } }) => {
        const kept = (t: Tensor) => reshape(t, { shape: keptShape(x.shape, axes) });
        const isThere = cast(equal(x, kept(output)), { dtype: x.dtype });
        return mul(isThere, div(kept(g), sum(isThere, { axis: axes, keepDims: true })));
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
export const max: Op<Unary, Reduction, ReduceOptions> = /* @__PURE__ */ extremeOf("max", maximum);

/**
 * y = min x over `axis`; NaN if there is one; of bools, whether all are true. g goes to where it stands, split evenly among ties.
 * @throws OutOfRangeError for the minimum of nothing.
 */
export const min: Op<Unary, Reduction, ReduceOptions> = /* @__PURE__ */ extremeOf("min", minimum);

function notOfNothing<P extends { readonly axes: readonly number[] }>(who: string, x: Operand, params: P): P {
  if (params.axes.every((axis) => x.shape[axis]! > 0)) return params;
  throw new OutOfRangeError(
    `${who}: ${describe(x)} has size 0 along the axes to reduce, and there is no ${who} of nothing; check its size first`,
  );
}

export interface ArgmaxOptions {
  /** The axis to search. Default: all of x, row by row. */
  readonly axis?: number | undefined;
  /** Whether the searched axes stay, with size 1. Default: no. */
  readonly keepDims?: boolean | undefined;
}

/** Where a lane's extreme entry stands, as int32. Nothing flows back. */
function placeOf(name: string, inLane: Lane): Op<Unary, Reduction, ArgmaxOptions> {
  return defineOp<Unary, Reduction, ArgmaxOptions>({
    name,
    options: reduceDefaults,
    params: ({ axis, keepDims }, [x]) => {
      const axes = axis === undefined ? axesOf(name, x, undefined) : [axisOf(name, x, axis)];
      return notOfNothing(name, x, { axes, keepDims: flagOf(name, "keepDims", keepDims) });
    },
    shape: ([x], params) => reducedShape(x.shape, params),
    dtype: () => "int32",
    kernel: (out, [x], { axes }) =>
      alongAxes(axes, withoutAxes(out, x.shape, axes), [x], (n, y, o, _, a, i, s) => {
        y[o] = inLane(n, a, i, s);
      }),
    vjp: [null],
    samples: () => [[irregular([2, 3], 2), { axis: 1 }]],
  });
}

/** The index of the maximum: that of the first of ties, or of the first NaN. */
export const argmax: Op<Unary, Reduction, ArgmaxOptions> = /* @__PURE__ */ placeOf("argmax", peak);

/** The index of the minimum: that of the first of ties, or of the first NaN. */
export const argmin: Op<Unary, Reduction, ArgmaxOptions> = /* @__PURE__ */ placeOf("argmin", trough);
