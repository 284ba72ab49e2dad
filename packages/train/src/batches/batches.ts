import { ArgumentError, type Tensor } from "@wengert/core";
import { type TreesOnly, withDefaults } from "@wengert/core/extend";
import { foldIn, permutation, slice } from "@wengert/ops";
import { keyOption, wholeNumber } from "../checks/options.ts";
import { type Rows, rowsOf } from "./rows.ts";
import { type Sequence, sequence } from "./sequence.ts";

export interface BatchesOptions {
  /** Rows in a batch. The last batch has the remaining rows. */
  readonly batchSize: number;
  /** Seeds the order of the rows, together with `epoch`. Without a key the order is that of the data, and nothing is copied. */
  readonly key?: Tensor | undefined;
  /** The number of the pass over the data, from 0. Each epoch has a different order. */
  readonly epoch?: number | undefined;
  /** Omits the last batch if it is smaller than the others. Default false. */
  readonly dropLast?: boolean | undefined;
}

/**
 * Returns one epoch of batches. `data` is a tree of tensors with rows along axis 0, and so is each batch. Batches are made on
 * demand: views of the data without a key, copies with one. The order depends only on `key` and `epoch`.
 * @throws ShapeError, TreeError if `data` has no rows, or its tensors differ in their number of rows
 * @throws ArgumentError for an invalid size, or if `dropLast` leaves no batch
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

/** The batch size and the number of batches in an epoch. */
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
    `${caller}: dropLast leaves no batch of ${rows} rows, got ${count} rows in all; choose a smaller batchSize`,
  );
}

/** Returns the row order of an epoch; `undefined` keeps the order of the data. */
export const orderOf = (count: number, key: Tensor | undefined, epoch: number): Tensor | undefined =>
  key && permutation(foldIn(key, epoch), count);

export function batchesInOrder<T>(rows: Rows<T>, { size, length }: BatchPlan, order: Tensor | undefined): Sequence<T> {
  return sequence(length, (i) => {
    const [start, stop] = [i * size, Math.min(rows.count, (i + 1) * size)];
    return order ? rows.at(slice(order, { start: [start], stop: [stop] })) : rows.between(start, stop);
  });
}
