import { ArgumentError, leaves, show, Tensor } from "@wengert/core";
import { foldIn } from "@wengert/ops";
import { type BatchPlan, inOrder, orderOf, planned } from "../batches/batches.ts";
import { rowsOf } from "../batches/rows.ts";
import type { Series } from "../batches/series.ts";

/** The pass over the data that a function of batches is asked for. */
export interface Epoch {
  /** 0 for the first. */
  readonly epoch: number;
  /** Another key in each epoch, to shuffle by. */
  readonly key: Tensor;
  /** What stops the fit; to be handed on to whatever the function waits for. */
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
  share(batches: number): number;
  /** Batch number `index` of `epoch`, `undefined` after the last. They are asked for in order, beginning anywhere. */
  next(epoch: number, index: number): Batch<B> | undefined | Promise<Batch<B> | undefined>;
  /** Leaves what is being read. Nobody loses what was learned because that goes wrong: it never throws. */
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
export function sourceOf<B>(who: string, data: Data<B>, path: string, options: SourceOptions): Source<B> {
  if (typeof data === "function") return streamed<B>(who, data as BatchesOf<B>, path, options);
  if (isStream<B>(data)) return streamed<B>(who, data, path, options);
  if (typeof data === "object" && data !== null && Symbol.iterator in data && !Array.isArray(data))
    throw new ArgumentError(
      `${who}: ${path} can be read once, but each epoch reads it anew; give a function: () => batches(...), or function* () { ... }`,
    );
  return cut<B>(who, data as B, path, options);
}

const isStream = <B>(data: unknown): data is AsyncIterable<B> =>
  typeof data === "object" && data !== null && !(data instanceof Tensor) && Symbol.asyncIterator in data;

/** Batches of rows that are there. */
function cut<B>(who: string, data: B, path: string, { size, dropLast, key, shuffle }: SourceOptions): Source<B> {
  const rows = rowsOf<B>(who, data, path);
  const plan: BatchPlan = planned(who, rows.count, size, dropLast);
  const whole = dropLast ? plan.length * plan.size : rows.count;
  const seen = (batches: number) => Math.min(batches * plan.size, whole);
  let current: { readonly epoch: number; readonly batches: Series<B> } | undefined;
  return {
    length: plan.length,
    plan: { rows: rows.count, size: plan.size, dropLast: Boolean(dropLast), shuffle },
    share: (batches) => seen(batches) / whole,
    next(epoch, index) {
      if (current?.epoch !== epoch) {
        const order = shuffle && plan.length > 1 ? orderOf(rows.count, key, epoch) : undefined;
        current = { epoch, batches: inOrder(rows, plan, order) };
      }
      const batch = current.batches.at(index);
      return batch && { batch, rows: seen(index + 1) - seen(index) };
    },
    close: async () => {},
  };
}

/** Batches that come from elsewhere. */
function streamed<B>(
  who: string,
  data: AsyncIterable<B> | BatchesOf<B>,
  path: string,
  { key, signal }: SourceOptions,
): Source<B> {
  let reading: { readonly epoch: number; readonly iterator: AsyncIterator<B> | Iterator<B>; index: number } | undefined;
  const open = async (epoch: number) => {
    const given = typeof data === "function" ? await data({ epoch, key: foldIn(key, epoch), signal }) : data;
    const stream = given as Partial<AsyncIterable<B> & Iterable<B>> | undefined;
    const iterator = stream?.[Symbol.asyncIterator]?.() ?? stream?.[Symbol.iterator]?.();
    if (iterator !== undefined && !(stream instanceof Tensor)) return { epoch, iterator, index: 0 };
    throw new ArgumentError(
      `${who}: ${path} must give the batches of an epoch one after the other, got ${show(given)}; write async function* ({ epoch }) { ... }`,
    );
  };
  const close = async () => {
    const left = reading;
    reading = undefined;
    try {
      await left?.iterator.return?.();
    } catch {}
  };
  return {
    length: undefined,
    plan: {},
    share: () => 0,
    async next(epoch, index) {
      if (reading === undefined || reading.epoch !== epoch || reading.index > index) {
        await close();
        reading = await open(epoch);
      }
      for (;;) {
        const { done, value } = await reading.iterator.next();
        if (done && reading.index < index)
          throw new ArgumentError(
            `${who}: ${path} gave ${reading.index} batches in epoch ${epoch}, in which ${index} had been taken before: to be resumed they must come again as they were`,
          );
        if (done && index === 0)
          throw new ArgumentError(
            `${who}: ${path} gave no batch in epoch ${epoch}; a generator can be read once: give the function that makes it`,
          );
        if (done) {
          reading = undefined;
          return undefined;
        }
        if (reading.index++ < index) continue; // taken before the fit was interrupted
        const axes = leaves(who, value, "a batch").find(({ shape }) => shape.length > 0);
        return { batch: value, rows: axes?.shape[0] ?? 1 };
      }
    },
    close,
  };
}
