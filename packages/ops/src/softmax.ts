import {
  ArgumentError,
  type Binary,
  complete,
  DTypeError,
  defineOp,
  describe,
  type Op,
  type Operand,
  ShapeError,
  show,
  Tensor,
  type TensorLike,
  tensor,
  tensorCure,
  type Unary,
} from "@wengert/core";
import { sizeOf } from "@wengert/core/ndarray";
import { div, mul, neg, sub } from "./arithmetic.ts";
import { type Axes, type AxisOption, axesOf, broadcastShape, commonShape } from "./axes.ts";
import { ofSoftmax, ofSumOfProducts } from "./causes.ts";
import { equal } from "./compare.ts";
import { quotient, sumError } from "./doubles.ts";
import { exponentials, meanUnder, peak, sumBeside, sumOfOthers } from "./lanes.ts";
import { alongAxes, inDoubles } from "./loops.ts";
import { irregular, positive } from "./samples.ts";
import { sum } from "./sum.ts";
import { lanesInWasm } from "./wasm/softmax.ts";
import { where } from "./where.ts";

export interface SoftmaxOptions {
  /** The axis, or axes, over which the result sums to 1. Default: the last. */
  readonly axis?: Axes | undefined;
  /** Which entries take part: bool, broadcast to x. Default: all. */
  readonly where?: TensorLike | undefined;
}

export interface Along {
  readonly axes: readonly number[];
}

const mean = /* @__PURE__ */ new Float64Array(2); // of a lane, as a sum of two doubles. Kernels run one after the other: one is enough

/** (g + dg) / (1 + others), rounded once where it is finite */
function over(g: number, dg: number, others: number): number {
  const norm = 1 + others;
  return Number.isFinite(g) ? quotient(g, dg, norm, sumError(1, others, norm)) : g / norm;
}

const along =
  (who: string) =>
  (options: AxisOption, [x]: readonly [Operand, ...Operand[]]): Along => ({
    axes: axesOf(who, x, options.axis ?? -1),
  });

const onLastAxis = { axis: -1 };

type Point = readonly [x: Tensor, options?: AxisOption];
const points = (): [Point, ...Point[]] => [
  [irregular([2, 3])],
  [irregular([2, 3]), { axis: 0 }],
  [irregular([2, 2, 2]), { axis: [0, 2] }],
];

const softmaxOfAll: Op<Unary, Along, AxisOption> = /* @__PURE__ */ defineOp({
  name: "softmax",
  options: onLastAxis,
  params: /* @__PURE__ */ along("softmax"),
  shape: ([x]) => x.shape,
  kernel: (out, [x], { axes }) =>
    lanesInWasm("softmax", out, [x], axes) ||
    inDoubles(out, (y) =>
      alongAxes(axes, y, [x], (n, s, o, r, a, i, t) => {
        const others = exponentials(n, s, o, r, a, i, t, peak(n, a, i, t)); // shifted, so that exp cannot overflow
        const total = 1 + others;
        const lost = sumError(1, others, total);
        for (let l = 0, q = o; l < n; l++, q += r) s[q] = quotient(s[q]!, 0, total, lost);
      }),
    ),
  flops: ([{ shape }]) => 5 * sizeOf(shape),
  vjp: [(g, { output: s, params: { axes } }) => softmaxPullback(s, g, { axis: axes })],
  nonFinite: ofSoftmax,
  samples: points,
});

/**
 * s = softmax(x) along `axis`:  sᵢ = exp(xᵢ) / Σⱼ exp(xⱼ).
 * ∂sᵢ/∂xⱼ = sᵢ(δᵢⱼ − sⱼ), hence x̄ = s ⊙ (g − ⟨g, s⟩): one inner product, never the Jacobian.
 * NaN or +Infinity makes its slice NaN, −Infinity gives 0; what `where` leaves out gives 0, whatever it holds.
 */
export const softmax: MaskableOp = /* @__PURE__ */ maskable(softmaxOfAll, 0);

/**
 * x̄ = s ⊙ (g − ḡ) for a softmax s, with ḡ = ⟨g, s⟩ / ⟨1, s⟩ the mean of g under s. Dividing by ⟨1, s⟩, which
 * is 1 but for rounding, makes constants in g count for nothing and Σ x̄ = 0 for every s, and the map from g symmetric: its
 * rule is the op itself. The rule for s is the product of two deviations, (g − ḡ) ⊙ (u − ū).
 */
export const softmaxPullback: Op<Binary, Along, AxisOption> = /* @__PURE__ */ defineOp({
  name: "softmaxPullback",
  options: onLastAxis,
  params: /* @__PURE__ */ along("softmaxPullback"),
  shape: (inputs) => commonShape("softmaxPullback", inputs, ["s", "g"]),
  kernel: (out, [s, g], { axes }) =>
    lanesInWasm("softmaxPullback", out, [s, g], axes) ||
    alongAxes(axes, out, [s, g], (n, y, o, r, a, i, t, b, j, u) => {
      meanUnder(mean, n, a, i, t, b, j, u);
      for (let l = 0, p = i, q = j, k = o; l < n; l++, p += t, q += u, k += r) {
        const h = b[q]! - mean[0]!;
        y[k] = a[p]! * (h + (sumError(b[q]!, -mean[0]!, h) - mean[1]!));
      }
    }),
  flops: ([{ shape }]) => 6 * sizeOf(shape),
  vjp: [
    (u, { inputs: [s, g], params: { axes: axis } }) => mul(deviation(s, g, { axis }), deviation(s, u, { axis })),
    (u, { inputs: [s], params: { axes: axis } }) => softmaxPullback(s, u, { axis }),
  ],
  nonFinite: ofSumOfProducts,
  samples: () => [
    [softmaxOfAll(irregular([2, 3])), irregular([2, 3], 2)],
    [positive([2, 3]), irregular([2, 3], 2), { axis: 0 }],
  ],
});

/**
 * y = g − ḡ, with ḡ = ⟨g, s⟩ / ⟨1, s⟩ the mean of g under the weights s. For the cotangent u, that of g is
 * u − s Σ u / ⟨1, s⟩ and that of s is −y Σ u / ⟨1, s⟩.
 */
export const deviation: Op<Binary, Along, AxisOption> = /* @__PURE__ */ defineOp({
  name: "deviation",
  options: onLastAxis,
  params: /* @__PURE__ */ along("deviation"),
  shape: (inputs) => commonShape("deviation", inputs, ["s", "g"]),
  kernel: (out, [s, g], { axes }) =>
    alongAxes(axes, out, [s, g], (n, y, o, r, a, i, t, b, j, u) => {
      meanUnder(mean, n, a, i, t, b, j, u);
      for (let l = 0, q = j, k = o; l < n; l++, q += u, k += r) y[k] = b[q]! - mean[0]! - mean[1]!;
    }),
  flops: ([{ shape }]) => 5 * sizeOf(shape),
  vjp: [
    (u, { inputs: [s], output: y, params: { axes } }) => neg(mul(y, share(u, s, axes))),
    (u, { inputs: [s], params: { axes } }) => sub(u, mul(s, share(u, s, axes))),
  ],
  nonFinite: ofSumOfProducts,
  samples: () => [
    [softmaxOfAll(irregular([2, 3])), irregular([2, 3], 2)],
    [positive([2, 3]), irregular([2, 3], 2), { axis: 0 }],
  ],
});

const share = (u: Tensor, s: Tensor, axis: Axes): Tensor =>
  div(sum(u, { axis, keepDims: true }), sum(s, { axis, keepDims: true }));

const logSoftmaxOfAll: Op<Unary, Along, AxisOption> = /* @__PURE__ */ defineOp({
  name: "logSoftmax",
  options: onLastAxis,
  params: /* @__PURE__ */ along("logSoftmax"),
  shape: ([x]) => x.shape,
  kernel: (out, [x], { axes }) =>
    lanesInWasm("logSoftmax", out, [x], axes) ||
    alongAxes(axes, out, [x], (n, y, o, r, a, i, t) => {
      const m = peak(n, a, i, t);
      const most = a[i + m * t]!;
      const norm = Number.isFinite(most) ? Math.log1p(sumOfOthers(n, a, i, t, m)) : Number.NaN;
      for (let l = 0, p = i, q = o; l < n; l++, p += t, q += r) y[q] = a[p]! - most - norm;
    }),
  flops: ([{ shape }]) => 4 * sizeOf(shape),
  vjp: [(g, { inputs: [x], params: { axes } }) => logSoftmaxPullback(x, g, { axis: axes })],
  nonFinite: ofSoftmax,
  samples: points,
});

/**
 * y = log softmax(x) along `axis`:  yᵢ = (xᵢ − xₘ) − log1p(Σⱼ≠ₘ exp(xⱼ − xₘ)), with xₘ the maximum; the log1p of the
 * others keeps a confident yₘ of −4e−8 from rounding to 0. x̄ = g − s Σ g with s = softmax(x).
 * What `where` leaves out gives −Infinity, and the gradient 0.
 */
export const logSoftmax: MaskableOp = /* @__PURE__ */ maskable(logSoftmaxOfAll, -Infinity);

/**
 * x̄ = g − s Σ g for s = softmax(x): from x and not from log s, whose rounding exp would amplify. At the peak m, where sₘ
 * may be 1 but for the last digit, x̄ₘ = gₘ Σⱼ≠ₘ sⱼ − sₘ Σⱼ≠ₘ gⱼ. Entries at −Infinity are constant: their g counts for
 * nothing. The rule for x is −Σ g times the softmax pullback; that for g is the JVP of logSoftmax, u − ū under s.
 */
export const logSoftmaxPullback: Op<Binary, Along, AxisOption> = /* @__PURE__ */ defineOp({
  name: "logSoftmaxPullback",
  options: onLastAxis,
  params: /* @__PURE__ */ along("logSoftmaxPullback"),
  shape: (inputs) => commonShape("logSoftmaxPullback", inputs, ["x", "g"]),
  kernel: (out, [x, g], { axes }) =>
    lanesInWasm("logSoftmaxPullback", out, [x, g], axes) ||
    inDoubles(out, (exact) =>
      alongAxes(axes, exact, [x, g], (n, y, o, r, a, i, t, b, j, u) => {
        const m = peak(n, a, i, t);
        const otherExps = exponentials(n, y, o, r, a, i, t, m);
        const others = sumBeside(n, a, i, t, m, b, j, u);
        const ofPeak = b[j + m * u]!;
        const all = others + ofPeak;
        const scale = over(all, sumError(others, ofPeak, all), otherExps);
        const atPeak = (ofPeak * otherExps - others) / (1 + otherExps);
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
      return neg(mul(all, softmaxPullback(softmaxOfAll(x, { axis }), u, { axis })));
    },
    (u, { inputs: [x], params: { axes } }) => logSoftmaxTangent(x, u, axes),
  ],
  nonFinite: ofSumOfProducts,
  samples: () => [
    [irregular([2, 3]), irregular([2, 3], 2)],
    [irregular([2, 3]), irregular([2, 3], 2), { axis: 0 }],
  ],
});

/** The tangent of logSoftmax(x) for the tangent u of x: u less its mean under softmax(x). */
export const logSoftmaxTangent = (x: Tensor, u: Tensor, axis: Axes): Tensor =>
  where(equal(x, -Infinity), 0, deviation(softmaxOfAll(x, { axis }), u, { axis }));

/** An op along axes in which entries can be left out. */
export interface MaskableOp {
  (x: TensorLike, options?: SoftmaxOptions): Tensor;
  readonly spec: typeof softmaxOfAll.spec;
  readonly samples: () => readonly (readonly [TensorLike, SoftmaxOptions?])[];
}

/** The mask that `where` says, if it is one for x. @throws ArgumentError, DTypeError, ShapeError otherwise. */
function maskOf(who: string, x: TensorLike, mask: TensorLike): TensorLike {
  if (!(mask instanceof Tensor))
    throw new ArgumentError(`${who}: where must be a bool tensor, got ${show(mask)}${tensorCure(mask)}`);
  if (mask.dtype !== "bool") {
    const cure = `write notEqual(${mask.label ?? "mask"}, 0)`;
    throw new DTypeError(`${who}: where must be bool, ${describe(mask, "mask")} is ${mask.dtype}; ${cure}`);
  }
  if (!(x instanceof Tensor) || String(broadcastShape(who, [x, mask], ["x", "mask"])) === String(x.shape)) return mask;
  const [came, wanted] = [describe(mask, "mask"), describe(x, "x")];
  throw new ShapeError(
    `${who}: where must broadcast to ${wanted}, got ${came}; its sizes must be equal, or 1, counted from the last axis`,
  );
}

/** Entries at −Infinity take no part. A slice of nothing else gives NaN, which the outer `where` replaces. */
function maskable(op: typeof softmaxOfAll, elsewhere: number): MaskableOp {
  const maskedOp = (x: TensorLike, options?: SoftmaxOptions): Tensor => {
    const { name } = op.spec;
    const { axis, where: mask } = complete<SoftmaxOptions>(name, options, { ...onLastAxis, where: undefined });
    if (mask === undefined) return op(x, { axis });
    const taking = maskOf(name, x, mask);
    return where(taking, op(where(taking, x, -Infinity), { axis }), elsewhere);
  };
  const hasValue = Number.isFinite(elsewhere); // a constant −Infinity has no difference quotient to check against
  const samples: MaskableOp["samples"] = () => [
    [irregular([2, 3])],
    [irregular([2, 3]), { axis: 0, where: tensor([true, true, !hasValue]) }],
  ];
  return Object.assign(maskedOp, { spec: op.spec, samples });
}
