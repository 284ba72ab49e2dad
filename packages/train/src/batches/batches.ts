import { ArgumentError, complete, type Tensor, type TreesOnly } from "@wengert/core";
import { foldIn, slice } from "@wengert/ops";
import { keyIn, wholeNumber } from "../options.ts";
import { permutation } from "./permutation.ts";
import { type Rows, rowsOf } from "./rows.ts";
import { type Series, series } from "./series.ts";

export interface BatchesOptions {
  /** Rows in a batch; the last has what is left. */
  readonly size: number;
  /** Decides the order of the rows, together with `epoch`; without one they come as they are, and nothing is copied. */
  readonly key?: Tensor | undefined;
  /** Which pass over the data it is, from 0: each has an order of its own. */
  readonly epoch?: number | undefined;
  /** Leaves the last batch out where it would be smaller. */
  readonly dropLast?: boolean | undefined;
}

/**
 * The data of one epoch in batches: `data` is a tree of tensors with rows along axis 0, and so is each batch. It is made
 * when it is asked for: views of the data without a key, copies of its rows with one. The order depends on `key` and `epoch`
 * alone.
 * @throws ShapeError, TreeError for data without rows, or with more of them in one tensor than in another; ArgumentError for
 * a size that is none, and where `dropLast` leaves nothing
 */
export function batches<T>(data: T & TreesOnly<T>, options: BatchesOptions): Series<T> {
  const { size, key, epoch, dropLast } = complete<BatchesOptions>("batches", options, {
    size: undefined,
    key: undefined,
    epoch: 0,
    dropLast: false,
  });
  const rows = rowsOf<T>("batches", data, "data");
  const plan = planned("batches", rows.count, size, dropLast);
  return inOrder(
    rows,
    plan,
    orderOf(rows.count, keyIn("batches", "key", key), wholeNumber("batches", "epoch", epoch, 0)),
  );
}

/** How an epoch is cut. */
export interface BatchPlan {
  readonly size: number;
  /** Batches in an epoch. */
  readonly length: number;
}

export function planned(who: string, count: number, size: unknown, dropLast: unknown): BatchPlan {
  const rows = wholeNumber(who, "size", size, 1);
  const length = dropLast ? Math.floor(count / rows) : Math.ceil(count / rows);
  if (length > 0) return { size: rows, length };
  throw new ArgumentError(
    `${who}: dropLast leaves nothing of ${count} rows in batches of ${rows}; choose a smaller size`,
  );
}

/** The order of an epoch; `undefined` for the one in which the rows are. */
export const orderOf = (count: number, key: Tensor | undefined, epoch: number): Tensor | undefined =>
  key && permutation(foldIn(key, epoch), count);

export function inOrder<T>(rows: Rows<T>, { size, length }: BatchPlan, order: Tensor | undefined): Series<T> {
  return series(length, (i) => {
    const [start, stop] = [i * size, Math.min(rows.count, (i + 1) * size)];
    return order ? rows.at(slice(order, { start: [start], stop: [stop] })) : rows.between(start, stop);
  });
}
