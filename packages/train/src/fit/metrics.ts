import { ArgumentError, Tensor } from "@wengert/core";
import { describe, show } from "@wengert/core/extend";

/**
 * A metric: returns the mean of a quantity over the rows of a batch, as a number or a scalar tensor. `aux` is the
 * auxiliary value that the loss returned, for example the predictions, or `undefined` if it returned none.
 */
export type Metric<P, B, Aux> = (aux: Aux, batch: B, params: P) => number | Tensor;

export type Metrics<P, B, Aux> = Readonly<Record<string, Metric<P, B, Aux>>>;

/** Running sums of loss and metrics over rows, from which means are computed. */
export interface Sums {
  readonly rows: number;
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export const zeroSums = (names: readonly string[]): Sums => ({
  rows: 0,
  loss: 0,
  metrics: Object.fromEntries(names.map((name) => [name, 0])),
});

/** Adds the mean loss and metrics of a batch to the running sums, multiplied by the number of rows in the batch. */
export function addBatch(sums: Sums, rows: number, means: Omit<Sums, "rows">): Sums {
  const metrics = mapEntries(sums.metrics, (sum, name) => sum + rows * means.metrics[name]!);
  return { rows: sums.rows + rows, loss: sums.loss + rows * means.loss, metrics };
}

export function meansOf({ rows, loss, metrics }: Sums): Omit<Sums, "rows"> {
  return { loss: loss / rows, metrics: mapEntries(metrics, (sum) => sum / rows) };
}

/**
 * Applies `f` to each property value of an object. Avoids Object.entries, which would allocate an array for each
 * property at every step.
 */
function mapEntries(
  record: Readonly<Record<string, number>>,
  f: (value: number, name: string) => number,
): Record<string, number> {
  const values: Record<string, number> = {};
  for (const name of Object.keys(record)) values[name] = f(record[name]!, name);
  return values;
}

/**
 * Returns the names of the metrics.
 * @throws ArgumentError unless all are functions
 */
export function checkMetrics(caller: string, metrics: unknown): readonly string[] {
  if (typeof metrics !== "object" || metrics === null)
    throw new ArgumentError(
      `${caller}: metrics must be an object of named functions, got ${show(metrics)}; write { name: (aux, batch) => ... }`,
    );
  for (const [name, metric] of Object.entries(metrics))
    if (typeof metric !== "function")
      throw new ArgumentError(
        `${caller}: the metric ${name} must be a function, got ${show(metric)}; write (aux, batch) => ...`,
      );
  return Object.keys(metrics);
}

/**
 * Computes the metrics of a batch.
 * @throws ArgumentError unless each is a number or a scalar tensor
 */
export function evaluateMetrics<P, B>(
  caller: string,
  metrics: Metrics<P, B, never>,
  [aux, batch, params]: readonly [unknown, B, P],
): Record<string, number> {
  const values: Record<string, number> = {};
  for (const name of Object.keys(metrics)) {
    const value: unknown = metrics[name]!(aux as never, batch, params);
    if (typeof value === "number") values[name] = value;
    else if (value instanceof Tensor && value.shape.length === 0) values[name] = value.item();
    else
      throw new ArgumentError(
        `${caller}: the metric ${name} must return a number or a scalar tensor, got ${value instanceof Tensor ? describe(value) : show(value)}`,
      );
  }
  return values;
}
