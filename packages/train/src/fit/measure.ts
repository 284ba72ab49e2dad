import { complete, type Tensor, type TreesOnly } from "@wengert/core";
import { randomKey } from "@wengert/ops";
import { keyIn, wholeNumber } from "../options.ts";
import { type Data, type Source, sourceOf } from "./data.ts";
import { type AuxOf, type Context, type Loss, type LossValue, type Objective, objectiveOf } from "./loss.ts";
import { applied, checkMetrics, type Metrics, meansOf, nothing, plus } from "./metrics.ts";
import { type Pace, pace } from "./pace.ts";
import { leave, signalIn, waitFor } from "./signal.ts";

export interface MeasureOptions<P, B, Aux> {
  /** Means over rows, by their names. */
  readonly metrics?: Metrics<P, B, Aux> | undefined;
  /** Rows in a batch. Default 1024. More takes more memory, and gives the same but for rounding. */
  readonly size?: number | undefined;
  /** For a loss that draws at random. Default `randomKey(0)`. */
  readonly key?: Tensor | undefined;
  /** Stops it: the promise is then rejected with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
}

/** Means over rows. */
export interface Measured {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly rows: number;
}

export const manyRows = 1024;

/**
 * Loss and metrics on data that is not learned from, such as a test set: means over its rows, batch by batch, between
 * which others get their turn. The loss is called with `training: false`.
 * @throws as `fit` does for what is no loss, and no data
 */
export async function measure<P, B, R extends LossValue>(
  loss: Loss<P, B, R>,
  params: P & TreesOnly<P>,
  data: Data<B>,
  options?: MeasureOptions<P, B, AuxOf<R>>,
): Promise<Measured> {
  const who = "measure";
  const given = complete<MeasureOptions<P, B, AuxOf<R>>>(who, options, {
    metrics: {},
    size: manyRows,
    key: undefined,
    signal: undefined,
  });
  const objective = objectiveOf<P, B, R>(who, loss);
  checkMetrics(who, given.metrics);
  const key = keyIn(who, "key", given.key) ?? randomKey(0);
  const signal = signalIn(who, given.signal);
  const size = wholeNumber(who, "size", given.size, 1);
  const source = sourceOf<B>(who, data, "data", { size, dropLast: false, shuffle: false, key, signal });
  const own = pace();
  try {
    const context = { key, step: 0, epoch: 0, training: false };
    const means = await measured(
      who,
      { objective, source, metrics: given.metrics!, pace: own, signal },
      params,
      context,
    );
    if (means) return means;
    throw signal?.reason;
  } finally {
    own.end();
  }
}

export interface Measuring<P, B> {
  readonly objective: Objective<P, B>;
  readonly source: Source<B>;
  readonly metrics: Metrics<P, B, never>;
  readonly pace: Pace;
  readonly signal: AbortSignal | undefined;
}

/** The means over one pass, or `undefined` once `signal` is aborted. */
export async function measured<P, B>(
  who: string,
  { objective, source, metrics, pace, signal }: Measuring<P, B>,
  params: P,
  context: Context,
): Promise<Measured | undefined> {
  let sums = nothing(Object.keys(metrics));
  try {
    for (let i = 0; !signal?.aborted; i++) {
      const next = source.next(0, i);
      const given = next instanceof Promise ? await waitFor(next, signal) : next;
      if (signal?.aborted) break;
      if (given === undefined) return { ...meansOf(sums), rows: sums.rows };
      const { batch, rows } = given;
      const [loss, aux] = objective.value(params, batch, context);
      const value = loss.item();
      // Most metrics refuse NaN among scores; the loss says it already.
      const means = Number.isNaN(value) ? unknown(metrics) : applied(who, metrics, [aux, batch, params]);
      sums = plus(sums, rows, { loss: value, metrics: means });
      if (pace.due()) await pace.rest();
    }
    return undefined;
  } finally {
    await leave(source, signal);
  }
}

const unknown = (metrics: object): Record<string, number> =>
  Object.fromEntries(Object.keys(metrics).map((name) => [name, Number.NaN]));
