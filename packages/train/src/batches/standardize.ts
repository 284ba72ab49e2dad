import { DTypeError, type Tensor, treeMap } from "@wengert/core";
import { isFloat, type TreesOnly, walk } from "@wengert/core/extend";
import { add, div, equal, max, mean, min, mul, sqrt, sub, variance, where } from "@wengert/ops";
import { rowsOf } from "./rows.ts";

/** The mean and standard deviation of each column, and the maps there and back. */
export interface StandardScaler<T> {
  readonly mean: T;
  /** The standard deviation, divided by n; 1 for a constant column, so that it becomes 0. */
  readonly std: T;
  /** (x − mean) / std, of any rows. */
  transform(x: T & TreesOnly<T>): T;
  /** The other way: x · std + mean. */
  inverseTransform(x: T & TreesOnly<T>): T;
}

/**
 * Fitted to the rows of `x`, a tensor of floats [rows, …] or a tree of them. Only the training part should be given, and
 * `transform` used on all: nothing of the test part is known then. A NaN in a column makes all of it NaN.
 * @throws ShapeError, TreeError for what has no rows; DTypeError for what is no float
 */
export function standardize<T>(x: T & TreesOnly<T>): StandardScaler<T> {
  rowsOf<T>("standardize", x, "x");
  walk("standardize", x, "x", ({ dtype }, path) => {
    if (isFloat(dtype)) return;
    throw new DTypeError(`standardize: ${path} is ${dtype}, and a mean is a float; leave it out, or cast it`);
  });
  const rowAxis = { axis: 0 };
  const columnMin = treeMap<T>((leaf) => min(leaf, rowAxis), x);
  // A column of one number has no deviation, whatever rounding makes of its mean.
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
