import type { StateTree } from "../optimizers/optimizer.ts";
import type { Point } from "./history.ts";
import { type Sums, zeroSums } from "./metrics.ts";

/** The parameters of a model, and their loss and metrics. */
export interface Measurement<P> extends Point {
  readonly params: P;
}

/**
 * The complete state of a fit, as saved in a checkpoint. The loop replaces the state after each completed step and
 * never mutates it, so it can be saved at any moment. Only the two curves are mutable: the loop appends points to them.
 */
export interface State<P> {
  readonly params: P;
  readonly optimizer: StateTree;
  /** The number of steps taken. */
  readonly step: number;
  /** The number of completed epochs, and the number of batches taken since then. */
  readonly epoch: number;
  readonly batch: number;
  /** The running sums of loss and metrics over the steps since the last point of the training curve. */
  readonly since: Sums;
  readonly train: Point[];
  readonly validation: Point[];
  readonly best: Measurement<P> | undefined;
  /**
   * For early stopping: the criterion that a validation must beat, and the number of validations since the last
   * improvement.
   */
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
