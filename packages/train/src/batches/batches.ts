import { ArgumentError, type Tensor } from "@wengert/core";
import { type TreesOnly, withDefaults } from "@wengert/core/extend";
import { foldIn, permutation, slice } from "@wengert/ops";
import { keyOption, wholeNumber } from "../checks/options.ts";
import { type Rows, rowsOf } from "./rows.ts";
import { type Sequence, sequence } from "./sequence.ts";

export interface BatchesOptions {
  /** Rows in a batch; the last has what is left. */
  readonly batchSize: number;
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
 * an invalid size, and where `dropLast` leaves nothing
 */
export function batches<T>(data: T & TreesOnly<T>, options: BatchesOptions): Sequence<T> {
  const { batchSize, key, epoch, dropLast } = withDefaults<BatchesOptions>("batches", options, {
    batchSize: undefined,
    key: undefined,
    epoch: 0,
    dropLast: false,
  });
  const rows = rowsOf<T>("batches", data, "data");
  const plan = planBatches("batches", rows.count, batchSize, dropLast);
  return batchesInOrder(
    rows,
    plan,
    orderOf(rows.count, keyOption("batches", "key", key), wholeNumber("batches", "epoch", epoch, 0)),
  );
}

/** How an epoch is cut. */
export interface BatchPlan {
  readonly size: number;
  /** Batches in an epoch. */
  readonly length: number;
}

export function planBatches(caller: string, count: number, size: unknown, dropLast: unknown): BatchPlan {
  const rows = wholeNumber(caller, "batchSize", size, 1);
  const length = dropLast ? Math.floor(count / rows) : Math.ceil(count / rows);
  if (length > 0) return { size: rows, length };
  throw new ArgumentError(
    `${caller}: dropLast leaves nothing of ${count} rows in batches of ${rows}; choose a smaller batchSize`,
  );
}

/** The order of an epoch; `undefined` for the one in which the rows are. */
export const orderOf = (count: number, key: Tensor | undefined, epoch: number): Tensor | undefined =>
  key && permutation(foldIn(key, epoch), count);

export function batchesInOrder<T>(rows: Rows<T>, { size, length }: BatchPlan, order: Tensor | undefined): Sequence<T> {
  return sequence(length, (i) => {
    const [start, stop] = [i * size, Math.min(rows.count, (i + 1) * size)];
    return order ? rows.at(slice(order, { start: [start], stop: [stop] })) : rows.between(start, stop);
  });
}
