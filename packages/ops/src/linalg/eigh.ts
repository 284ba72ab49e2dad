import type { Tensor, TensorLike } from "@wengert/core";
import { defineOp, type Fault, type Op, ravel, sizeOf, type Unary } from "@wengert/core/extend";
import { type Sampled, withSamples } from "../declaring/samples.ts";
import { add } from "../elementwise/arithmetic.ts";
import { matmul } from "../products/matmul.ts";
import { squeeze } from "../shapes/reshape.ts";
import { diagonalMatrix } from "./diagonal.ts";
import { eachRun, signOf, turnBasis } from "./equalValues.ts";
import { agreeing, divideByGaps } from "./gaps.ts";
import {
  allFinite,
  checkNoOptions,
  eachMatrix,
  inFloat64,
  rowsOf,
  squareSizes,
  swapped,
  symmetricElements,
  wellConditioned,
} from "./matrices.ts";
import { eigenpairs } from "./tridiagonal.ts";

/**
 * Returns a matrix with the eigenvalues w of a symmetric A as row 0, and the eigenvectors V in the rows below: A = V
 * diag(w) Vᵀ. With P = Vᵀ dA V, the differential dw is the diagonal of P, and dV = V (P ∘ F), where ∘ multiplies
 * elementwise. Fᵢⱼ is 1 / (wⱼ − wᵢ) for i ≠ j, and 0 on the diagonal.
 */
const decompose: Op<Unary> = /* @__PURE__ */ defineOp<Unary>({
  name: "eigh",
  shape: ([A]) => {
    const { n, batch } = squareSizes(A);
    return [...batch, n + 1, n];
  },
  batch: "shift",
  kernel: (out, [A], _, [matrix]) => {
    const { n, batch } = squareSizes(matrix);
    eachMatrix(batch, [[A, 2]], ([a], entry) => {
      const parts = (out.data as Float64Array).subarray(entry * n * (n + 1), (entry + 1) * n * (n + 1));
      if (!allFinite(a!)) {
        parts.fill(Number.NaN);
        return;
      }
      const { values, vectors } = eigenpairs(symmetricElements(a!, n, matrix, batch, entry), n);
      eachRun(values, (start, stop) => turnBasis(vectors, n, start, stop));
      parts.set(values);
      for (let i = 0; i < n; i++) {
        const sign = signOf(vectors, n, i);
        for (let k = 0; k < n; k++) parts[(k + 1) * n + i] = sign * vectors[i * n + k]!;
      }
    });
  },
  flops: ([A]) => 9 * A.shape.at(-1)! * sizeOf(A.shape),
  vjp: [
    (g, { output }) => {
      const { values: w, vectors: V } = partsOf(output);
      const { values: ofValues, vectors: ofVectors } = partsOf(g);
      const turning = divideByGaps(matmul(swapped(V), ofVectors), w, { by: "difference", sign: -1 });
      const inside = add(turning, diagonalMatrix(agreeing(ofValues, w, { zeros: false })));
      return matmul(matmul(V, inside), swapped(V));
    },
  ],
  nonFinite: eighCause,
  samples: () => [[wellConditioned([2, 2], 1, true)]],
});

function partsOf(packed: Tensor): EighResult {
  const n = packed.shape.at(-1)!;
  return { values: squeeze(rowsOf(packed, 0, 1), { axis: -2 }), vectors: rowsOf(packed, 1, n + 1) };
}

/** Explains why the cotangent of the matrix A has a NaN: two eigenvalues of A are equal. */
function eighCause({ inputs: [A], output, cotangent }: Fault<Unary, unknown>): string | undefined {
  if (!allFinite(ravel(A.array!) as Float64Array)) return "eigh needs finite numbers: check its input";
  if (cotangent === undefined) return "the eigenvalues are too large for a float64: scale the matrix";
  const n = A.shape.at(-1)!;
  let text: string | undefined;
  eachMatrix(A.shape.slice(0, -2), [[output.array!, 2]], ([parts]) => {
    const w = parts!.subarray(0, n);
    eachRun(w, (start) => {
      text ??= `the eigenvalues ${start} and ${start + 1} are equal (${w[start]}), and the loss treats their eigenvectors or eigenvalues differently, so it has no derivative: use a function of the whole eigenspace, or add small different numbers to the diagonal of A`;
    });
  });
  return text ?? "the derivative is too large for a float64: scale the matrix";
}

/** The eigenvalues of symmetric matrices in ascending order, and the eigenvectors as columns. */
export interface EighResult {
  readonly values: Tensor;
  readonly vectors: Tensor;
}

/**
 * Returns `{ values, vectors }` of symmetric matrices A = V diag(w) Vᵀ: the eigenvalues w in ascending order, and the
 * eigenvectors as columns of V. The first large entry of each eigenvector is positive. Uses the symmetric part of A.
 * The VJP maps the cotangents w̄ and V̄ to Ā = V (diag(w̄) + X) Vᵀ. For i ≠ j, Xᵢⱼ is entry [i, j] of the skew part of
 * Vᵀ V̄, divided by wⱼ − wᵢ; the diagonal of X is 0. For equal eigenvalues, the VJP is exact if the loss depends only
 * on their eigenspace, and NaN otherwise.
 * @throws OutOfRangeError if a matrix is not symmetric
 */
export const eigh: Sampled<(A: TensorLike) => EighResult> = /* @__PURE__ */ withSamples<(A: TensorLike) => EighResult>(
  (A, ...rest: unknown[]) => {
    checkNoOptions("eigh", rest);
    return inFloat64("eigh", [A], ["A"], (matrix) => partsOf(decompose(matrix)));
  },
  () => [[wellConditioned([3, 3], 1, true)], [wellConditioned([2, 2, 2], 2, true)]],
);
