import { fromNdarray, type Tensor, type TensorLike } from "@wengert/core";
import { defineOp, type NdArray, ndarray, type Op, sizeOf, type Unary } from "@wengert/core/extend";
import { type Sampled, withSamples } from "../declaring/samples.ts";
import { mul } from "../elementwise/arithmetic.ts";
import { log } from "../numerics/logarithm.ts";
import { reshape, squeeze } from "../shapes/reshape.ts";
import { cofactors } from "./cofactors.ts";
import { factorLU, pivotsOf } from "./lu.ts";
import { checkNoOptions, columnsOf, eachMatrix, inFloat64, squareSizes, swapped, wellConditioned } from "./matrices.ts";
import { inverseOp } from "./solve.ts";

/** Calls `visit` with the LU pivots of each matrix. */
function eachPivots(A: NdArray, visit: (pivots: readonly number[], entry: number) => void): void {
  const n = A.shape.at(-1)!;
  eachMatrix(A.shape.slice(0, -2), [[A, 2]], ([a], entry) => visit(pivotsOf(factorLU(a!, n), n), entry));
}

const determinant: Op<Unary> = /* @__PURE__ */ defineOp<Unary>({
  name: "det",
  shape: ([A]) => squareSizes(A).batch,
  batch: "shift",
  kernel: (out, [A]) =>
    eachPivots(A, (pivots, entry) => {
      out.data[entry] = pivots.reduce((product, pivot) => product * pivot, 1);
    }),
  flops: ([A]) => Math.round((2 / 3) * A.shape.at(-1)! * sizeOf(A.shape)),
  vjp: [(g, { inputs: [A] }) => mul(asMatrices(g), cofactors(A))],
  nonFinite: "the determinant is too large for a float64: use slogdet",
  samples: () => [[wellConditioned([2, 2])]],
});

const asMatrices = (g: Tensor): Tensor => reshape(g, { shape: [...g.shape, 1, 1] });

/**
 * Returns the determinant of each matrix, the product of the pivots of its LU factorization. The VJP maps the cotangent
 * g to Ā = g C, where C = det A · A⁻ᵀ is the matrix of cofactors. For a singular A, C comes from the singular value
 * decomposition, so first and second derivatives are exact there, too.
 */
export const det: Sampled<(A: TensorLike) => Tensor> = /* @__PURE__ */ withSamples<(A: TensorLike) => Tensor>(
  (A, ...rest: unknown[]) => {
    checkNoOptions("det", rest);
    return inFloat64("det", [A], ["A"], (matrix) => determinant(matrix));
  },
  () => [[wellConditioned([3, 3])], [wellConditioned([2, 2, 2], 2)], [singular()]],
);

/** A matrix of rank 2. */
const singular = (): Tensor => fromNdarray(ndarray(Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), [3, 3]));

/** Returns the sign and the logarithm of the absolute value of the determinant, as a vector [sign, log|det|]. */
const signAndLog: Op<Unary> = /* @__PURE__ */ defineOp<Unary>({
  name: "slogdet",
  batch: "shift",
  shape: ([A]) => [...squareSizes(A).batch, 2],
  kernel: (out, [A]) =>
    eachPivots(A, (pivots, entry) => {
      out.data[2 * entry] = pivots.reduce((sign, pivot) => sign * Math.sign(pivot), 1);
      out.data[2 * entry + 1] = pivots.reduce((sum, pivot) => sum + log(Math.abs(pivot), 0), 0);
    }),
  flops: ([A]) => Math.round((2 / 3) * A.shape.at(-1)! * sizeOf(A.shape)),
  vjp: [(g, { inputs: [A] }) => mul(asMatrices(squeeze(columnsOf(g, 1, 2), { axis: -1 })), swapped(inverseForLog(A)))],
  nonFinite: "the determinant is 0, and its logarithm is −Infinity: add 1e-6 to the diagonal",
  samples: () => [[wellConditioned([2, 2])]],
});

const inverseForLog: Op<Unary> = /* @__PURE__ */ inverseOp("slogdet");

/** The sign of a determinant, and the logarithm of its absolute value. */
export interface SlogdetResult {
  readonly sign: Tensor;
  readonly logAbsDet: Tensor;
}

/**
 * Returns `{ sign, logAbsDet }` with det A = sign · exp(logAbsDet), where det A itself may overflow. A singular matrix
 * has the sign 0 and the logarithm −Infinity. d log|det A| = tr(A⁻¹ dA), so the VJP maps the cotangent g of logAbsDet
 * to g A⁻ᵀ. The sign is piecewise constant, so its cotangent has no effect.
 * @throws OutOfRangeError in the VJP, if a matrix is singular
 */
export const slogdet: Sampled<(A: TensorLike) => SlogdetResult> = /* @__PURE__ */ withSamples<
  (A: TensorLike) => SlogdetResult
>(
  (A, ...rest: unknown[]) => {
    checkNoOptions("slogdet", rest);
    return inFloat64("slogdet", [A], ["A"], (matrix) => {
      const packed = signAndLog(matrix);
      const entry = (i: number) => squeeze(columnsOf(packed, i, i + 1), { axis: -1 });
      return { sign: entry(0), logAbsDet: entry(1) };
    });
  },
  () => [[wellConditioned([3, 3])], [wellConditioned([2, 2, 2], 2)]],
);
