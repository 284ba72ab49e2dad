import type { StateTree } from "../optimizers/optimizer.ts";
import type { Point } from "./history.ts";
import { type Sums, zeroSums } from "./metrics.ts";

/** Parameters, and what was measured of them. */
export interface Measurement<P> extends Point {
  readonly params: P;
}

/**
 * All that decides how a fit goes on, which is what a checkpoint holds. It is replaced, never written to, and only when all
 * that it follows from has happened: so it can be kept at any moment. (The curves are lists that grow.)
 */
export interface State<P> {
  readonly params: P;
  readonly optimizer: StateTree;
  /** Steps taken. */
  readonly step: number;
  /** Epochs that are complete, and the batches taken since. */
  readonly epoch: number;
  readonly batch: number;
  /** The sums of the steps since the last training point. */
  readonly since: Sums;
  readonly train: Point[];
  readonly validation: Point[];
  readonly best: Measurement<P> | undefined;
  /** The criterion that a validation must come below for patience to begin anew, and how many have not since. */
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
