import { ArgumentError, OutOfRangeError, type Tensor } from "@wengert/core";
import { show, type TreesOnly, withDefaults } from "@wengert/core/extend";
import { randomKey } from "@wengert/ops";
import { booleanOption, keyNames } from "../checks/options.ts";
import { rowOrder, splitRows } from "./parts.ts";
import { rowsOf } from "./rows.ts";

export interface TrainTestSplitOptions {
  /** The fraction of the rows that go to the training set, between 0 and 1. */
  readonly fraction: number;
  /**
   * The random key that draws the rows of the training set; the same key draws the same rows. Default `randomKey(0)`.
   */
  readonly key?: Tensor | undefined;
  /** Whether to draw the training rows at random. `false` takes the first rows. Default true. */
  readonly shuffle?: boolean | undefined;
  /** The class of each row, [rows], for a stratified split: the rows of each class are split by the same `fraction`. */
  readonly labels?: Tensor | undefined;
}

/**
 * Splits the rows of `data`, a tree of tensors with rows along axis 0, into a training set and a test set: `const
 * [train, test] = trainTestSplit(data, { fraction: 0.8, key })`. The training rows are drawn at random. Within each
 * set, rows keep the order of the data. With `shuffle: false` the training set has the first rows of the data, and both
 * sets are views. With `shuffle: false` and `labels`, the training set has evenly spaced rows of each class instead.
 * @throws ShapeError, TreeError if `data` has no rows
 * @throws ArgumentError, DTypeError for invalid options
 * @throws OutOfRangeError if `fraction` leaves one of the sets empty
 */
export function trainTestSplit<T>(data: T & TreesOnly<T>, options: TrainTestSplitOptions): [T, T] {
  const defaults = { fraction: undefined, key: undefined, shuffle: true, labels: undefined };
  const { fraction, key, shuffle, labels } = withDefaults<TrainTestSplitOptions>("trainTestSplit", options, defaults, {
    ...keyNames,
    testsize: fractionHint(options),
    trainsize: "fraction",
    share: "fraction",
    stratify: "labels",
  });
  const rows = rowsOf<T>("trainTestSplit", data, "data");
  if (typeof fraction !== "number") {
    const hint = fraction === undefined ? "; write { fraction: 0.8 }" : "";
    throw new ArgumentError(`trainTestSplit: fraction must be a number between 0 and 1, got ${show(fraction)}${hint}`);
  }
  const size = Math.round(fraction * rows.count);
  if (!(size > 0 && size < rows.count))
    throw new OutOfRangeError(
      `trainTestSplit: fraction must leave rows in both parts, got ${fraction} for ${rows.count} rows; choose a number between 0 and 1`,
    );
  booleanOption("trainTestSplit", "shuffle", shuffle);
  if (key !== undefined && !shuffle)
    throw new ArgumentError("trainTestSplit: shuffle: false and key exclude each other, got both; leave out one");
  if (!shuffle && labels === undefined) return [rows.between(0, size), rows.between(size, rows.count)];
  const order = rowOrder("trainTestSplit", rows.count, { key: shuffle ? (key ?? randomKey(0)) : undefined, labels });
  // The rows are ordered by class, and the positions of the training rows are evenly spaced. So the training set has
  // the same fraction of each class.
  const isInFirst = (place: number) =>
    Math.floor(((place + 1) * size) / rows.count) > Math.floor((place * size) / rows.count);
  const [first, second] = splitRows(order, isInFirst);
  return [rows.at(first), rows.at(second)];
}

/**
 * Returns a hint for scikit-learn's option test_size, which is the fraction of the test set. The option `fraction` is
 * that of the training set, so the same number would swap the two sets.
 */
function fractionHint(options: unknown): string {
  const { testSize, test_size = testSize } = (options ?? {}) as { testSize?: unknown; test_size?: unknown };
  const isFraction = typeof test_size === "number" && test_size > 0 && test_size < 1;
  return `write { fraction: ${isFraction ? +(1 - test_size).toFixed(6) : "..."} } for the training part`;
}
