import { ArgumentError, OutOfRangeError, type Tensor } from "@wengert/core";
import { show, type TreesOnly, withDefaults } from "@wengert/core/extend";
import { rowOrder, splitRows } from "./parts.ts";
import { rowsOf } from "./rows.ts";

export interface TrainTestSplitOptions {
  /** The fraction of the rows in the first (training) part, between 0 and 1. */
  readonly fraction: number;
  /** Draws the rows of the first part at random. Without a key they are the first rows. */
  readonly key?: Tensor | undefined;
  /** The class of each row, [rows], for a stratified split: each class is divided by `fraction`. */
  readonly labels?: Tensor | undefined;
}

/**
 * Splits the rows of `data`, a tree of tensors with rows along axis 0, into two parts:
 * `const [train, test] = trainTestSplit(data, { fraction: 0.8, key })`. Rows keep their order within a part. Without `key` and
 * `labels` the parts are views.
 * @throws ShapeError, TreeError if `data` has no rows
 * @throws OutOfRangeError if `fraction` leaves one part empty
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
  // Select positions evenly, because each class is a contiguous run of the order.
  const isInFirst = (place: number) =>
    Math.floor(((place + 1) * size) / rows.count) > Math.floor((place * size) / rows.count);
  const [first, second] = splitRows(order, isInFirst);
  return [rows.at(first), rows.at(second)];
}

/** Rejects scikit-learn's test_size, which counts the other part. A hint with the same number would swap the two parts. */
function checkTestSize(options: unknown): void {
  const { testSize, test_size = testSize } = (options ?? {}) as { testSize?: unknown; test_size?: unknown };
  if (test_size === undefined) return;
  const fraction =
    typeof test_size === "number" && test_size > 0 && test_size < 1 ? +(1 - test_size).toFixed(6) : "...";
  throw new ArgumentError(
    `trainTestSplit: testSize is not an option, got ${show(test_size)}; write { fraction: ${fraction} } for the training part`,
  );
}
