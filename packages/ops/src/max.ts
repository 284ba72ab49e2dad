import { defineOp, describe, type Op, type Operand, OutOfRangeError, type Tensor, type Unary } from "@wengert/core";
import { sizeOf } from "@wengert/core/ndarray";
import { div, mul, numeric } from "./arithmetic.ts";
import { axesOf, axisOf, keptShape, type ReduceOptions, type Reduction, reducedShape, reductionOf } from "./axes.ts";
import { cast } from "./cast.ts";
import { equal } from "./compare.ts";
import { maximum } from "./lanes.ts";
import { alongAxes, withoutAxes } from "./loops.ts";
import { irregular } from "./samples.ts";
import { reshape } from "./shape.ts";
import { sum } from "./sum.ts";

/**
 * y = max x over `axis`; NaN if there is one. The cotangent goes to where the maximum is, split evenly among ties.
 * @throws OutOfRangeError for the maximum of nothing.
 */
export const max: Op<Unary, Reduction, ReduceOptions> = defineOp({
  name: "max",
  params: (options, [x]) => notOfNothing("max", x, reductionOf("max", x, options)),
  shape: ([x], params) => reducedShape(x.shape, params),
  dtype: (inputs) => numeric("max", inputs),
  kernel: (out, [x], { axes }) =>
    alongAxes(axes, withoutAxes(out, x.shape, axes), [x], (n, y, o, _, a, i, s) => {
      y[o] = maximum(n, a, i, s);
    }),
  flops: ([x]) => sizeOf(x.shape),
  vjp: [
    (g, { inputs: [x], output, params: { axes } }) => {
      const kept = (t: Tensor) => reshape(t, { shape: keptShape(x.shape, axes) });
      const isMost = cast(equal(x, kept(output)), { dtype: x.dtype });
      return mul(isMost, div(kept(g), sum(isMost, { axis: axes, keepDims: true })));
    },
  ],
  samples: () => [
    [irregular([2, 3])],
    [irregular([2, 3], 2), { axis: 0, keepDims: true }],
    [irregular([2, 2, 1]), { axis: [0, -1] }],
  ],
});

function notOfNothing<P extends { readonly axes: readonly number[] }>(who: string, x: Operand, params: P): P {
  if (params.axes.every((axis) => x.shape[axis]! > 0)) return params;
  throw new OutOfRangeError(
    `${who}: ${describe(x)} has size 0 along the axes to reduce, and there is no ${who} of nothing; check its size first`,
  );
}

export interface ArgmaxOptions {
  /** The axis to search; default: x row by row. */
  readonly axis?: number | undefined;
  readonly keepDims?: boolean | undefined;
}

/** The index of the maximum as int32: the first of ties, or of the first NaN. Nothing flows back. */
export const argmax: Op<Unary, Reduction, ArgmaxOptions> = defineOp({
  name: "argmax",
  params: ({ axis, keepDims = false } = {}, [x]) => {
    const axes = axis === undefined ? axesOf("argmax", x, undefined) : [axisOf("argmax", x, axis)];
    return notOfNothing("argmax", x, { axes, keepDims });
  },
  shape: ([x], params) => reducedShape(x.shape, params),
  dtype: () => "int32",
  kernel: (out, [x], { axes }) =>
    alongAxes(axes, withoutAxes(out, x.shape, axes), [x], (n, y, o, _, a, i, s) => {
      let at = 0;
      for (let l = 1; l < n; l++) {
        const best = a[i + at * s]!;
        if (!(a[i + l * s]! <= best) && !Number.isNaN(best)) at = l;
      }
      y[o] = at;
    }),
  vjp: [null],
  samples: () => [[irregular([2, 3], 2), { axis: 1 }]],
});
