import { ArgumentError, OutOfRangeError, type Tensor } from "@wengert/core";
import { show, type TreesOnly, withDefaults } from "@wengert/core/extend";
import { rowOrder, splitRows } from "./parts.ts";
import { rowsOf } from "./rows.ts";

export interface TrainTestSplitOptions {
  /** The fraction of the rows that the first part gets, the one to train on; between 0 and 1. */
  readonly fraction: number;
  /** Which rows these are is drawn; without a key they are the first ones. */
  readonly key?: Tensor | undefined;
  /** The class of each row, [rows]: each class is then split in this share. */
  readonly labels?: Tensor | undefined;
}

/**
 * Two parts of the rows of `data`, a tree of tensors with rows along axis 0: `const [train, test] = trainTestSplit(data, { fraction: 0.8,
 * key })`. Within a part the rows stay in their order. Without `key` and `labels` the parts are views.
 * @throws ShapeError, TreeError for data without rows; OutOfRangeError for a share that leaves one part empty
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
      `trainTestSplit: a fraction of ${fraction} of ${rows.count} rows leaves one part empty; choose one between 0 and 1`,
    );
  if (key === undefined && labels === undefined) return [rows.between(0, size), rows.between(size, rows.count)];
  const order = rowOrder("trainTestSplit", rows.count, { key, labels });
  // Spread evenly over the order, since in it each class is a run.
  const isInFirst = (place: number) =>
    Math.floor(((place + 1) * size) / rows.count) > Math.floor((place * size) / rows.count);
  const [first, second] = splitRows(order, isInFirst);
  return [rows.at(first), rows.at(second)];
}

/** scikit-learn counts the other part: a hint to write `fraction` with the same number would exchange the two. */
function checkTestSize(options: unknown): void {
  const { testSize, test_size = testSize } = (options ?? {}) as { testSize?: unknown; test_size?: unknown };
  if (test_size === undefined) return;
  const fraction =
    typeof test_size === "number" && test_size > 0 && test_size < 1 ? +(1 - test_size).toFixed(6) : "...";
  throw new ArgumentError(
    `trainTestSplit: there is no option testSize, got ${show(test_size)}; write { fraction: ${fraction} }, the fraction to train on`,
  );
}
