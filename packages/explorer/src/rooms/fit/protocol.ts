export const limits = { hidden: 512, seed: 1_000_000 } as const;

/** The settings that can change between two steps. */
export interface Pace {
  readonly learningRate: number;
  /** Rows per step; 0: all. */
  readonly batchSize: number;
  /** λ: the loss has λ/2 Σ w² on top. */
  readonly l2: number;
  /** Steps per second; 0: no limit. */
  readonly speed: number;
}

/** What a fit begins with. */
export interface Start {
  readonly hidden: number;
  readonly seed: number;
}

export interface Rows {
  readonly rows: Float32Array | Uint8Array;
  readonly labels: Int32Array;
  /** Numbers a row. */
  readonly width: number;
  readonly classes: number;
  /** Taken from each number of a row of bytes. */
  readonly center: number;
  /** Whether rows are points of a plane, of which a field of probabilities is wanted. */
  readonly isPlane: boolean;
}

export interface LayerData {
  /** [inputs, outputs] row by row. */
  readonly W: Float32Array;
  readonly b: Float32Array;
}

export type ToWorker =
  | {
      readonly kind: "data";
      /** `undefined`: those before. */
      readonly data: Rows | undefined;
      readonly start: Start;
      /** The fraction of the rows that is held out. */
      readonly heldOut: number;
      /** Whether the parameters are kept. */
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

/** Where a fit stands. */
export interface Report {
  readonly step: number;
  readonly epoch: number;
  readonly running: boolean;
  readonly train: Score;
  readonly held: Score | undefined;
  /** The rows by which the model is judged: a sample of those held out, or of the training rows if none are. */
  readonly judged: Int32Array;
  /** The class that the model gives to each of them. */
  readonly guesses: Int32Array;
  /** How many rows of class i were taken for class j, and the recall of each class: NaN for a class without rows. */
  readonly confusion: readonly (readonly number[])[];
  readonly recall: readonly number[];
  /** Their probabilities, [judged, classes]. */
  readonly probabilities: Float32Array;
  /** Of the grid of `grid.ts`, [rows, classes]. */
  readonly field: Float32Array | undefined;
  /** The first columns of the first W, one after another. */
  readonly weights: Float32Array;
  readonly probe: Float32Array | undefined;
  /** Why training stopped by itself. */
  readonly diverged: string | undefined;
}

export type FromWorker =
  | { readonly kind: "report"; readonly report: Report; readonly fresh: boolean }
  | { readonly kind: "parameters"; readonly layers: readonly LayerData[]; readonly step: number }
  | { readonly kind: "failed"; readonly message: string };
