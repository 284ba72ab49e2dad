import { ArgumentError, OutOfRangeError, type Tensor, type TensorLike, tensor } from "@wengert/core";
import {
  type Binary,
  defineOp,
  isList,
  type Op,
  prefixErrors,
  ravel,
  sharedFloat,
  show,
  toTensors,
  withDefaults,
} from "@wengert/core/extend";
import { keepDimsShape, type ReduceOptions, reduceDefaults, reducedShape, reductionOf } from "../declaring/axes.ts";
import { sumCause } from "../declaring/nonFiniteCauses.ts";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { mul } from "../elementwise/arithmetic.ts";
import { checkNotEmpty } from "../reductions/max.ts";
import { reshapeTo, transpose } from "../shapes/reshape.ts";
import { take } from "../shapes/take.ts";
import { takeAlong } from "../shapes/takeAlong.ts";
import { orderOf } from "./sort.ts";

/**
 * Interpolates between a and b: returns y = (1 − t) a + t b, where each entry along the last axis has its own weight t.
 * If a = b or t = 0, y is a, even if a is infinite. The VJP maps the cotangent g to (1 − t) g for a and t g for b.
 */
export const interpolate: Op<Binary, { readonly weights: readonly number[] }> = /* @__PURE__ */ defineOp({
  name: "interpolate",
  options: { weights: undefined },
  shape: ([a]) => a.shape,
  batch: "shift",
  kernel: (out, inputs, { weights }) => {
    const [lower, upper] = [ravel(inputs[0]), ravel(inputs[1])];
    for (let i = 0; i < lower.length; i++) out.data[i] = between(lower[i]!, upper[i]!, weights[i % weights.length]!);
  },
  flops: ([a]) => 3 * a.shape.reduce((size, n) => size * n, 1),
  vjp: [
    (g, { params: { weights } }) =>
      mul(
        g,
        tensor(
          weights.map((t) => 1 - t),
          { dtype: g.dtype },
        ),
      ),
    (g, { params: { weights } }) => mul(g, tensor(weights, { dtype: g.dtype })),
  ],
  nonFinite: sumCause,
  samples: () => [[irregular([2, 2]), irregular([2, 2], 2), { weights: [0.25, 0.5] }]],
});

function between(a: number, b: number, t: number): number {
  if (a === b || t === 0) return a;
  const difference = b - a;
  if (!Number.isFinite(difference)) return (1 - t) * a + t * b;
  return t < 0.5 ? a + t * difference : b - (1 - t) * difference; // from the nearer end, so that y stays between a and b
}

type Quantile = (x: TensorLike, q: number | readonly number[], options?: ReduceOptions) => Tensor;

/**
 * Returns the quantile q of x over `axis`, for 0 ≤ q ≤ 1. In a sorted slice of n entries, the quantile is at position
 * (n − 1) q. If the position is between two entries, the quantile is interpolated linearly. The VJP then splits the
 * cotangent between the two entries by their weights. For a list of quantiles, the result has a new first axis. A slice
 * with NaN gives NaN.
 * @throws OutOfRangeError unless q is from 0 to 1, or if a slice is empty
 */
export const quantile: Sampled<Quantile> = /* @__PURE__ */ withSamples<Quantile>(
  (x, q, options) => quantileOf("quantile", x, q, options),
  () => [
    [irregular([2, 3]), 0.3],
    [irregular([2, 3]), 0.75, { axis: 1, keepDims: true }],
    [irregular([2, 3, 2]), [0, 0.4, 1], { axis: [0, -1] }],
  ],
);

type Median = (x: TensorLike, options?: ReduceOptions) => Tensor;

/**
 * Returns the median of x over `axis`: the middle entry of the sorted slice, or the mean of both middle entries. The
 * middle entry receives the cotangent; two middle entries receive half of it each. A slice with NaN gives NaN.
 * @throws OutOfRangeError if a slice is empty
 */
export const median: Sampled<Median> = /* @__PURE__ */ withSamples<Median>(
  (x, options) => quantileOf("median", x, 0.5, options),
  () => [[irregular([2, 3])], [irregular([4, 2]), { axis: 0, keepDims: true }]],
);

function quantileOf(
  caller: string,
  x: TensorLike,
  q: number | readonly number[],
  options: ReduceOptions | undefined,
): Tensor {
  const given = withDefaults<ReduceOptions>(caller, options, reduceDefaults);
  const [t] = toTensors(caller, [x], 1) as [Tensor];
  const quantiles = checkQuantiles(caller, q);
  const reduction = prefixErrors(caller, () => {
    sharedFloat([t]);
    return checkNotEmpty(t, reductionOf(t, given));
  });
  const { axes, keepDims } = reduction;
  const kept = [...t.shape.keys()].filter((axis) => !axes.includes(axis));
  const n = axes.reduce((size, axis) => size * t.shape[axis]!, 1);
  const rows = reshapeTo(transpose(t, { axes: [...kept, ...axes] }), [...kept.map((axis) => t.shape[axis]!), n]);
  const last = kept.length;
  const order = orderOf(rows, { axis: last, descending: false, nan: "everywhere" });
  const positions = quantiles.map((each) => (n - 1) * each);
  const neighbor = (rank: (position: number) => number) => {
    const ranks = tensor(positions.map(rank), { dtype: "int32" });
    return takeAlong(rows, take(order, ranks, { axis: last }), { axis: last });
  };
  const [lower, upper] = [neighbor(Math.floor), neighbor((position) => Math.min(Math.floor(position) + 1, n - 1))];
  const y = interpolate(lower, upper, { weights: positions.map((position) => position - Math.floor(position)) });
  const shape = keepDims ? keepDimsShape(t.shape, axes) : reducedShape(t.shape, reduction);
  if (!isList(q)) return reshapeTo(y, shape);
  const first = transpose(y, { axes: [last, ...Array(last).keys()] });
  return reshapeTo(first, [quantiles.length, ...shape]);
}

function checkQuantiles(caller: string, q: unknown): readonly number[] {
  const list = isList(q) ? [...q] : [q];
  const invalid = list.find((each) => typeof each !== "number");
  if (invalid !== undefined || list.includes(undefined))
    throw new ArgumentError(`${caller}: q must be a number or a list of numbers, got ${show(invalid)}`);
  const outside = (list as number[]).find((each) => !(each >= 0 && each <= 1));
  if (outside === undefined) return list as number[];
  throw new OutOfRangeError(`${caller}: q must be from 0 to 1, got ${outside}; divide a percentage by 100`);
}
