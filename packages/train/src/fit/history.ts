/** What was measured after a step. */
export interface Point {
  /** Steps taken until then: 1 after the first. */
  readonly step: number;
  /** Passes over the training data until then; 1.5 is in the middle of the second. */
  readonly epoch: number;
  /** The mean over the rows that were measured. */
  readonly loss: number;
  /** The means of the metrics, by their names. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** The learning curves of a fit, in the order of their steps. */
export interface History {
  readonly train: readonly Point[];
  /** Empty where nothing was held out. */
  readonly validation: readonly Point[];
}
