import { ArgumentError, type Tensor } from "@wengert/core";
import { type TreesOnly, withDefaults } from "@wengert/core/extend";
import { foldIn, permutation, slice } from "@wengert/ops";
import { keyOption, shuffleNames, wholeNumber } from "../checks/options.ts";
import { type Rows, rowsOf } from "./rows.ts";
import { type Sequence, sequence } from "./sequence.ts";

export interface BatchesOptions {
  /** The number of rows in a batch. The last batch of an epoch may be smaller. */
  readonly batchSize: number;
  /**
   * The random key that seeds the shuffle, together with `epoch`. Without a key, rows keep the order of the data and no
   * rows are copied.
   */
  readonly key?: Tensor | undefined;
  /** The index of the epoch (a pass over the data), starting at 0. Each epoch has a different order. */
  readonly epoch?: number | undefined;
  /** Whether to omit the last batch if it is smaller than the batch size. Default false. */
  readonly dropLast?: boolean | undefined;
}

/**
 * Returns an iterable over one epoch of batches. `data` and each batch are trees of tensors with rows along axis 0.
 * Each batch is created only when the loop reaches it. Without a key, a batch is a view of the data; with a key, it is
 * a shuffled copy. The order of the rows depends only on `key` and `epoch`.
 * @throws ShapeError, TreeError if `data` has no rows, or its tensors differ in their number of rows
 * @throws ArgumentError for an invalid size, or if `dropLast` leaves no batch
 */
export function batches<T>(data: T & TreesOnly<T>, options: BatchesOptions): Sequence<T> {
  const { batchSize, key, epoch, dropLast } = withDefaults<BatchesOptions>(
    "batches",
    options,
    {
      batchSize: undefined,
      key: undefined,
      epoch: 0,
      dropLast: false,
    },
    { ...shuffleNames, dropremainder: "dropLast" },
  );
  const rows = rowsOf<T>("batches", data, "data");
  const plan = planBatches("batches", rows.count, batchSize, dropLast);
  return batchesInOrder(
    rows,
    plan,
    orderOf(rows.count, keyOption("batches", "key", key), wholeNumber("batches", "epoch", epoch, 0)),
  );
}

/** The batch size in rows, and the number of batches in an epoch. */
export interface BatchPlan {
  readonly size: number;
  /** The number of batches in an epoch. */
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

/** Returns the row indices of an epoch in shuffled order, or `undefined` to keep the order of the data. */
export const orderOf = (count: number, key: Tensor | undefined, epoch: number): Tensor | undefined =>
  key && permutation(foldIn(key, epoch), count);

/**
 * Returns the batches of an epoch. The function `share` returns the range of rows that the current process takes from a
 * batch of `count` rows. By default, the process takes all rows.
 */
export function batchesInOrder<T>(
  rows: Rows<T>,
  { size, length }: BatchPlan,
  order: Tensor | undefined,
  share: (count: number) => readonly [start: number, stop: number] = (count) => [0, count],
): Sequence<T> {
  return sequence(length, (i) => {
    const first = i * size;
    const [start, stop] = share(Math.min(rows.count - first, size)).map((row) => first + row) as [number, number];
    return order ? rows.at(slice(order, { start: [start], stop: [stop] })) : rows.between(start, stop);
  });
}
