import { ArgumentError, OutOfRangeError, type Tensor } from "@wengert/core";
import { show, type TreesOnly, withDefaults } from "@wengert/core/extend";
import { rowOrder, splitRows } from "./parts.ts";
import { rowsOf } from "./rows.ts";

export interface TrainTestSplitOptions {
  /** The fraction of the rows that go to the training set, between 0 and 1. */
  readonly fraction: number;
  /** Draws the training rows at random. Without a key, the training set is the first rows. */
  readonly key?: Tensor | undefined;
  /** The class of each row, [rows]. If given, the split is stratified: each class is split by `fraction`. */
  readonly labels?: Tensor | undefined;
}

/**
 * Splits `data`, a tree of tensors with rows along axis 0, into a training set and a test set: `const [train, test] =
 * trainTestSplit(data, { fraction: 0.8, key })`. Both sets keep the order of the rows. Without `key` and `labels`, both
 * are views of the data.
 * @throws ShapeError, TreeError if `data` has no rows
 * @throws OutOfRangeError if `fraction` leaves one set empty
 */
export function trainTestSplit<T>(data: T & TreesOnly<T>, options: TrainTestSplitOptions): [T, T] {
  checkTestSize(options);
  const { fraction, key, labels } = withDefaults<TrainTestSplitOptions>("trainTestSplit", options, {
    fraction: undefined,
    key: undefined,
    labels: undefined,
  });
  const rows = rowsOf<T>("trainTestSplit", data, "data");
  if (typeof fraction !== "number") {
    const hint = fraction === undefined ? "; write { fraction: 0.8 }" : "";
    throw new ArgumentError(`trainTestSplit: fraction must be a number between 0 and 1, got ${show(fraction)}${hint}`);
  }
  const size = Math.round(fraction * rows.count);
  if (!(size > 0 && size < rows.count))
    throw new OutOfRangeError(
      `trainTestSplit: fraction must leave rows in both parts, got ${fraction} of ${rows.count} rows; choose a number between 0 and 1`,
    );
  if (key === undefined && labels === undefined) return [rows.between(0, size), rows.between(size, rows.count)];
  const order = rowOrder("trainTestSplit", rows.count, { key, labels });
  // Rows sorted by class are selected at even spacing, so each class is split by the same fraction.
  const isInFirst = (place: number) =>
    Math.floor(((place + 1) * size) / rows.count) > Math.floor((place * size) / rows.count);
  const [first, second] = splitRows(order, isInFirst);
  return [rows.at(first), rows.at(second)];
}

/**
 * Rejects scikit-learn's `test_size`. The message converts it to `fraction`, the training share, because copying the
 * number unchanged would swap the two sets.
 */
function checkTestSize(options: unknown): void {
  const { testSize, test_size = testSize } = (options ?? {}) as { testSize?: unknown; test_size?: unknown };
  if (test_size === undefined) return;
  const fraction =
    typeof test_size === "number" && test_size > 0 && test_size < 1 ? +(1 - test_size).toFixed(6) : "...";
  throw new ArgumentError(
    `trainTestSplit: testSize is not an option, got ${show(test_size)}; write { fraction: ${fraction} } for the training part`,
  );
}
