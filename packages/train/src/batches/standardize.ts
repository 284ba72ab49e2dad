import { DTypeError, isFloat, type Tensor, type TreesOnly, treeMap, walk } from "@wengert/core";
import { add, div, equal, max, mean, min, mul, sqrt, sub, variance, where } from "@wengert/ops";
import { rowsOf } from "./rows.ts";

/** Where the numbers of each column lie and how far apart, and the maps there and back. */
export interface Standardization<T> {
  readonly mean: T;
  /** The root of the mean squared distance from it; 1 for a column that is constant, which is thereby mapped to 0. */
  readonly deviation: T;
  /** (x − mean) / deviation, of any rows. */
  apply(x: T & TreesOnly<T>): T;
  /** The other way: x · deviation + mean. */
  undo(x: T & TreesOnly<T>): T;
}

/**
 * Fitted to the rows of `x`, a tensor of floats [rows, …] or a tree of them. Only the training part should be given, and
 * `apply` used on all: nothing of the test part is known then. A NaN in a column makes all of it NaN.
 * @throws ShapeError, TreeError for what has no rows; DTypeError for what is no float
 */
export function standardize<T>(x: T & TreesOnly<T>): Standardization<T> {
  rowsOf<T>("standardize", x, "x");
  walk("standardize", x, "x", ({ dtype }, path) => {
    if (isFloat(dtype)) return;
    throw new DTypeError(`standardize: ${path} is ${dtype}, and a mean is a float; leave it out, or cast it`);
  });
  const ofRows = { axis: 0 };
  const lowest = treeMap<T>((leaf) => min(leaf, ofRows), x);
  // A column of one number has no deviation, whatever rounding makes of its mean.
  const isConstant = treeMap<T>((leaf, least) => equal(least, max(leaf, ofRows)), x, lowest);
  const center = treeMap<T>((leaf, c, least) => where(c, least, mean(leaf, ofRows)), x, isConstant, lowest);
  const deviation = treeMap<T>((leaf, c) => where(c, 1, sqrt(variance(leaf, ofRows))), x, isConstant);
  return {
    mean: center,
    deviation,
    apply: (given) => treeMap<T>((leaf, m, d) => div(sub(leaf, m), d), given, center, deviation),
    undo: (given) => treeMap<T>((leaf: Tensor, m, d) => add(mul(leaf, d), m), given, center, deviation),
  };
}
