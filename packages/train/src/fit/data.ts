import { ArgumentError, Tensor } from "@wengert/core";
import { leaves, show } from "@wengert/core/extend";
import { foldIn } from "@wengert/ops";
import { type BatchPlan, batchesInOrder, orderOf, planBatches } from "../batches/batches.ts";
import { rowsOf } from "../batches/rows.ts";
import type { Sequence } from "../batches/sequence.ts";

/** The pass over the data that a function of batches is asked for. */
export interface Epoch {
  /** 0 for the first. */
  readonly epoch: number;
  /** Another key in each epoch, to shuffle by. */
  readonly key: Tensor;
  /** Stops the fit. Pass it on to what the function awaits. */
  readonly signal: AbortSignal | undefined;
}

type Stream<B> = AsyncIterable<B> | Iterable<B>;

/**
 * What can be fitted to: a tree of tensors with rows along axis 0, from which batches are taken; or batches that come from
 * elsewhere: an object to be read anew in each epoch, or a function that gives those of an epoch, as an async generator does.
 */
export type Data<B> = B | AsyncIterable<B> | BatchesOf<B>;
type BatchesOf<B> = (epoch: Epoch) => Stream<B> | Promise<Stream<B>>;

/** The batches of all epochs. */
export interface Source<B> {
  /** Batches in an epoch, where that is known beforehand. */
  readonly length: number | undefined;
  /** What a resumed fit must find the same. */
  readonly plan: Readonly<Record<string, unknown>>;
  /** The share of an epoch that is behind after so many batches; 0 if that is not known. */
  epochFraction(batches: number): number;
  /** Batch number `index` of `epoch`, `undefined` after the last. They are asked for in order, beginning anywhere. */
  next(epoch: number, index: number): Batch<B> | undefined | Promise<Batch<B> | undefined>;
  /** Closes the iterator. Never throws. */
  close(): Promise<void>;
}

export interface Batch<B> {
  readonly batch: B;
  readonly rows: number;
}

export interface SourceOptions {
  readonly size: unknown;
  readonly dropLast: unknown;
  readonly key: Tensor;
  /** Whether rows come in another order in each epoch. They do not where all are one batch, as it makes no difference. */
  readonly shuffle: boolean;
  readonly signal: AbortSignal | undefined;
}

/** @throws TreeError, ShapeError, ArgumentError for what holds no batches */
export function sourceOf<B>(caller: string, data: Data<B>, path: string, options: SourceOptions): Source<B> {
  if (typeof data === "function") return sourceOfStream<B>(caller, data as BatchesOf<B>, path, options);
  if (isStream<B>(data)) return sourceOfStream<B>(caller, data, path, options);
  if (typeof data === "object" && data !== null && Symbol.iterator in data && !Array.isArray(data))
    throw new ArgumentError(
      `${caller}: ${path} can be read once, but each epoch reads it anew; give a function: () => batches(...), or function* () { ... }`,
    );
  return sourceOfRows<B>(caller, data as B, path, options);
}

const isStream = <B>(data: unknown): data is AsyncIterable<B> =>
  typeof data === "object" && data !== null && !(data instanceof Tensor) && Symbol.asyncIterator in data;

/** Batches of rows that are there. */
function sourceOfRows<B>(
  caller: string,
  data: B,
  path: string,
  { size, dropLast, key, shuffle }: SourceOptions,
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
        current = { epoch, batches: batchesInOrder(rows, plan, order) };
      }
      const batch = current.batches.at(index);
      return batch && { batch, rows: rowsBefore(index + 1) - rowsBefore(index) };
    },
    close: async () => {},
  };
}

/** Batches that come from elsewhere. */
function sourceOfStream<B>(
  caller: string,
  data: AsyncIterable<B> | BatchesOf<B>,
  path: string,
  { key, signal }: SourceOptions,
): Source<B> {
  let reading: { readonly epoch: number; readonly iterator: AsyncIterator<B> | Iterator<B>; index: number } | undefined;
  const open = async (epoch: number) => {
    const returned = typeof data === "function" ? await data({ epoch, key: foldIn(key, epoch), signal }) : data;
    const stream = returned as Partial<AsyncIterable<B> & Iterable<B>> | undefined;
    const iterator = stream?.[Symbol.asyncIterator]?.() ?? stream?.[Symbol.iterator]?.();
    if (iterator !== undefined && !(stream instanceof Tensor)) return { epoch, iterator, index: 0 };
    throw new ArgumentError(
      `${caller}: ${path} must give the batches of an epoch one after the other, got ${show(returned)}; write async function* ({ epoch }) { ... }`,
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
            `${caller}: ${path} gave ${reading.index} batches in epoch ${epoch}, in which ${index} had been taken before: to be resumed they must come again as they were`,
          );
        if (done && index === 0)
          throw new ArgumentError(
            `${caller}: ${path} gave no batch in epoch ${epoch}; a generator can be read once: give the function that makes it`,
          );
        if (done) {
          reading = undefined;
          return undefined;
        }
        if (reading.index++ < index) continue; // taken before the fit was interrupted
        const axes = leaves(caller, value, "a batch").find(({ shape }) => shape.length > 0);
        return { batch: value, rows: axes?.shape[0] ?? 1 };
      }
    },
    close,
  };
}
