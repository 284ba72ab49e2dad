import { fromNdarray, type Tensor } from "@wengert/core";
import { type Binary, defineOp, ndarray, type Op } from "@wengert/core/extend";
import { irregular } from "../declaring/samples.ts";
import { mul, neg } from "../elementwise/arithmetic.ts";
import { sum } from "../shapes/sum.ts";
import { runsOf, toleranceOf } from "./equalValues.ts";
import { eachMatrix, squareSizes } from "./matrices.ts";

/** Cotangents below this fraction of the largest cotangent are treated as 0. */
const negligible = 1e-10;

interface Gaps {
  /** Whether to divide by the differences wⱼ − wᵢ of eigenvalues or singular values w, or by their sums wⱼ + wᵢ. */
  readonly by: "difference" | "sum";
  /**
   * 1 if the dividend is the symmetric part of the matrix x, (x + xᵀ) / 2. −1 if the dividend is the skew part of x,
   * (x − xᵀ) / 2.
   */
  readonly sign: 1 | -1;
}

/**
 * Returns the matrix (x + σ xᵀ) / 2, divided elementwise by gaps, with 0 on the diagonal. σ is the option `sign`, 1 or
 * −1. For eigenvalues or singular values w, the gap at [i, j] is wⱼ − wᵢ if `by` is "difference", and wⱼ + wᵢ if `by`
 * is "sum". If a gap is 0 up to rounding errors, the quotient is 0 for a dividend that is 0 up to rounding errors, and
 * NaN otherwise.
 *
 * For the cotangent g of the result y, the VJP for x is divideByGaps(g, w), with the sign σ for sums and −σ for
 * differences. The VJP for wₖ is −2 Σⱼ zₖⱼ for sums and 2 Σⱼ zₖⱼ for differences, where z = divideByGaps(g ⊙ y, w) with
 * the sign 1.
 */
export const divideByGaps: Op<Binary, Gaps> = /* @__PURE__ */ defineOp<Binary, Gaps>({
  name: "divideByGaps",
  options: { by: undefined, sign: undefined },
  shape: ([x]) => x.shape,
  batch: "shift",
  kernel: (out, [x, w], { by, sign }, [operand]) => {
    const { n, batch } = squareSizes(operand);
    eachMatrix(batch, [[x, 2], [w, 1]], ([matrix, values], entry) => {
      const runs = by === "difference" ? runsOf(values!) : undefined;
      const tolerance = toleranceOf(values!);
      const most = matrix!.reduce((largest, each) => Math.max(largest, Math.abs(each)), 0);
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          if (i === j) continue;
          const dividend = (matrix![i * n + j]! + sign * matrix![j * n + i]!) / 2;
          const gap = runs ? values![j]! - values![i]! : values![j]! + values![i]!;
          const isZero = runs ? runs[i] === runs[j] : gap <= tolerance;
          const limit = Math.abs(dividend) <= negligible * most ? 0 : Number.NaN;
          out.data[(entry * n + i) * n + j] = isZero ? limit : dividend / gap;
        }
      }
    }); // biome-ignore format: one call
  },
  vjp: [
    (g, { inputs: [, w], params: { by, sign } }) =>
      divideByGaps(g, w, { by, sign: by === "sum" ? sign : sign === 1 ? -1 : 1 }),
    (g, { inputs: [, w], params: { by }, output: y }) => {
      const again = divideByGaps(mul(g, y), w, { by, sign: 1 });
      return mul(sum(again, { axis: -1 }), by === "sum" ? -2 : 2);
    },
  ],
  samples: () => [[irregular([3, 3]), ascending(), { by: "difference", sign: -1 }]],
});

/**
 * Returns x, but with NaN in place of xᵢ and xⱼ if wᵢ = wⱼ and xᵢ ≠ xⱼ, up to rounding errors. w has the eigenvalues or
 * singular values of a matrix. With `zeros`, also replaces xᵢ by NaN if wᵢ = 0 and xᵢ ≠ 0.
 */
export const agreeing: Op<Binary, { readonly zeros: boolean }> = /* @__PURE__ */ defineOp<
  Binary,
  { readonly zeros: boolean }
>({
  name: "agreeing",
  options: { zeros: false },
  shape: ([x]) => x.shape,
  batch: "shift",
  kernel: (out, [x, w], { zeros }) => {
    const n = out.shape.at(-1)!;
    eachMatrix(out.shape.slice(0, -1), [[x, 1], [w, 1]], ([xs, values], entry) => {
      const [runs, tolerance] = [runsOf(values!), toleranceOf(values!)];
      const most = xs!.reduce((largest, each) => Math.max(largest, Math.abs(each)), 0);
      const y = out.data.subarray(entry * n, (entry + 1) * n);
      y.set(xs!);
      for (let i = 0; i < n; i++) {
        const wanted = zeros && values![i]! <= tolerance ? 0 : xs![runs[i]!]!;
        if (Math.abs(xs![i]! - wanted) > negligible * most) for (let j = 0; j < n; j++) if (runs[j] === runs[i]) y[j] = Number.NaN;
      }
    }); // biome-ignore format: one call
  },
  vjp: [(g) => g, null],
  samples: () => [[irregular([3]), ascending(), { zeros: false }]],
});

const ascending = () => fromNdarray(ndarray(Float64Array.of(0.5, 1.25, 3), [3]));

type Columns = readonly [x: Tensor, scale: Tensor, s: Tensor];

/**
 * Divides the columns of x by the singular values s: yᵢⱼ = xᵢⱼ / sⱼ. Where s is 0 up to rounding errors, y is 0 if x is
 * negligible compared with the largest entry of `scale`, and NaN otherwise. The VJP maps the cotangent g to x̄ᵢⱼ = gᵢⱼ
 * / sⱼ and s̄ⱼ = −Σᵢ gᵢⱼ yᵢⱼ / sⱼ.
 */
export const divideBySingularValues: Op<Columns> = /* @__PURE__ */ defineOp<Columns>({
  name: "divideBySingularValues",
  shape: ([x]) => x.shape,
  batch: "shift",
  kernel: (out, [x, scale, s]) => {
    const [m, k] = out.shape.slice(-2) as [number, number];
    eachMatrix(out.shape.slice(0, -2), [[x, 2], [scale, 2], [s, 1]], ([xs, scales, values], entry) => {
      const tolerance = toleranceOf(values!);
      const least = negligible * scales!.reduce((largest, each) => Math.max(largest, Math.abs(each)), 0);
      for (let at = 0; at < m * k; at++) {
        const value = values![at % k]!;
        const limit = Math.abs(xs![at]!) <= least ? 0 : Number.NaN;
        out.data[entry * m * k + at] = value <= tolerance ? limit : xs![at]! / value;
      }
    }); // biome-ignore format: one call
  },
  vjp: [
    (g, { inputs: [, , s] }) => divideBySingularValues(g, g, s),
    null,
    (g, { inputs: [, , s], output: y }) => {
      const product = mul(g, y);
      return neg(sum(divideBySingularValues(product, product, s), { axis: -2 }));
    },
  ],
  samples: () => [[irregular([3, 2]), irregular([3, 2]), fromNdarray(ndarray(Float64Array.of(3, 0.5), [2]))]],
});
