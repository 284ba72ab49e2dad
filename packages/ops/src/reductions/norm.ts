import { ArgumentError, type Tensor, type TensorLike } from "@wengert/core";
import {
  type Data,
  defineOp,
  type Op,
  prefixErrors,
  sharedFloat,
  show,
  sizeOf,
  toTensors,
  type Unary,
  withDefaults,
} from "@wengert/core/extend";
import { keepDimsShape, type ReduceOptions, type Reduction, reducedShape, reductionOf } from "../declaring/axes.ts";
import { sumCause } from "../declaring/nonFiniteCauses.ts";
import { irregular, positive, type Wrapped, wrapOp } from "../declaring/samples.ts";
import { mul } from "../elementwise/arithmetic.ts";
import { abs, sign } from "../elementwise/functions.ts";
import { pow } from "../elementwise/pow.ts";
import { alongAxes, withoutAxes } from "../loops/alongAxes.ts";
import { exp } from "../numerics/exponential.ts";
import { log } from "../numerics/logarithm.ts";
import { reshape } from "../shapes/reshape.ts";
import { checkNotEmpty, max, min } from "./max.ts";
import { divideUnlessZero } from "./std.ts";

export interface NormOptions extends ReduceOptions {
  /**
   * The order p of the norm: a number ≥ 1, Infinity for the largest absolute value, or −Infinity for the smallest.
   * Default: 2.
   */
  readonly ord?: number | undefined;
}

interface Norm extends Reduction {
  readonly ord: number;
}

const normDefaults = { axis: undefined, keepDims: false, ord: 2 };

const finiteNorm: Op<Unary, Norm, NormOptions> = /* @__PURE__ */ defineOp({
  name: "norm",
  options: normDefaults,
  params: ({ ord = 2, ...options }, [x]) => ({ ...reductionOf(x, options), ord }),
  shape: ([x], params) => reducedShape(x.shape, params),
  batch: "shift",
  kernel: (out, [x], { axes, ord }) =>
    alongAxes(axes, withoutAxes(out, x.shape, axes), [x], (n, y, o, _, a, i, s) => {
      y[o] = normOf(n, a, i, s, ord);
    }),
  flops: ([x]) => 2 * sizeOf(x.shape),
  vjp: [
    (g, { inputs: [x], output, params: { axes, ord } }) => {
      const withKeptDims = (t: Tensor) => reshape(t, { shape: keepDimsShape(x.shape, axes) });
      const share = () => divideUnlessZero(x, withKeptDims(output));
      const slope = ord === 1 ? sign(x) : ord === 2 ? share() : mul(sign(x), pow(abs(share()), ord - 1));
      return mul(withKeptDims(g), slope);
    },
  ],
  nonFinite: sumCause,
  samples: () => [[irregular([2, 3])]],
});

/**
 * Returns the norm of a slice, for a finite order. If the sum of powers may overflow or underflow, the entries are
 * first divided by the largest absolute value.
 */
function normOf(n: number, a: Data, i: number, s: number, ord: number): number {
  if (ord === 2) {
    const squares = sumOfSquares(n, a, i, s);
    if (squares > 2 ** -900 && squares < Infinity) return Math.sqrt(squares);
  }
  let [peak, sum] = [0, 0];
  for (let l = 0, p = i; l < n; l++, p += s) {
    const x = Math.abs(a[p]!);
    if (!(x <= peak) && !Number.isNaN(peak)) peak = x;
    sum += x;
  }
  if (ord === 1) return sum;
  if (!(peak > 0 && peak < Infinity)) return peak;
  let powers = 0;
  for (let l = 0, p = i; l < n; l++, p += s) {
    const share = Math.abs(a[p]!) / peak;
    powers += ord === 2 ? share * share : exp(ord * log(share, 0), 0);
  }
  return peak * (ord === 2 ? Math.sqrt(powers) : exp(log(powers, 0) / ord, 0));
}

/** Returns Σ x² of a slice, computed as four partial sums that the processor adds in parallel. */
function sumOfSquares(n: number, a: Data, i: number, s: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let [p, l] = [i, 0];
  for (; l + 4 <= n; l += 4, p += 4 * s) {
    s0 += a[p]! * a[p]!;
    s1 += a[p + s]! * a[p + s]!;
    s2 += a[p + 2 * s]! * a[p + 2 * s]!;
    s3 += a[p + 3 * s]! * a[p + 3 * s]!;
  }
  for (; l < n; l++, p += s) s0 += a[p]! * a[p]!;
  return s0 + s2 + (s1 + s3);
}

type NormOf = (x: TensorLike, options?: NormOptions) => Tensor;

/**
 * Returns the vector norm y = (Σ |x|ᵖ)^(1/p) of order p over `axis`; by default, the Euclidean length of all of x. The
 * powers cannot overflow. The VJP maps the cotangent g to g sign(x) (|x| / y)ᵖ⁻¹, which is g x / y for p = 2. The
 * gradient is 0 where y is 0. The orders ±Infinity give the largest and the smallest |x|, whose ties share the
 * cotangent.
 * @throws ArgumentError for an order below 1; OutOfRangeError for an infinite order of an empty slice
 */
export const norm: Wrapped<NormOf, typeof finiteNorm> = /* @__PURE__ */ wrapOp<NormOf, typeof finiteNorm>(
  finiteNorm,
  (x, options) => {
    const { axis, keepDims, ord } = withDefaults<NormOptions>("norm", options, normDefaults, { p: "ord" });
    const [t] = toTensors("norm", [x], 1) as [Tensor];
    if (typeof ord !== "number" || !(ord >= 1 || ord === -Infinity))
      throw new ArgumentError(
        `norm: ord must be a number of at least 1, or ±Infinity, got ${show(ord)}${ord === 0 ? "; write countNonzero(x)" : typeof ord === "string" ? "; for matrices, use matrixNorm" : ""}`,
      );
    if (ord < Infinity && ord > 0) return finiteNorm(t, { axis, keepDims, ord });
    prefixErrors("norm", () => sharedFloat([t]) && checkNotEmpty(t, reductionOf(t, { axis, keepDims })));
    return (ord > 0 ? max : min)(abs(t), { axis, keepDims });
  },
  () => [
    [irregular([2, 3])],
    [irregular([2, 3], 2), { axis: 0, keepDims: true }],
    [irregular([2, 2, 1]), { axis: [0, -1], ord: 1 }],
    [positive([2, 3]), { axis: 1, ord: 3 }],
    [irregular([2, 3]), { axis: 1, ord: Infinity }],
    [irregular([2, 3]), { axis: 1, ord: -Infinity }],
  ],
);
