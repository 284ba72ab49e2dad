import { ArgumentError, ShapeError, stopGradient, type Tensor, type TensorLike } from "@wengert/core";
import { describe, prefixErrors, show, toTensors, withDefaults } from "@wengert/core/extend";
import { booleanOption } from "../declaring/axes.ts";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { div, mul } from "../elementwise/arithmetic.ts";
import { greater, less, lessEqual, logicalAnd } from "../elementwise/compare.ts";
import { abs, sqrt, square } from "../elementwise/functions.ts";
import { where } from "../elementwise/where.ts";
import { max, min } from "../reductions/max.ts";
import { reshape } from "../shapes/reshape.ts";
import { sum } from "../shapes/sum.ts";
import { diagonalOf } from "./diagonal.ts";
import { checkNoOptions, epsilon, inFloat64, matrixSizes } from "./matrices.ts";
import { svdInFloat64 } from "./svd.ts";

export interface MatrixNormOptions {
  /**
   * The kind of norm. "fro": the root of the sum of squares. "nuc": the sum of the singular values. 2, −2: the largest
   * and smallest singular value. 1, −1: the largest and smallest sum of absolute values of a column. Infinity,
   * −Infinity: the largest and smallest sum of absolute values of a row. Default: "fro".
   */
  readonly ord?: "fro" | "nuc" | number | undefined;
  /** Whether to keep the two axes of the matrices, with size 1. Default: false. */
  readonly keepDims?: boolean | undefined;
}

const normDefaults = { ord: "fro", keepDims: false } as const;

/**
 * Returns a norm of each matrix, as in NumPy. The default is the Frobenius norm ‖A‖ = √Σ aᵢⱼ², whose VJP maps the
 * cotangent g to g A / ‖A‖. Where a norm is not differentiable, the VJP uses the middle of its subdifferential: 0 for
 * the zero matrix, and equal shares for ties. Singular values that are 0 up to rounding errors do not affect the VJP of
 * "nuc".
 * @throws ShapeError for matrices without elements, except for the norms "fro" and "nuc", which are 0
 */
export const matrixNorm: Sampled<MatrixNorm> = /* @__PURE__ */ withSamples<MatrixNorm>(
  (A, ...rest) => {
    const { ord, keepDims } = withDefaults<MatrixNormOptions>("matrixNorm", rest[0], normDefaults);
    const norm = normOf(ord);
    const keeps = prefixErrors("matrixNorm", () => booleanOption("keepDims", keepDims));
    return inFloat64("matrixNorm", [A], ["A"], (matrix) => {
      const { batch } = prefixErrors("matrixNorm", () => checkSizes(matrix, ord));
      return reshape(norm(matrix), { shape: keeps ? [...batch, 1, 1] : batch });
    });
  },
  () => [
    [irregular([2, 3])],
    [irregular([2, 2, 3], 2), { ord: "nuc", keepDims: true }],
    [irregular([3, 2], 3), { ord: 2 }],
    [irregular([3, 2], 3), { ord: -1 }],
    [irregular([3, 2], 3), { ord: Infinity }],
  ],
);
type MatrixNorm = (A: TensorLike, options?: MatrixNormOptions) => Tensor;

function checkSizes(A: Tensor, ord: MatrixNormOptions["ord"]) {
  const sizes = matrixSizes(A);
  if (typeof ord === "string" || (sizes.m > 0 && sizes.n > 0)) return sizes;
  throw new ShapeError(`${describe(A, "A")} has no elements, so the norm ${ord} has no value; check its size first`);
}

function normOf(ord: unknown): (A: Tensor) => Tensor {
  const columnSums = (A: Tensor) => sum(abs(A), { axis: -2 });
  const rowSums = (A: Tensor) => sum(abs(A), { axis: -1 });
  const singularValues = (A: Tensor) => svdInFloat64(A).S;
  const last = { axis: -1 } as const;
  if (ord === "fro") return frobeniusNorm;
  if (ord === "nuc") return nuclearNorm;
  if (ord === 1) return (A) => max(columnSums(A), last);
  if (ord === -1) return (A) => min(columnSums(A), last);
  if (ord === Infinity) return (A) => max(rowSums(A), last);
  if (ord === -Infinity) return (A) => min(rowSums(A), last);
  if (ord === 2) return (A) => max(singularValues(A), last);
  if (ord === -2) return (A) => min(singularValues(A), last);
  throw new ArgumentError(
    `matrixNorm: ord must be "fro", "nuc", 1, −1, 2, −2, Infinity or −Infinity, got ${show(ord)}`,
  );
}

/**
 * Divides the entries by the largest absolute value first, so that squares do not overflow. The divisor is a constant
 * for the derivative, because the norm does not depend on it.
 */
function frobeniusNorm(A: Tensor): Tensor {
  if (A.size === 0) return sum(A, { axis: [-2, -1] });
  const most = stopGradient(max(abs(A), { axis: [-2, -1], keepDims: true }));
  const isNonzero = logicalAnd(greater(most, 0), less(most, Infinity));
  const scale = where(isNonzero, most, 1);
  const squares = sum(square(div(A, scale)), { axis: [-2, -1], keepDims: true });
  const hasRoot = greater(squares, 0);
  return mul(where(hasRoot, sqrt(where(hasRoot, squares, 1)), squares), scale);
}

function nuclearNorm(A: Tensor): Tensor {
  const { S } = svdInFloat64(A);
  const k = S.shape.at(-1)!;
  if (k === 0) return sum(S, { axis: -1 });
  const tolerance = mul(stopGradient(max(S, { axis: -1, keepDims: true })), 8 * k * epsilon);
  return sum(where(lessEqual(S, tolerance), stopGradient(S), S), { axis: -1 });
}

/**
 * Returns the sum of the main diagonal of each matrix. int32 wraps around, and bools are counted as int32. The VJP puts
 * the cotangent on the diagonal.
 */
export const matrixTrace: Sampled<(A: TensorLike) => Tensor> = /* @__PURE__ */ withSamples<(A: TensorLike) => Tensor>(
  (A, ...rest: unknown[]) => {
    checkNoOptions("matrixTrace", rest);
    const [matrix] = toTensors("matrixTrace", [A], 1);
    prefixErrors("matrixTrace", () => matrixSizes(matrix!));
    return sum(diagonalOf(matrix!), { axis: -1 });
  },
  () => [[irregular([3, 3])], [irregular([2, 2, 3], 2)]],
);
