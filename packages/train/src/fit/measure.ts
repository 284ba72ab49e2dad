import type { Tensor } from "@wengert/core";
import { type TreesOnly, withDefaults } from "@wengert/core/extend";
import { randomKey } from "@wengert/ops";
import { type Compile, compileOption } from "../checks/attempt.ts";
import { keyNames, keyOption, wholeNumber } from "../checks/options.ts";
import { type Data, type Source, sourceOf } from "./data.ts";
import { type AuxOf, type Context, type Loss, type LossValue, type Objective, objectiveOf } from "./loss.ts";
import { addBatch, checkMetrics, evaluateMetrics, type Metrics, meansOf, zeroSums } from "./metrics.ts";
import { oneRank, type Ranks } from "./oneRank.ts";
import { type Pace, pace } from "./pace.ts";
import { closeSource, signalOption, untilAborted } from "./signal.ts";

export interface MeasureOptions<P, B, Aux> {
  /** The metrics by name. A metric returns the mean of a quantity over the rows of a batch. */
  readonly metrics?: Metrics<P, B, Aux> | undefined;
  /**
   * The number of rows in a batch. Default 1024. A larger batch uses more memory, and changes the result only by
   * rounding.
   */
  readonly batchSize?: number | undefined;
  /** The key that the loss receives for random operations. Default `randomKey(0)`. */
  readonly key?: Tensor | undefined;
  /** A signal that stops the measurement when it is aborted: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** A function that makes the loss faster, such as `compile` of `@wengert/compile`. Default: none. */
  readonly compile?: Compile | undefined;
}

/** The mean loss and metrics over a number of rows. */
export interface MeasureResult {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly rows: number;
}

export const defaultBatchSize = 1024;

/**
 * Returns the mean loss and metrics over the rows of `data`, such as a test set. Does not train: the loss receives
 * `training: false`. The rows are processed in batches. Between batches the loop yields, so it does not block a page or
 * a server.
 * @throws ArgumentError, DTypeError, TreeError, ShapeError for an invalid loss, data or option, as `fit` does
 */
export async function measure<P, B, R extends LossValue>(
  loss: Loss<P, B, R>,
  params: P & TreesOnly<P>,
  data: Data<B>,
  options?: MeasureOptions<P, B, AuxOf<R>>,
): Promise<MeasureResult> {
  const caller = "measure";
  const settings = withDefaults<MeasureOptions<P, B, AuxOf<R>>>(
    caller,
    options,
    {
      metrics: {},
      batchSize: defaultBatchSize,
      key: undefined,
      signal: undefined,
      compile: undefined,
    },
    keyNames,
  );
  const compile = compileOption(caller, settings.compile);
  const eager = objectiveOf<P, B, R>(caller, loss);
  const compiled = compile && (await import("./compiled.ts")); // on demand, so that other bundles need not load it
  const objective = compiled ? compiled.compiledObjective(caller, eager, compile) : eager;
  checkMetrics(caller, settings.metrics);
  const key = keyOption(caller, "key", settings.key) ?? randomKey(0);
  const signal = signalOption(caller, settings.signal);
  const size = wholeNumber(caller, "batchSize", settings.batchSize, 1);
  const source = sourceOf<B>(caller, data, "data", { size, dropLast: false, shuffle: false, key, signal });
  const yielder = pace();
  try {
    const context = { key, step: 0, epoch: 0, training: false };
    const means = await measurePass(
      caller,
      { objective, source, metrics: settings.metrics!, pace: yielder, ranks: oneRank(signal) },
      params,
      context,
    );
    if (means) return means;
    throw signal?.reason;
  } finally {
    yielder.close();
  }
}

export interface PassParts<P, B> {
  readonly objective: Objective<P, B>;
  readonly source: Source<B>;
  readonly metrics: Metrics<P, B, never>;
  readonly pace: Pace;
  readonly ranks: Ranks;
}

/**
 * Returns the mean loss and metrics over one pass of the data and over all ranks, or `undefined` if the signal is
 * aborted.
 */
export async function measurePass<P, B>(
  caller: string,
  { objective, source, metrics, pace, ranks }: PassParts<P, B>,
  params: P,
  context: Context,
): Promise<MeasureResult | undefined> {
  const { signal } = ranks;
  let sums = zeroSums(Object.keys(metrics));
  try {
    for (let i = 0; !signal?.aborted; i++) {
      const next = source.next(0, i);
      const nextBatch = next instanceof Promise ? await untilAborted(next, signal) : next;
      if (signal?.aborted) break;
      if (nextBatch === undefined) {
        const total = ranks.total(sums);
        return { ...meansOf(total), rows: total.rows };
      }
      const { batch, ownRows } = nextBatch;
      if (ownRows === 0) continue;
      const lossAndAux = objective.value(params, batch, context);
      const [loss, aux] = lossAndAux instanceof Promise ? await lossAndAux : lossAndAux;
      const value = loss.item();
      // If the loss is NaN, the metrics are not computed, because most metrics throw on NaN scores.
      const means = Number.isNaN(value) ? nanMetrics(metrics) : evaluateMetrics(caller, metrics, [aux, batch, params]);
      sums = addBatch(sums, ownRows, { loss: value, metrics: means });
      if (pace.isDue()) await pace.yieldToHost();
    }
    return undefined;
  } finally {
    await closeSource(source, signal);
  }
}

const nanMetrics = (metrics: object): Record<string, number> =>
  Object.fromEntries(Object.keys(metrics).map((name) => [name, Number.NaN]));
