/** The measurements after a step. */
export interface Point {
  /** The number of steps taken: 1 after the first. */
  readonly step: number;
  /** The number of passes over the training data: 1.5 is the middle of the second. */
  readonly epoch: number;
  /** The mean loss over the measured rows. */
  readonly loss: number;
  /** The means of the metrics, by name. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** The learning curves of a fit, ordered by step. */
export interface History {
  readonly train: readonly Point[];
  /** Empty without validation data. */
  readonly validation: readonly Point[];
}
