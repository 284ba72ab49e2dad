import { ArgumentError, complete, OutOfRangeError, show, type Tensor, type TreesOnly } from "@wengert/core";
import { dealingOrder, divided } from "./parts.ts";
import { rowsOf } from "./rows.ts";

export interface SplitOptions {
  /** The share of the rows that the first part gets, between 0 and 1. */
  readonly share: number;
  /** Which rows these are is drawn; without a key they are the first ones. */
  readonly key?: Tensor | undefined;
  /** The class of each row, [rows]: each class is then split in this share. */
  readonly labels?: Tensor | undefined;
}

/**
 * Two parts of the rows of `data`, a tree of tensors with rows along axis 0: `const [train, test] = split(data, { share: 0.8,
 * key })`. Within a part the rows stay in their order. Without `key` and `labels` the parts are views.
 * @throws ShapeError, TreeError for data without rows; OutOfRangeError for a share that leaves one part empty
 */
export function split<T>(data: T & TreesOnly<T>, options: SplitOptions): [T, T] {
  const { share, key, labels } = complete<SplitOptions>("split", options, {
    share: undefined,
    key: undefined,
    labels: undefined,
  });
  const rows = rowsOf<T>("split", data, "data");
  if (typeof share !== "number") {
    const cure = share === undefined ? "; write { share: 0.8 }" : "";
    throw new ArgumentError(`split: share must be a number between 0 and 1, got ${show(share)}${cure}`);
  }
  const size = Math.round(share * rows.count);
  if (!(size > 0 && size < rows.count))
    throw new OutOfRangeError(
      `split: a share of ${share} of ${rows.count} rows leaves one part empty; a share lies between 0 and 1`,
    );
  if (key === undefined && labels === undefined) return [rows.between(0, size), rows.between(size, rows.count)];
  const order = dealingOrder("split", rows.count, { key, labels });
  // Spread evenly over the order, since in it each class is a run.
  const isFirst = (place: number) =>
    Math.floor(((place + 1) * size) / rows.count) > Math.floor((place * size) / rows.count);
  const [first, second] = divided(order, isFirst);
  return [rows.at(first), rows.at(second)];
}
