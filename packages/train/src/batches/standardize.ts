import { ArgumentError, DTypeError, OutOfRangeError, type Tensor, treeMap } from "@wengert/core";
import { isFloat, leavesAlike, ravel, show, type TreesOnly, walk } from "@wengert/core/extend";
import { add, div, equal, max, mean, min, mul, sqrt, sub, variance, where } from "@wengert/ops";
import { rowsOf } from "./rows.ts";

/** The mean and standard deviation of each column. */
export interface ScalerStatistics<T> {
  readonly mean: T;
  /**
   * The standard deviation with divisor n. For a constant column the deviation is set to 1, so that the standardized
   * column is 0.
   */
  readonly std: T;
}

/** The statistics of the columns, and the functions that standardize rows and reverse the standardization. */
export interface StandardScaler<T> extends ScalerStatistics<T> {
  /** Standardizes rows with the stored statistics: returns (x − mean) / std. */
  transform(x: T & TreesOnly<T>): T;
  /** Reverses `transform`: returns x · std + mean. */
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
  return scalerOf<T>(center, std);
}

/**
 * Rebuilds a scaler from the statistics of `standardize`, for example from a file: `standardScaler(tree)` after
 * `save(path, { mean, std })` and `load(path)`. The rebuilt scaler gives the same bits as the original.
 * @throws ArgumentError, TreeError, ShapeError unless `mean` and `std` are trees of the same structure, shapes and
 * dtypes
 * @throws DTypeError unless all tensors are floats
 * @throws OutOfRangeError for a standard deviation that is 0, negative or infinite; NaN is allowed, as in `standardize`
 */
export function standardScaler<T>(statistics: ScalerStatistics<T & TreesOnly<T>>): StandardScaler<T> {
  const caller = "standardScaler";
  const { mean, std } = (statistics ?? {}) as Partial<ScalerStatistics<T>>;
  if (mean === undefined || std === undefined)
    throw new ArgumentError(
      `${caller}: statistics must have mean and std, got ${show(statistics)}; write { mean, std }`,
    );
  leavesAlike(caller, [mean, "mean"], [std, "std"]);
  walk(caller, std, "std", (leaf, path) => {
    if (!isFloat(leaf.dtype)) throw new DTypeError(`${caller}: ${path} must be a float, got ${leaf.dtype}; cast it`);
    const invalid = ravel(leaf.array!).find((d) => d <= 0 || d === Infinity);
    if (invalid === undefined) return;
    throw new OutOfRangeError(
      `${caller}: ${path} must hold numbers > 0, got ${invalid}; the deviation of a constant column is 1`,
    );
  });
  return scalerOf<T>(mean, std);
}

function scalerOf<T>(mean: T, std: T): StandardScaler<T> {
  return {
    mean,
    std,
    transform: (rows) => treeMap<T>((leaf, m, d) => div(sub(leaf, m), d), rows, mean as T & TreesOnly<T>, std),
    inverseTransform: (rows) =>
      treeMap<T>((leaf: Tensor, m, d) => add(mul(leaf, d), m), rows, mean as T & TreesOnly<T>, std),
  };
}
