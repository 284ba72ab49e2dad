/** A point of a learning curve: loss and metrics after a step. */
export interface Point {
  /** The number of steps taken so far: 1 after the first step. */
  readonly step: number;
  /** The number of passes over the training data. For example, 1.5 is the middle of the second pass. */
  readonly epoch: number;
  /** The mean loss over the rows that were measured. */
  readonly loss: number;
  /** The mean of each metric, by its name. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** The learning curves of a fit, ordered by step. */
export interface History {
  readonly train: readonly Point[];
  /** Empty without validation data. */
  readonly validation: readonly Point[];
}
