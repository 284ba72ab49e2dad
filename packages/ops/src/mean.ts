import { defineOp, type Op, type Operand, type Unary } from "@wengert/core";
import { sizeOf } from "@wengert/core/ndarray";
import { div } from "./arithmetic.ts";
import { keptShape, type ReduceOptions, type Reduction, reducedShape, reductionOf } from "./axes.ts";
import { alongAxes, withoutAxes } from "./loops.ts";
import { irregular } from "./samples.ts";
import { reshape } from "./shape.ts";
import { broadcastTo } from "./sum.ts";

const count = (x: Operand, axes: readonly number[]): number => axes.reduce((n, axis) => n * x.shape[axis]!, 1);

/** y = (Σ x) / n over `axis`, in float64; NaN for n = 0. Every element of a lane has the derivative 1 / n. */
export const mean: Op<Unary, Reduction, ReduceOptions> = defineOp({
  name: "mean",
  params: (options, [x]) => reductionOf("mean", x, options),
  shape: ([x], params) => reducedShape(x.shape, params),
  kernel: (out, [x], { axes }) =>
    alongAxes(axes, withoutAxes(out, x.shape, axes), [x], (n, y, o, _, a, i, s) => {
      let total = 0;
      for (let l = 0, p = i; l < n; l++, p += s) total += a[p]!;
      y[o] = total / n;
    }),
  flops: ([x]) => sizeOf(x.shape),
  vjp: [
    (g, { inputs: [x], params: { axes } }) =>
      broadcastTo(reshape(div(g, count(x, axes)), { shape: keptShape(x.shape, axes) }), { shape: x.shape }),
  ],
  samples: () => [
    [irregular([2, 3])],
    [irregular([2, 3], 2), { axis: 0, keepDims: true }],
    [irregular([2, 2, 1]), { axis: [0, -1] }],
  ],
});
