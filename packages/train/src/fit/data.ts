import { ArgumentError, Tensor } from "@wengert/core";
import { leaves, show } from "@wengert/core/extend";
import { foldIn } from "@wengert/ops";
import { type BatchPlan, batchesInOrder, orderOf, planBatches } from "../batches/batches.ts";
import { rowsOf } from "../batches/rows.ts";
import type { Sequence } from "../batches/sequence.ts";

/**
 * One pass over the training data. If the data is a function that returns batches, `fit` passes it an `Epoch` object.
 */
export interface Epoch {
  /** The index of the epoch, starting at 0. */
  readonly epoch: number;
  /** A key for shuffling, different in each epoch. */
  readonly key: Tensor;
  /** An AbortSignal that is aborted when the fit stops. Pass this signal to asynchronous calls such as `fetch`. */
  readonly signal: AbortSignal | undefined;
}

type Stream<B> = AsyncIterable<B> | Iterable<B>;

/**
 * Training data: a tree of tensors with rows along axis 0, or a source of batches. `fit` takes batches from the tree. A
 * source is an async iterable, which each epoch reads from the start, or a function (such as an async generator) that
 * returns the batches of an epoch.
 */
export type Data<B> = B | AsyncIterable<B> | BatchesOf<B>;
type BatchesOf<B> = (epoch: Epoch) => Stream<B> | Promise<Stream<B>>;

/** A source of batches for all epochs. */
export interface Source<B> {
  /** The number of batches in an epoch, if known in advance. */
  readonly length: number | undefined;
  /** The settings of the data that must not change when a fit is resumed. */
  readonly plan: Readonly<Record<string, unknown>>;
  /**
   * Returns the fraction of an epoch that is done after a given number of batches, or 0 if the number of batches in an
   * epoch is unknown.
   */
  epochFraction(batches: number): number;
  /**
   * Returns batch `index` of `epoch`, or `undefined` after the last batch. Within an epoch, calls must ask for
   * ascending indices.
   */
  next(epoch: number, index: number): Batch<B> | undefined | Promise<Batch<B> | undefined>;
  /** Closes the iterator. Never throws. */
  close(): Promise<void>;
}

export interface Batch<B> {
  /** The rows of the current process: without `parallel`, all rows of the batch. */
  readonly batch: B;
  /** The number of rows in the whole batch. */
  readonly rows: number;
  /** The number of rows in `batch`, which contains only the rows for the current process. */
  readonly ownRows: number;
}

export interface SourceOptions {
  readonly size: unknown;
  readonly dropLast: unknown;
  readonly key: Tensor;
  /** Whether to shuffle the rows in each epoch. If one batch contains all rows, they are never shuffled. */
  readonly shuffle: boolean;
  /**
   * Returns the range of rows that the current process takes from each batch. If undefined, the process takes all rows.
   */
  readonly share?: ((rows: number) => readonly [start: number, stop: number]) | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Returns the source of batches for `data`.
 * @throws TreeError, ShapeError, ArgumentError if `data` holds no batches
 */
export function sourceOf<B>(caller: string, data: Data<B>, path: string, options: SourceOptions): Source<B> {
  if (typeof data === "function") return sourceOfStream<B>(caller, data as BatchesOf<B>, path, options);
  if (isStream<B>(data)) return sourceOfStream<B>(caller, data, path, options);
  if (typeof data === "object" && data !== null && Symbol.iterator in data && !Array.isArray(data))
    throw new ArgumentError(
      `${caller}: ${path} is an iterator that can be read only once, but each epoch reads it; pass a function: () => batches(...), or function* () { ... }`,
    );
  return sourceOfRows<B>(caller, data as B, path, options);
}

/** Whether training data are tensors in memory, and not a source of batches. */
export const isRows = (data: unknown): boolean => typeof data === "object" && data !== null && !isStream(data);

const isStream = <B>(data: unknown): data is AsyncIterable<B> =>
  typeof data === "object" && data !== null && !(data instanceof Tensor) && Symbol.asyncIterator in data;

/** Returns a source of batches from tensors in memory. */
function sourceOfRows<B>(
  caller: string,
  data: B,
  path: string,
  { size, dropLast, key, shuffle, share }: SourceOptions,
): Source<B> {
  const rows = rowsOf<B>(caller, data, path);
  const plan: BatchPlan = planBatches(caller, rows.count, size, dropLast);
  const rowsPerEpoch = dropLast ? plan.length * plan.size : rows.count;
  const rowsBefore = (batches: number) => Math.min(batches * plan.size, rowsPerEpoch);
  let current: { readonly epoch: number; readonly batches: Sequence<B> } | undefined;
  return {
    length: plan.length,
    plan: { rows: rows.count, size: plan.size, dropLast: Boolean(dropLast), shuffle },
    epochFraction: (batches) => rowsBefore(batches) / rowsPerEpoch,
    next(epoch, index) {
      if (current?.epoch !== epoch) {
        const order = shuffle && plan.length > 1 ? orderOf(rows.count, key, epoch) : undefined;
        current = { epoch, batches: batchesInOrder(rows, plan, order, share) };
      }
      const batch = current.batches.at(index);
      if (batch === undefined) return undefined;
      const count = rowsBefore(index + 1) - rowsBefore(index);
      const [start, stop] = share?.(count) ?? [0, count];
      return { batch, rows: count, ownRows: stop - start };
    },
    close: async () => {},
  };
}

/** Returns a source of batches from an iterable or a function. */
function sourceOfStream<B>(
  caller: string,
  data: AsyncIterable<B> | BatchesOf<B>,
  path: string,
  { key, share, signal }: SourceOptions,
): Source<B> {
  let reading: { readonly epoch: number; readonly iterator: AsyncIterator<B> | Iterator<B>; index: number } | undefined;
  const open = async (epoch: number) => {
    const returned = typeof data === "function" ? await data({ epoch, key: foldIn(key, epoch), signal }) : data;
    const stream = returned as Partial<AsyncIterable<B> & Iterable<B>> | undefined;
    const iterator = stream?.[Symbol.asyncIterator]?.() ?? stream?.[Symbol.iterator]?.();
    if (iterator !== undefined && !(stream instanceof Tensor)) return { epoch, iterator, index: 0 };
    throw new ArgumentError(
      `${caller}: ${path} must return an iterable of batches, got ${show(returned)}; write async function* ({ epoch }) { ... }`,
    );
  };
  const close = async () => {
    const closing = reading;
    reading = undefined;
    try {
      await closing?.iterator.return?.();
    } catch {}
  };
  return {
    length: undefined,
    plan: {},
    epochFraction: () => 0,
    async next(epoch, index) {
      if (reading === undefined || reading.epoch !== epoch || reading.index > index) {
        await close();
        reading = await open(epoch);
      }
      for (;;) {
        const { done, value } = await reading.iterator.next();
        if (done && reading.index < index)
          throw new ArgumentError(
            `${caller}: ${path} yielded ${reading.index} batches in epoch ${epoch}, but the checkpoint has already used ${index}; a resumed fit needs the same batches again`,
          );
        if (done && index === 0)
          throw new ArgumentError(
            `${caller}: ${path} yielded no batch in epoch ${epoch}; a generator can be read only once, so pass the generator function`,
          );
        if (done) {
          reading = undefined;
          return undefined;
        }
        if (reading.index++ < index) continue; // skip batches that were used before the fit was interrupted
        if (share) {
          const rows = rowsOf<B>(caller, value, "a batch");
          const [start, stop] = share(rows.count);
          return { batch: rows.between(start, stop), rows: rows.count, ownRows: stop - start };
        }
        const axes = leaves(caller, value, "a batch").find(({ shape }) => shape.length > 0);
        const count = axes?.shape[0] ?? 1;
        return { batch: value, rows: count, ownRows: count };
      }
    },
    close,
  };
}
