import { OutOfRangeError, type Tensor, type TensorLike } from "@wengert/core";
import { defineOp, describe, ndarray, type Op, sizeOf, type Unary } from "@wengert/core/extend";
import { tril } from "../creation/triangles.ts";
import { sumOfProductsCause } from "../declaring/nonFiniteCauses.ts";
import { type Sampled, withSamples } from "../declaring/samples.ts";
import { add, mul } from "../elementwise/arithmetic.ts";
import { matmul } from "../products/matmul.ts";
import { subtractProduct } from "./lu.ts";
import {
  checkNoOptions,
  type Elements,
  eachMatrix,
  entryText,
  epsilon,
  inFloat64,
  squareSizes,
  swapped,
  symmetricElements,
  symmetricPart,
  wellConditioned,
} from "./matrices.ts";
import { solveTriangle } from "./triangularSolve.ts";

const factor: Op<Unary> = /* @__PURE__ */ defineOp<Unary>({
  name: "cholesky",
  shape: ([A]) => squareSizes(A) && A.shape,
  batch: "shift",
  kernel: (out, [A], _, [matrix]) => {
    const { n, batch } = squareSizes(matrix);
    eachMatrix(batch, [[A, 2]], ([a], entry) => {
      const L = (out.data as Float64Array).subarray(entry * n * n, (entry + 1) * n * n);
      const symmetric = symmetricElements(a!, n, matrix, batch, entry);
      for (let i = 0; i < n; i++) L.set(symmetric.subarray(i * n, i * n + i + 1), i * n);
      const scratch = new Float64Array(Math.ceil(n / 2) ** 2);
      const pivot = factorColumns(L, n, 0, n, symmetric, scratch);
      if (pivot < 0) {
        for (let i = 0; i < n; i++) L.fill(0, i * n + i + 1, (i + 1) * n); // the products also change this triangle
        return;
      }
      throw new OutOfRangeError(
        `${describe(matrix, "A")} is not positive definite at pivot ${pivot}${entryText(batch, entry)}: add 1e-6 to the diagonal`,
      );
    });
  },
  flops: ([A]) => Math.round((A.shape.at(-1)! * sizeOf(A.shape)) / 3),
  vjp: [
    (g, { output: L }) => {
      const product = matmul(swapped(L), g);
      // Returns the lower triangle of each matrix, with the diagonal halved. The formula for the VJP of `cholesky`
      // calls this function Φ.
      const half = mul(add(tril(product), tril(product, { k: -1 })), 0.5);
      const left = solveTriangle(L, half, { lower: true, transposed: true, tolerance: 0 });
      const both = solveTriangle(L, swapped(left), { lower: true, transposed: true, tolerance: 0 });
      return symmetricPart(both);
    },
  ],
  nonFinite: sumOfProductsCause,
  samples: () => [[wellConditioned([2, 2], 1, true)]],
});

/**
 * Returns the lower triangular L with A = L Lᵀ, for positive definite matrices A. Uses the symmetric part (A + Aᵀ) / 2.
 * The VJP maps the cotangent L̄ to Ā = sym(L⁻ᵀ Φ(Lᵀ L̄) L⁻¹), where sym takes the symmetric part, and Φ the lower
 * triangle with the diagonal halved (I. Murray, arXiv 1602.07527).
 * @throws OutOfRangeError if a pivot is not positive, with its index, or if a matrix is not symmetric
 */
export const cholesky: Sampled<(A: TensorLike) => Tensor> = /* @__PURE__ */ withSamples<(A: TensorLike) => Tensor>(
  (A, ...rest: unknown[]) => {
    checkNoOptions("cholesky", rest);
    return inFloat64("cholesky", [A], ["A"], (matrix) => factor(matrix));
  },
  () => [[wellConditioned([3, 3], 1, true)], [wellConditioned([2, 2, 2], 2, true)]],
);

/**
 * Computes the columns `first` to `stop` − 1 of the Cholesky factor of a matrix A. The lower triangle of `L` holds A,
 * and the columns of the factor replace those of A. The columns before `first` must already be replaced. The function
 * calls itself for each half of the columns, so that matrix products do most of the work. Returns the index of the
 * first pivot that is not larger than its rounding error, or −1.
 */
function factorColumns(L: Elements, n: number, first: number, stop: number, a: Elements, scratch: Elements): number {
  if (stop - first > 8) {
    const middle = first + ((stop - first) >> 1);
    const pivot = factorColumns(L, n, first, middle, a, scratch);
    if (pivot >= 0) return pivot;
    const left = ndarray(L, [n - middle, middle - first], [n, 1], middle * n + first);
    const top = ndarray(L, [middle - first, stop - middle], [1, n], middle * n + first);
    subtractProduct(L, n, middle, stop, left, top, scratch);
    return factorColumns(L, n, middle, stop, a, scratch);
  }
  for (let j = first; j < stop; j++) {
    for (let i = j; i < n; i++) {
      let entry = L[i * n + j]!;
      for (let p = i * n + first, q = j * n + first; q < j * n + j; p++, q++) entry -= L[p]! * L[q]!;
      if (i > j) L[i * n + j] = entry / L[j * n + j]!;
      else if (entry <= (j === 0 ? 0 : n * epsilon * a[i * (n + 1)]!)) return j;
      else L[i * n + j] = Math.sqrt(entry);
    }
  }
  return -1;
}
