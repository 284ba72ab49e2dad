import { ArgumentError } from "@wengert/core";
import { defineOp, type NdArray, ndarray, type Op, type Operand, show, sizeOf, type Unary } from "@wengert/core/extend";
import {
  keepDimsShape,
  type ReduceOptions,
  type Reduction,
  reduceDefaults,
  reducedShape,
  reductionOf,
} from "../declaring/axes.ts";
import { meanCause, varianceCause } from "../declaring/nonFiniteCauses.ts";
import { irregular } from "../declaring/samples.ts";
import { div, mul, sub } from "../elementwise/arithmetic.ts";
import { alongAxes, withoutAxes } from "../loops/alongAxes.ts";
import { foldColumns, longSlice } from "../loops/columns.ts";
import { squaresFold, sumFold } from "../loops/folds.ts";
import { squaresOf, sumOf } from "../loops/slices.ts";
import { reshape } from "../shapes/reshape.ts";
import { broadcastTo, sumInto } from "../shapes/sum.ts";
import { varianceInWasm } from "../wasm/sums.ts";

export const elementCount = (x: Pick<Operand, "shape">, axes: readonly number[]): number =>
  axes.reduce((n, axis) => n * x.shape[axis]!, 1);

/**
 * Returns the mean y = (Σ x) / n over `axis`, in float64; NaN if n = 0. The VJP maps the cotangent g to g / n,
 * broadcast over the slice.
 */
export const mean: Op<Unary, Reduction, ReduceOptions> = /* @__PURE__ */ defineOp({
  name: "mean",
  options: reduceDefaults,
  params: (options, [x]) => reductionOf(x, options),
  shape: ([x], params) => reducedShape(x.shape, params),
  batch: "shift",
  kernel: (out, [x], { axes }) => sumInto(out, x, axes, elementCount(x, axes)),
  flops: ([x]) => sizeOf(x.shape),
  vjp: [
    (g, { inputs: [x], params: { axes } }) =>
      broadcastTo(reshape(div(g, elementCount(x, axes)), { shape: keepDimsShape(x.shape, axes) }), { shape: x.shape }),
  ],
  nonFinite: meanCause,
  samples: () => [
    [irregular([2, 3])],
    [irregular([2, 3], 2), { axis: 0, keepDims: true }],
    [irregular([2, 2, 1]), { axis: [0, -1] }],
  ],
});

export interface VarianceOptions extends ReduceOptions {
  /** The number subtracted from n in the divisor n − ddof: 1 gives the unbiased estimate. Default: 0. */
  readonly ddof?: number | undefined;
}

export interface Variance extends Reduction {
  readonly ddof: number;
}

export const varianceDefaults = { axis: undefined, keepDims: false, ddof: 0 };

/** Returns the params of a variance or a standard deviation. @throws ArgumentError unless ddof is a finite number */
export function varianceParams(x: Operand, options: VarianceOptions): Variance {
  const { ddof = 0 } = options;
  if (Number.isFinite(ddof)) return { ...reductionOf(x, options), ddof };
  throw new ArgumentError(`ddof must be a number, got ${show(ddof)}`);
}

/**
 * Writes the variance v = Σ (x − m)² / max(n − ddof, 0) of each slice to `out`, or √v if `isRoot` is set. A slice has n
 * entries with the mean m. The first pass over x computes m, and the second computes the sum of squares.
 */
export function varianceInto(out: NdArray, x: NdArray, { axes, ddof }: Variance, isRoot: boolean): void {
  const n = elementCount(x, axes);
  const divisor = Math.max(n - ddof, 0);
  if (varianceInWasm(out, x, axes, divisor, isRoot)) return;
  const resultOf = (squares: number): number => (isRoot ? Math.sqrt(squares / divisor) : squares / divisor);
  const results = withoutAxes(out, x.shape, axes);
  if (n < longSlice) {
    const centers = ndarray(new Float64Array(out.data.length), results.shape);
    if (foldColumns(axes, centers, x, sumFold(n))) {
      foldColumns(axes, results, x, squaresFold(centers.data, resultOf));
      return;
    }
  }
  alongAxes(axes, results, [x], (_n, y, o, _r, a, i, s) => {
    y[o] = resultOf(squaresOf(n, a, i, s, sumOf(n, a, i, s) / n));
  });
}

/**
 * Returns the variance y = Σ (x − m)² / max(n − ddof, 0) over `axis`, where m is the mean; in two passes, in float64.
 * The VJP maps the cotangent g to 2 g (x − m) / (n − ddof). m also depends on x, but this adds nothing because Σ (x −
 * m) = 0.
 */
export const variance: Op<Unary, Variance, VarianceOptions> = /* @__PURE__ */ defineOp({
  name: "variance",
  options: varianceDefaults,
  params: (options, [x]) => varianceParams(x, options),
  shape: ([x], params) => reducedShape(x.shape, params),
  batch: "shift",
  kernel: (out, [x], params) => varianceInto(out, x, params, false),
  flops: ([x]) => 4 * sizeOf(x.shape),
  vjp: [
    (g, { inputs: [x], params: { axes, ddof } }) => {
      const slope = mul(sub(x, mean(x, { axis: axes, keepDims: true })), 2 / Math.max(elementCount(x, axes) - ddof, 0));
      return mul(reshape(g, { shape: keepDimsShape(x.shape, axes) }), slope);
    },
  ],
  nonFinite: varianceCause,
  samples: () => [[irregular([2, 3])], [irregular([2, 3], 2), { axis: 0, keepDims: true, ddof: 1 }]],
});
