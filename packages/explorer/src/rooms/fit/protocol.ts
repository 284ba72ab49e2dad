export const limits = { hidden: 512, seed: 1_000_000 } as const;

/** The settings that can change between two steps. */
export interface Pace {
  readonly learningRate: number;
  /** Rows per step; 0: all. */
  readonly batchSize: number;
  /** λ: the loss includes λ/2 Σ w². */
  readonly l2: number;
  /** Steps per second; 0: no limit. */
  readonly speed: number;
}

/** The settings that a fit starts with. */
export interface Start {
  readonly hidden: number;
  readonly seed: number;
}

export interface Rows {
  readonly rows: Float32Array | Uint8Array;
  readonly labels: Int32Array;
  /** Numbers per row. */
  readonly width: number;
  readonly classes: number;
  /** Subtracted from each number of a row of bytes. */
  readonly center: number;
  /** Whether rows are points of a plane, so that reports include a field of probabilities. */
  readonly isPlane: boolean;
}

export interface LayerData {
  /** [inputs, outputs], row by row. */
  readonly W: Float32Array;
  readonly b: Float32Array;
}

export type ToWorker =
  | {
      readonly kind: "data";
      /** `undefined`: keep the previous rows. */
      readonly data: Rows | undefined;
      readonly start: Start;
      /** The fraction of rows to hold out. */
      readonly heldOut: number;
      /** Whether to keep the parameters. */
      readonly keep: boolean;
    }
  | { readonly kind: "pace"; readonly pace: Pace }
  | { readonly kind: "run" | "pause" | "step" | "reset" | "none" | "seen" | "parameters" }
  | { readonly kind: "load"; readonly layers: readonly LayerData[]; readonly steps: number }
  | { readonly kind: "probe"; readonly row: Float32Array | undefined };

export interface Score {
  readonly loss: number;
  readonly accuracy: number;
}

/** The state of a fit. */
export interface Report {
  readonly step: number;
  readonly epoch: number;
  readonly running: boolean;
  readonly train: Score;
  readonly held: Score | undefined;
  /** The evaluated rows: a sample of the held-out rows, or of the training rows if none are held out. */
  readonly judged: Int32Array;
  /** The predicted class of each. */
  readonly guesses: Int32Array;
  /** The count of rows of class i predicted as class j, and the recall of each class (NaN for a class without rows). */
  readonly confusion: readonly (readonly number[])[];
  readonly recall: readonly number[];
  /** Their probabilities, [judged, classes]. */
  readonly probabilities: Float32Array;
  /** The probabilities on the grid of `grid.ts`, [grid points, classes]. */
  readonly field: Float32Array | undefined;
  /** The first columns of the first W, one after another. */
  readonly weights: Float32Array;
  readonly probe: Float32Array | undefined;
  /** Why training diverged and stopped. */
  readonly diverged: string | undefined;
}

export type FromWorker =
  | { readonly kind: "report"; readonly report: Report; readonly fresh: boolean }
  | { readonly kind: "parameters"; readonly layers: readonly LayerData[]; readonly step: number }
  | { readonly kind: "failed"; readonly message: string };
