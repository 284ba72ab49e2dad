import { OutOfRangeError, ShapeError, type Tensor } from "@wengert/core";
import { apply, describe, type Operand, prefixErrors, type Shape } from "@wengert/core/extend";
import { broadcastShape } from "../declaring/axes.ts";
import { expandDims, squeeze } from "../shapes/reshape.ts";
import { entryText, inFloat64, matrixSizes, squareSizes } from "./matrices.ts";

/** Returns the shape of the solution X of A X = B. @throws ShapeError unless the rows of B and the batches fit */
export function solutionShape(A: Operand, b: Operand): Shape {
  squareSizes(A);
  checkRows(A, b);
  return [...broadcastShape([A, b], ["A", "b"], 2), A.shape.at(-1)!, b.shape.at(-1)!];
}

/** @throws ShapeError unless the right side b has as many rows as the matrix A. A vector b counts as one column. */
function checkRows(A: Operand, b: Operand): void {
  const { m } = matrixSizes(A);
  if (m === (b.shape.length === 1 ? b.shape[0] : b.shape.at(-2))) return;
  throw new ShapeError(
    `${describe(A, "A")} needs b [${m}] or [..., ${m}, k], got ${describe(b, "b")}${b.shape.at(-1) === m && b.shape.length > 1 ? "; did you mean its transpose?" : ""}`,
  );
}

/**
 * Calls `solveColumns` with A and b in float64. A vector b is passed as a matrix of one column, and its solution is
 * returned as a vector, as in NumPy.
 */
export const withColumns = (
  caller: string,
  [A, b]: readonly [unknown, unknown],
  solveColumns: (A: Tensor, b: Tensor) => Tensor,
  check: (A: Operand) => unknown = squareSizes,
): Tensor =>
  inFloat64(caller, [A, b], ["A", "b"], (matrix, right) => {
    prefixErrors(caller, () => {
      check(matrix);
      checkRows(matrix, right);
      if (right.shape.length > 1) broadcastShape([matrix, right], ["A", "b"], 2);
    });
    if (right.shape.length > 1) return solveColumns(matrix, right);
    const column = apply(expandDims.spec, [right], { axis: 1 }, right.label);
    return squeeze(solveColumns(matrix, column), { axis: -1 });
  });

/** Returns the error for a singular matrix, which has no inverse. */
export const singularError = (A: Operand, pivot: number, batch: Shape, entry: number): OutOfRangeError =>
  new OutOfRangeError(
    `${describe(A, "A")} is singular at pivot ${pivot}${entryText(batch, entry)}: its rows are linearly dependent, up to rounding; use lstsq for a least-squares solution`,
  );
