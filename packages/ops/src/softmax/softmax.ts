import { ArgumentError, DTypeError, ShapeError, Tensor, type TensorLike, tensor } from "@wengert/core";
import {
  defineOp,
  describe,
  type Op,
  type Operand,
  prefixErrors,
  show,
  sizeOf,
  tensorHint,
  type Unary,
  withDefaults,
} from "@wengert/core/extend";
import { type Axes, type AxisOption, axesOf, broadcastShape, commonShape } from "../declaring/axes.ts";
import { softmaxCause, sumOfProductsCause } from "../declaring/nonFiniteCauses.ts";
import { irregular, positive } from "../declaring/samples.ts";
import { div, mul, neg, sub } from "../elementwise/arithmetic.ts";
import { equal } from "../elementwise/compare.ts";
import { where } from "../elementwise/where.ts";
import { alongAxes, inFloat64 } from "../loops/alongAxes.ts";
import { argmaxOf, exponentials, sumExcept, sumExpExcept, weightedMean } from "../loops/slices.ts";
import { quotient, sumError } from "../numerics/doubleDouble.ts";
import { sum } from "../shapes/sum.ts";
import { slicesInWasm } from "../wasm/softmax.ts";

export interface SoftmaxOptions {
  /** The axis or axes over which the result sums to 1. Default: the last. */
  readonly axis?: Axes | undefined;
  /** A bool mask that is true for the entries to include, and broadcasts to x. Default: all entries. */
  readonly where?: TensorLike | undefined;
}

export interface AxesParams {
  readonly axes: readonly number[];
}

const meanPair = /* @__PURE__ */ new Float64Array(2); // the mean of a slice as two doubles; shared, because kernels run one at a time

/**
 * Returns (g + dg) / (1 + others), rounded only once if g is finite. dg is the rounding error of g. `others` is the sum
 * of exp(xⱼ − max x) without the largest entry: softmax and its VJP divide by 1 + others.
 */
function divideByNorm(g: number, dg: number, others: number): number {
  const norm = 1 + others;
  return Number.isFinite(g) ? quotient(g, dg, norm, sumError(1, others, norm)) : g / norm;
}

const axesParams = (options: AxisOption, [x]: readonly [Operand, ...Operand[]]): AxesParams => ({
  axes: axesOf(x, options.axis ?? -1),
});

const lastAxisDefault = { axis: -1 };

type Point = readonly [x: Tensor, options?: AxisOption];
const softmaxSamples = (): [Point, ...Point[]] => [
  [irregular([2, 3])],
  [irregular([2, 3]), { axis: 0 }],
  [irregular([2, 2, 2]), { axis: [0, 2] }],
];

const softmaxOp: Op<Unary, AxesParams, AxisOption> = /* @__PURE__ */ defineOp({
  name: "softmax",
  options: lastAxisDefault,
  params: axesParams,
  shape: ([x]) => x.shape,
  batch: "shift",
  kernel: (out, [x], { axes }) =>
    slicesInWasm("softmax", out, [x], axes) ||
    inFloat64(out, (y) =>
      alongAxes(axes, y, [x], (n, s, o, r, a, i, t) => {
        const others = exponentials(n, s, o, r, a, i, t, argmaxOf(n, a, i, t)); // shifted, so that exp cannot overflow
        const total = 1 + others;
        const totalError = sumError(1, others, total);
        for (let l = 0, q = o; l < n; l++, q += r) s[q] = quotient(s[q]!, 0, total, totalError);
      }),
    ),
  flops: ([{ shape }]) => 5 * sizeOf(shape),
  vjp: [(g, { output: s, params: { axes } }) => softmaxPullback(s, g, { axis: axes })],
  nonFinite: softmaxCause,
  samples: softmaxSamples,
});

/**
 * Returns s = softmax(x) along `axis`: sᵢ = exp(xᵢ) / Σⱼ exp(xⱼ). The VJP maps the cotangent g to s ⊙ (g − ⟨g, s⟩),
 * because ∂sᵢ/∂xⱼ = sᵢ(δᵢⱼ − sⱼ). The VJP needs only an inner product, not the Jacobian. If a slice has a NaN or
 * +Infinity, all of its results are NaN. An entry −Infinity gives 0. Entries excluded by `where` give 0, even if NaN or
 * infinite.
 */
export const softmax: MaskableOp = /* @__PURE__ */ maskable(softmaxOp, 0);

/**
 * Returns the VJP of softmax, s ⊙ (g − ḡ), for the softmax s and the cotangent g. ḡ = ⟨g, s⟩ / ⟨1, s⟩ is the mean of g
 * weighted by s. ⟨1, s⟩ is 1 up to rounding. Because of the division by ⟨1, s⟩, a constant added to g does not change
 * the result, and the result sums to 0. The division also makes the op symmetric as a linear map of g, so the VJP for g
 * is the op itself. The VJP for s is (g − ḡ) ⊙ (u − ū), for the cotangent u of the result.
 */
export const softmaxPullback: Op<readonly [s: Tensor, g: Tensor], AxesParams, AxisOption> = /* @__PURE__ */ defineOp({
  name: "softmaxPullback",
  options: lastAxisDefault,
  params: axesParams,
  shape: (inputs) => commonShape(inputs, ["s", "g"]),
  batch: "shift",
  kernel: (out, [s, g], { axes }) =>
    slicesInWasm("softmaxPullback", out, [s, g], axes) ||
    alongAxes(axes, out, [s, g], (n, y, o, r, a, i, t, b, j, u) => {
      weightedMean(meanPair, n, a, i, t, b, j, u);
      for (let l = 0, p = i, q = j, k = o; l < n; l++, p += t, q += u, k += r) {
        const h = b[q]! - meanPair[0]!;
        y[k] = a[p]! * (h + (sumError(b[q]!, -meanPair[0]!, h) - meanPair[1]!));
      }
    }),
  flops: ([{ shape }]) => 6 * sizeOf(shape),
  vjp: [
    (u, { inputs: [s, g], params: { axes: axis } }) =>
      mul(subtractWeightedMean(s, g, { axis }), subtractWeightedMean(s, u, { axis })),
    (u, { inputs: [s], params: { axes: axis } }) => softmaxPullback(s, u, { axis }),
  ],
  nonFinite: sumOfProductsCause,
  samples: () => [
    [softmaxOp(irregular([2, 3])), irregular([2, 3], 2)],
    [positive([2, 3]), irregular([2, 3], 2), { axis: 0 }],
  ],
});

/**
 * Returns y = g − ḡ for a cotangent g and probabilities s, where ḡ = ⟨g, s⟩ / ⟨1, s⟩ is the mean of g weighted by s.
 * For the cotangent u of y, the VJP returns u − s Σ u / ⟨1, s⟩ for g, and −y Σ u / ⟨1, s⟩ for s.
 */
export const subtractWeightedMean: Op<readonly [s: Tensor, g: Tensor], AxesParams, AxisOption> =
  /* @__PURE__ */ defineOp({
    name: "subtractWeightedMean",
    options: lastAxisDefault,
    params: axesParams,
    shape: (inputs) => commonShape(inputs, ["s", "g"]),
    batch: "shift",
    kernel: (out, [s, g], { axes }) =>
      alongAxes(axes, out, [s, g], (n, y, o, r, a, i, t, b, j, u) => {
        weightedMean(meanPair, n, a, i, t, b, j, u);
        for (let l = 0, q = j, k = o; l < n; l++, q += u, k += r) y[k] = b[q]! - meanPair[0]! - meanPair[1]!;
      }),
    flops: ([{ shape }]) => 5 * sizeOf(shape),
    vjp: [
      (u, { inputs: [s], output: y, params: { axes } }) => neg(mul(y, sumPerWeight(u, s, axes))),
      (u, { inputs: [s], params: { axes } }) => sub(u, mul(s, sumPerWeight(u, s, axes))),
    ],
    nonFinite: sumOfProductsCause,
    samples: () => [
      [softmaxOp(irregular([2, 3])), irregular([2, 3], 2)],
      [positive([2, 3]), irregular([2, 3], 2), { axis: 0 }],
    ],
  });

const sumPerWeight = (u: Tensor, s: Tensor, axis: Axes): Tensor =>
  div(sum(u, { axis, keepDims: true }), sum(s, { axis, keepDims: true }));

const logSoftmaxOp: Op<Unary, AxesParams, AxisOption> = /* @__PURE__ */ defineOp({
  name: "logSoftmax",
  options: lastAxisDefault,
  params: axesParams,
  shape: ([x]) => x.shape,
  batch: "shift",
  kernel: (out, [x], { axes }) =>
    slicesInWasm("logSoftmax", out, [x], axes) ||
    alongAxes(axes, out, [x], (n, y, o, r, a, i, t) => {
      const m = argmaxOf(n, a, i, t);
      const peak = a[i + m * t]!;
      const norm = Number.isFinite(peak) ? Math.log1p(sumExpExcept(n, a, i, t, m)) : Number.NaN;
      for (let l = 0, p = i, q = o; l < n; l++, p += t, q += r) y[q] = a[p]! - peak - norm;
    }),
  flops: ([{ shape }]) => 4 * sizeOf(shape),
  vjp: [(g, { inputs: [x], params: { axes } }) => logSoftmaxPullback(x, g, { axis: axes })],
  nonFinite: softmaxCause,
  samples: softmaxSamples,
});

/**
 * Returns y = log softmax(x) along `axis`: yᵢ = (xᵢ − xₘ) − log1p(Σⱼ≠ₘ exp(xⱼ − xₘ)), where xₘ is the maximum. Because
 * of log1p, a small yₘ such as −4e−8 does not round to 0. The VJP maps the cotangent g to g − s Σ g, where s =
 * softmax(x). Entries excluded by `where` give −Infinity, and their gradient is 0.
 */
export const logSoftmax: MaskableOp = /* @__PURE__ */ maskable(logSoftmaxOp, -Infinity);

/**
 * Returns the VJP of logSoftmax, g − s Σ g, for s = softmax(x) and the cotangent g. s is computed from x, because
 * exp(log s) would amplify rounding errors. The largest sₘ may round to 1, so entry m of the result is computed as gₘ
 * Σⱼ≠ₘ sⱼ − sₘ Σⱼ≠ₘ gⱼ. Where x is −Infinity, the output is constant, so its cotangent is ignored.
 *
 * Let u be the cotangent of the result. The VJP for x is −Σ g times the softmax pullback of u. The VJP for g is u − ū,
 * where ū is the mean of u weighted by s.
 */
export const logSoftmaxPullback: Op<readonly [x: Tensor, g: Tensor], AxesParams, AxisOption> = /* @__PURE__ */ defineOp(
  {
    name: "logSoftmaxPullback",
    options: lastAxisDefault,
    params: axesParams,
    shape: (inputs) => commonShape(inputs, ["x", "g"]),
    batch: "shift",
    kernel: (out, [x, g], { axes }) =>
      slicesInWasm("logSoftmaxPullback", out, [x, g], axes) ||
      inFloat64(out, (exact) =>
        alongAxes(axes, exact, [x, g], (n, y, o, r, a, i, t, b, j, u) => {
          const m = argmaxOf(n, a, i, t);
          const otherExps = exponentials(n, y, o, r, a, i, t, m);
          const others = sumExcept(n, a, i, t, m, b, j, u);
          const peakCotangent = b[j + m * u]!;
          const all = others + peakCotangent;
          const scale = divideByNorm(all, sumError(others, peakCotangent, all), otherExps);
          const atPeak = (peakCotangent * otherExps - others) / (1 + otherExps);
          for (let l = 0, p = i, q = j, k = o; l < n; l++, p += t, q += u, k += r) {
            if (l === m) y[k] = atPeak;
            else y[k] = a[p] === -Infinity && y[k] === 0 ? 0 : b[q]! - y[k]! * scale;
          }
        }),
      ),
    flops: ([{ shape }]) => 7 * sizeOf(shape),
    vjp: [
      (u, { inputs: [x, g], params: { axes: axis } }) => {
        const all = sum(where(equal(x, -Infinity), 0, g), { axis, keepDims: true });
        return neg(mul(all, softmaxPullback(softmaxOp(x, { axis }), u, { axis })));
      },
      (u, { inputs: [x], params: { axes } }) => logSoftmaxTangent(x, u, axes),
    ],
    nonFinite: sumOfProductsCause,
    samples: () => [
      [irregular([2, 3]), irregular([2, 3], 2)],
      [irregular([2, 3]), irregular([2, 3], 2), { axis: 0 }],
    ],
  },
);

/** Returns the tangent of logSoftmax(x) for the tangent u of x: u minus the mean of u weighted by softmax(x). */
export const logSoftmaxTangent = (x: Tensor, u: Tensor, axis: Axes): Tensor =>
  where(equal(x, -Infinity), 0, subtractWeightedMean(softmaxOp(x, { axis }), u, { axis }));

/** The params of an op that works along axes and has the option `where`, a mask of the entries to include. */
export interface MaskableOp {
  (x: TensorLike, options?: SoftmaxOptions): Tensor;
  readonly spec: typeof softmaxOp.spec;
  readonly samples: () => readonly (readonly [TensorLike, SoftmaxOptions?])[];
}

/**
 * Returns the option `where` as a mask for x.
 * @throws ArgumentError, DTypeError, ShapeError unless it is a bool tensor that broadcasts to x.
 */
function maskOf(x: TensorLike, mask: TensorLike): TensorLike {
  if (!(mask instanceof Tensor))
    throw new ArgumentError(`where must be a bool tensor, got ${show(mask)}${tensorHint(mask)}`);
  if (mask.dtype !== "bool") {
    const hint = `write notEqual(${mask.label ?? "mask"}, 0)`;
    throw new DTypeError(`where must be bool, got ${describe(mask, "mask")} with dtype ${mask.dtype}; ${hint}`);
  }
  if (!(x instanceof Tensor) || String(broadcastShape([x, mask], ["x", "mask"])) === String(x.shape)) return mask;
  const [got, expected] = [describe(mask, "mask"), describe(x, "x")];
  throw new ShapeError(
    `where must broadcast to ${expected}, got ${got}; its sizes must be equal, or 1, counted from the last axis`,
  );
}

/**
 * Adds the option `where` to an op: excluded entries of x become −Infinity. A slice without included entries gives NaN,
 * which `fillValue` then replaces.
 */
function maskable(op: typeof softmaxOp, fillValue: number): MaskableOp {
  const callMasked = (x: TensorLike, options?: SoftmaxOptions): Tensor => {
    const { name } = op.spec;
    const { axis, where: mask } = withDefaults<SoftmaxOptions>(name, options, { ...lastAxisDefault, where: undefined });
    if (mask === undefined) return op(x, { axis });
    const included = prefixErrors(name, () => maskOf(x, mask));
    return where(included, op(where(included, x, -Infinity), { axis }), fillValue);
  };
  const hasValue = Number.isFinite(fillValue); // a constant −Infinity has no difference quotient to check against
  const samples: MaskableOp["samples"] = () => [
    [irregular([2, 3])],
    [irregular([2, 3]), { axis: 0, where: tensor([true, true, !hasValue]) }],
  ];
  return Object.assign(callMasked, { spec: op.spec, samples });
}
