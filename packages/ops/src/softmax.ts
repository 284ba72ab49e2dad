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
import { mul, neg, sub } from "./arithmetic.ts";
import { type Axes, type AxisOption, axesOf, broadcastShape, commonShape } from "./axes.ts";
import { ofSoftmax, ofSumOfProducts } from "./causes.ts";
import { equal } from "./compare.ts";
import { exp } from "./functions.ts";
import { maximum, peak, sumOfOthers } from "./lanes.ts";
import { alongAxes, inDoubles } from "./loops.ts";
import { irregular, positive } from "./samples.ts";
import { sum } from "./sum.ts";
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

const softmaxOfAll: Op<Unary, Along, AxisOption> = defineOp({
  name: "softmax",
  options: onLastAxis,
  params: along("softmax"),
  shape: ([x]) => x.shape,
  kernel: (out, [x], { axes }) =>
    inDoubles(out, (y) =>
      alongAxes(axes, y, [x], (n, s, o, r, a, i, t) => {
        const most = maximum(n, a, i, t); // shifting by it keeps exp from overflowing
        let total = 0;
        for (let l = 0, p = i, q = o; l < n; l++, p += t, q += r) {
          s[q] = Math.exp(a[p]! - most);
          total += s[q]!;
        }
        for (let l = 0, q = o; l < n; l++, q += r) s[q] = s[q]! / total;
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
export const softmax: MaskableOp = maskable(softmaxOfAll, 0);

/**
 * x̄ = s ⊙ (g − ⟨g, s⟩) for a softmax s. Where one sᵢ is close to 1, g and ⟨g, s⟩ cancel; but the Jacobian annihilates
 * constants, so g is first shifted to be 0 at the peak m of s. x̄ₘ is taken from the others, as Σ x̄ = 0.
 * That makes the map symmetric in g for any s: the rule for g is the op itself. The rule for s is
 * u ⊙ (g − ⟨g, s⟩) − g ⟨u, s⟩, with g and u shifted.
 */
export const softmaxPullback: Op<Binary, Along, AxisOption> = defineOp({
  name: "softmaxPullback",
  options: onLastAxis,
  params: along("softmaxPullback"),
  shape: (inputs) => commonShape("softmaxPullback", inputs, ["s", "g"]),
  kernel: (out, [s, g], { axes }) =>
    alongAxes(axes, out, [s, g], (n, y, o, r, a, i, t, b, j, u) => {
      const m = peak(n, a, i, t);
      const shift = b[j + m * u]!;
      let inner = 0;
      for (let l = 0, p = i, q = j; l < n; l++, p += t, q += u) inner += a[p]! * (b[q]! - shift);
      let others = 0;
      for (let l = 0, p = i, q = j; l < n; l++, p += t, q += u) {
        if (l === m) continue;
        const x = a[p]! * (b[q]! - shift - inner);
        others += x;
        y[o + l * r] = x;
      }
      if (n > 0) y[o + m * r] = 0 - others; // not −0 where there are none
    }),
  flops: ([{ shape }]) => 6 * sizeOf(shape),
  vjp: [
    (u, { inputs: [s, g], params: { axes } }) => {
      const isPeak = firstMax(s, { axis: axes });
      const shifted = (v: Tensor) => sub(v, atPeak(v, isPeak, axes));
      const [v, h] = [shifted(u), shifted(g)];
      return sub(mul(v, sub(h, inner(h, s, axes))), mul(h, inner(v, s, axes)));
    },
    (u, { inputs: [s], params: { axes } }) => softmaxPullback(s, u, { axis: axes }),
  ],
  nonFinite: ofSumOfProducts,
  samples: () => [
    [softmaxOfAll(irregular([2, 3])), irregular([2, 3], 2)],
    [positive([2, 3]), irregular([2, 3], 2), { axis: 0 }],
  ],
});

const logSoftmaxOfAll: Op<Unary, Along, AxisOption> = defineOp({
  name: "logSoftmax",
  options: onLastAxis,
  params: along("logSoftmax"),
  shape: ([x]) => x.shape,
  kernel: (out, [x], { axes }) =>
    alongAxes(axes, out, [x], (n, y, o, r, a, i, t) => {
      const m = peak(n, a, i, t);
      const most = a[i + m * t]!;
      const norm = Number.isFinite(most) ? Math.log1p(sumOfOthers(n, a, i, t, m)) : Number.NaN;
      for (let l = 0, p = i, q = o; l < n; l++, p += t, q += r) y[q] = a[p]! - most - norm;
    }),
  flops: ([{ shape }]) => 4 * sizeOf(shape),
  vjp: [(g, { output, params: { axes } }) => logSoftmaxPullback(output, g, { axis: axes })],
  nonFinite: ofSoftmax,
  samples: points,
});

/**
 * y = log softmax(x) along `axis`:  yᵢ = (xᵢ − xₘ) − log1p(Σⱼ≠ₘ exp(xⱼ − xₘ)), with xₘ the maximum; the log1p of the
 * others keeps a confident yₘ of −4e−8 from rounding to 0. x̄ = g − s Σ g with s = exp(y).
 * What `where` leaves out gives −Infinity, and the gradient 0.
 */
export const logSoftmax: MaskableOp = maskable(logSoftmaxOfAll, -Infinity);

/**
 * x̄ = g − s Σ g for y = log s. At the peak m, where sₘ may be 1 but for the last digit, x̄ₘ = gₘ Σⱼ≠ₘ sⱼ − sₘ Σⱼ≠ₘ gⱼ.
 * Entries at −Infinity are constant: their g counts for nothing. The rule for g is the JVP of logSoftmax, u − ⟨u, s⟩ (at
 * the peak −⟨u − uₘ, s⟩); that for y is s (uₘ gₘ − u Σ g).
 */
export const logSoftmaxPullback: Op<Binary, Along, AxisOption> = defineOp({
  name: "logSoftmaxPullback",
  options: onLastAxis,
  params: along("logSoftmaxPullback"),
  shape: (inputs) => commonShape("logSoftmaxPullback", inputs, ["y", "g"]),
  kernel: (out, [y, g], { axes }) =>
    alongAxes(axes, out, [y, g], (n, x, o, r, a, i, t, b, j, u) => {
      const m = peak(n, a, i, t);
      let [otherS, otherG] = [0, 0];
      for (let l = 0, p = i, q = j; l < n; l++, p += t, q += u) {
        if (l === m || a[p] === -Infinity) continue;
        otherS += Math.exp(a[p]!);
        otherG += b[q]!;
      }
      const total = otherG + b[j + m * u]!;
      for (let l = 0, p = i, q = j; l < n; l++, p += t, q += u) {
        if (l === m) x[o + l * r] = b[q]! * otherS - Math.exp(a[p]!) * otherG;
        else x[o + l * r] = a[p] === -Infinity ? 0 : b[q]! - Math.exp(a[p]!) * total;
      }
    }),
  flops: ([{ shape }]) => 6 * sizeOf(shape),
  vjp: [
    (u, { inputs: [y, g], params: { axes } }) => {
      const isPeak = firstMax(y, { axis: axes });
      const total = sum(where(equal(y, -Infinity), 0, g), { axis: axes, keepDims: true });
      const peaks = mul(atPeak(u, isPeak, axes), atPeak(g, isPeak, axes));
      return mul(exp(y), sub(peaks, mul(u, total)));
    },
    (u, { inputs: [y], params: { axes } }) => logSoftmaxTangent(y, u, axes),
  ],
  nonFinite: ofSumOfProducts,
  samples: () => [
    [logSoftmaxOfAll(irregular([2, 3])), irregular([2, 3], 2)],
    [irregular([2, 3]), irregular([2, 3], 2), { axis: 0 }],
  ],
});

/** The tangent of y = logSoftmax(x) for the tangent u of x. */
export function logSoftmaxTangent(y: Tensor, u: Tensor, axes: Axes): Tensor {
  const [s, isPeak] = [exp(y), firstMax(y, { axis: axes })];
  const shifted = sub(u, atPeak(u, isPeak, axes));
  const found = where(isPeak, neg(inner(s, shifted, axes)), sub(u, inner(s, u, axes)));
  return where(equal(y, -Infinity), 0, found);
}

/** Whether an entry is the first maximum of its slice. Piecewise constant: nothing flows back. */
export const firstMax: Op<Unary, Along, AxisOption> = defineOp({
  name: "firstMax",
  options: onLastAxis,
  params: along("firstMax"),
  shape: ([x]) => x.shape,
  dtype: () => "bool",
  kernel: (out, [x], { axes }) =>
    alongAxes(axes, out, [x], (n, y, o, r, a, i, t) => {
      if (n > 0) y[o + peak(n, a, i, t) * r] = 1;
    }),
  vjp: [null],
  samples: points,
});

const atPeak = (v: Tensor, isPeak: Tensor, axis: Axes): Tensor => sum(where(isPeak, v, 0), { axis, keepDims: true });
const inner = (a: Tensor, b: Tensor, axis: Axes): Tensor => sum(mul(a, b), { axis, keepDims: true });

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
