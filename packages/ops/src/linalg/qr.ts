import { OutOfRangeError, type Tensor, type TensorLike } from "@wengert/core";
import { defineOp, type Op, type Operand, prefixErrors, type Shape, sizeOf, type Unary } from "@wengert/core/extend";
import { tril, triu } from "../creation/triangles.ts";
import { sumOfProductsCause } from "../declaring/nonFiniteCauses.ts";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { add, sub } from "../elementwise/arithmetic.ts";
import { matmul } from "../products/matmul.ts";
import { concat } from "../shapes/concat.ts";
import { factorQR } from "./householder.ts";
import {
  checkNoOptions,
  columnsOf,
  type Elements,
  eachMatrix,
  entryText,
  inFloat64,
  matrixSizes,
  rowsOf,
  swapped,
  wellConditioned,
} from "./matrices.ts";
import { triangleSolver } from "./triangularSolve.ts";

/**
 * Returns Q and, in the rows below, R for an m × n matrix A = Q R with m ≥ n. The VJP maps the cotangents Q̄ and R̄ to
 * Ā = (Q̄ + Q S) R⁻ᵀ. S is the symmetric matrix with the same lower triangle as R R̄ᵀ − Q̄ᵀ Q (S. Walter and L.
 * Lehmann, arXiv 1009.6112).
 */
const decompose: Op<Unary> = /* @__PURE__ */ defineOp<Unary>({
  name: "qr",
  shape: ([A]) => {
    const { m, n, batch } = matrixSizes(A);
    return [...batch, m + n, n];
  },
  batch: "shift",
  kernel: (out, [A], _, [matrix]) => {
    const { m, n, batch } = matrixSizes(matrix);
    eachMatrix(batch, [[A, 2]], ([a], entry) => {
      const parts = (out.data as Float64Array).subarray(entry * (m + n) * n, (entry + 1) * (m + n) * n);
      factorQR(columnsFirst(a!, m, n), m, n, parts.subarray(0, m * n), parts.subarray(m * n));
    });
  },
  flops: ([A]) => 4 * A.shape.at(-1)! * sizeOf(A.shape),
  vjp: [
    (g, { output }) => {
      const [{ Q, R }, { Q: ofQ, R: ofR }] = [partsOf(output), partsOf(g)];
      const product = sub(matmul(R, swapped(triu(ofR))), matmul(swapped(ofQ), Q));
      const both = add(tril(product), swapped(tril(product, { k: -1 })));
      const right = swapped(add(ofQ, matmul(Q, both)));
      return swapped(divideByR(R, right, { lower: false, transposed: false, tolerance: Q.shape.at(-2)! }));
    },
  ],
  nonFinite: sumOfProductsCause,
  samples: () => [[wellConditioned([2, 2])]],
});

/** Returns the error for a matrix with linearly dependent columns, whose factor Q is not unique. */
const dependentColumns = (_: Operand, column: number, batch: Shape, entry: number): OutOfRangeError =>
  new OutOfRangeError(
    `column ${column} of A${entryText(batch, entry)} depends linearly on the columns before it, so Q and R have no derivative; remove the column`,
  );
const divideByR: ReturnType<typeof triangleSolver> = /* @__PURE__ */ triangleSolver("qr", dependentColumns);

/** Returns the columns of a row-major m × n matrix, one after the other in a flat array. */
export function columnsFirst(a: Elements, m: number, n: number): Elements {
  const columns = new Float64Array(m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) columns[j * m + i] = a[i * n + j]!;
  return columns;
}

function partsOf(packed: Tensor): QrResult {
  const [rows, n] = packed.shape.slice(-2) as [number, number];
  return { Q: rowsOf(packed, 0, rows - n), R: rowsOf(packed, rows - n, rows) };
}

/** The factors of a QR decomposition: Q with orthonormal columns, and an upper triangular R. */
export interface QrResult {
  readonly Q: Tensor;
  readonly R: Tensor;
}

/**
 * Returns the QR factors of float64 matrices. A matrix A = [X, Y] with more columns than rows has the factors Q and [R,
 * Qᵀ Y], where the square X = Q R.
 */
export function qrInFloat64(A: Tensor): QrResult {
  const { m, n } = matrixSizes(A);
  if (m >= n) return partsOf(decompose(A));
  const { Q, R } = partsOf(decompose(columnsOf(A, 0, m)));
  return { Q, R: concat([R, matmul(swapped(Q), columnsOf(A, m, n))], { axis: -1 }) };
}

/**
 * Returns `{ Q, R }` with A = Q R: Q has orthonormal columns, and R is upper triangular. For A of [m, n] and k = min(m,
 * n), Q is [m, k] and R is [k, n]. The diagonal of R is not negative, so the factors are unique and differentiable. The
 * VJP maps the cotangents Q̄ and R̄ to Ā = (Q̄ + Q S) R⁻ᵀ, where S is the symmetric matrix with the same lower triangle
 * as R R̄ᵀ − Q̄ᵀ Q. The VJP needs linearly independent columns.
 */
export const qr: Sampled<(A: TensorLike) => QrResult> = /* @__PURE__ */ withSamples<(A: TensorLike) => QrResult>(
  (A, ...rest: unknown[]) => {
    checkNoOptions("qr", rest);
    return inFloat64("qr", [A], ["A"], (matrix) => {
      prefixErrors("qr", () => matrixSizes(matrix));
      return qrInFloat64(matrix);
    });
  },
  () => [[irregular([3, 2])], [wellConditioned([2, 2, 2], 2)], [irregular([2, 3], 3)]],
);
