import { DTypeError, type Tensor, treeMap } from "@wengert/core";
import { isFloat, type TreesOnly, walk } from "@wengert/core/extend";
import { add, div, equal, max, mean, min, mul, sqrt, sub, variance, where } from "@wengert/ops";
import { rowsOf } from "./rows.ts";

/**
 * The mean and standard deviation of each column, with functions that standardize rows and undo the standardization.
 */
export interface StandardScaler<T> {
  readonly mean: T;
  /**
   * The standard deviation with divisor n. For a constant column it is set to 1, so that the standardized column is 0.
   */
  readonly std: T;
  /** Standardizes rows: returns (x − mean) / std. */
  transform(x: T & TreesOnly<T>): T;
  /** Undoes `transform`: returns x · std + mean. */
  inverseTransform(x: T & TreesOnly<T>): T;
}

/**
 * Computes the mean and standard deviation of the columns of `x`, a float tensor [rows, …] or a tree of them. Pass only
 * the training rows, so that no information about the test rows leaks. Then `transform` all rows. A column that
 * contains a NaN gets the mean and deviation NaN.
 * @throws ShapeError, TreeError if `x` has no rows
 * @throws DTypeError unless all tensors are floats
 */
export function standardize<T>(x: T & TreesOnly<T>): StandardScaler<T> {
  rowsOf<T>("standardize", x, "x");
  walk("standardize", x, "x", ({ dtype }, path) => {
    if (isFloat(dtype)) return;
    throw new DTypeError(`standardize: ${path} must be a float, got ${dtype}; leave it out or cast it`);
  });
  const rowAxis = { axis: 0 };
  const columnMin = treeMap<T>((leaf) => min(leaf, rowAxis), x);
  // Rounding can make the deviation of a constant column slightly positive, so constant columns are detected by
  // comparison.
  const isConstantColumn = treeMap<T>((leaf, smallest) => equal(smallest, max(leaf, rowAxis)), x, columnMin);
  const center = treeMap<T>(
    (leaf, c, smallest) => where(c, smallest, mean(leaf, rowAxis)),
    x,
    isConstantColumn,
    columnMin,
  );
  const std = treeMap<T>((leaf, c) => where(c, 1, sqrt(variance(leaf, rowAxis))), x, isConstantColumn);
  return {
    mean: center,
    std,
    transform: (rows) => treeMap<T>((leaf, m, d) => div(sub(leaf, m), d), rows, center, std),
    inverseTransform: (rows) => treeMap<T>((leaf: Tensor, m, d) => add(mul(leaf, d), m), rows, center, std),
  };
}
