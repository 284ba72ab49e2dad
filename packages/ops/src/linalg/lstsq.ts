import { OutOfRangeError, type Tensor, type TensorLike } from "@wengert/core";
import type { Operand, Shape } from "@wengert/core/extend";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { matmul } from "../products/matmul.ts";
import { checkNoOptions, entryText, matrixSizes, swapped } from "./matrices.ts";
import { qrInFloat64 } from "./qr.ts";
import { withColumns } from "./rightSide.ts";
import { triangleSolver } from "./triangularSolve.ts";

const rankError = (_: Operand, column: number, batch: Shape, entry: number): OutOfRangeError =>
  new OutOfRangeError(
    `A${entryText(batch, entry)} does not have full rank, up to rounding (column or row ${column} depends on those before it), so the solution is not unique; remove it`,
  );
const divideByR: ReturnType<typeof triangleSolver> = /* @__PURE__ */ triangleSolver("lstsq", rankError);

/**
 * Returns the x that minimizes |A x − b|², by the QR factorization of A. b is a vector, or a matrix whose columns are
 * the right sides of separate problems. If A has more columns than rows, returns the shortest x with A x = b. The VJP
 * differentiates the formula x = R⁻¹ Qᵀ b, where A = Q R. If A has more columns than rows, the formula is x = Q R⁻ᵀ b,
 * where Aᵀ = Q R.
 * @throws OutOfRangeError if A does not have full rank, up to rounding errors
 */
export const lstsq: Sampled<LeastSquares> = /* @__PURE__ */ withSamples<LeastSquares>(
  (A, b, ...rest: unknown[]) => {
    checkNoOptions("lstsq", rest);
    const solveColumns = (matrix: Tensor, right: Tensor) => {
      const { m, n } = matrixSizes(matrix);
      const { Q, R } = qrInFloat64(m >= n ? matrix : swapped(matrix));
      const options = { lower: false, tolerance: Math.max(m, n) };
      if (m >= n) return divideByR(R, matmul(swapped(Q), right), { ...options, transposed: false });
      return matmul(Q, divideByR(R, right, { ...options, transposed: true }));
    };
    return withColumns("lstsq", [A, b], solveColumns, matrixSizes);
  },
  () => [
    [irregular([3, 2]), irregular([3], 2)],
    [irregular([2, 2, 3], 3), irregular([2, 1], 2)],
  ],
);
type LeastSquares = (A: TensorLike, b: TensorLike) => Tensor;
