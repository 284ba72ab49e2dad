import type { StateTree } from "../optimizers/optimizer.ts";
import type { Point } from "./history.ts";
import { type Sums, zeroSums } from "./metrics.ts";

/** Parameters with their measurements. */
export interface Measurement<P> extends Point {
  readonly params: P;
}

/**
 * The complete state of a fit, as a checkpoint holds it. The loop replaces it and never mutates it, and only after a step is
 * complete. So it can be saved at any moment. (The curves are lists that grow.)
 */
export interface State<P> {
  readonly params: P;
  readonly optimizer: StateTree;
  /** Steps taken. */
  readonly step: number;
  /** The number of completed epochs, and of batches taken since. */
  readonly epoch: number;
  readonly batch: number;
  /** The sums of loss and metrics over the steps since the last point of the training curve. */
  readonly since: Sums;
  readonly train: Point[];
  readonly validation: Point[];
  readonly best: Measurement<P> | undefined;
  /** The criterion that a validation must beat to reset patience, and the number of validations since that did not. */
  readonly reference: number;
  readonly waited: number;
}

export const initialState = <P>(params: P, optimizer: StateTree, metrics: readonly string[]): State<P> => ({
  params,
  optimizer,
  step: 0,
  epoch: 0,
  batch: 0,
  since: zeroSums(metrics),
  train: [],
  validation: [],
  best: undefined,
  reference: Infinity,
  waited: 0,
});
