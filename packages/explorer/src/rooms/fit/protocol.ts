export const limits = { hidden: 512, seed: 1_000_000 } as const;

export const activations = ["relu", "tanh", "sigmoid", "gelu"] as const;
export type Activation = (typeof activations)[number];
export const optimizers = ["sgd", "momentum", "adam"] as const;
export type OptimizerName = (typeof optimizers)[number];

/** The settings that can change during a fit. */
export interface Pace {
  readonly optimizer: OptimizerName;
  readonly learningRate: number;
  /** The batch size: the number of rows per training step. 0 means all rows. */
  readonly batchSize: number;
  /** The factor λ of the L2 penalty: the loss includes λ/2 times the sum of squared weights. */
  readonly l2: number;
  /** The maximum number of training steps per second. 0 means no limit. */
  readonly speed: number;
}

/** The settings that are fixed when a fit starts and cannot change during the fit. */
export interface Start {
  readonly hidden: number;
  /** The activation of the hidden units. */
  readonly activation: Activation;
  readonly seed: number;
}

export interface Rows {
  readonly rows: Float32Array | Uint8Array;
  readonly labels: Int32Array;
  /** The number of columns. */
  readonly width: number;
  readonly classes: number;
  /** The number to subtract from each pixel of a row, so that pixels are centered about 0. */
  readonly center: number;
  /**
   * Whether the rows are points of a plane. If so, each report of the worker includes the probabilities on a grid over
   * the plane.
   */
  readonly isPlane: boolean;
}

export interface LayerData {
  /** The weights of a layer, [inputs, outputs], in row-major order. */
  readonly W: Float32Array;
  readonly b: Float32Array;
}

export type ToWorker =
  | {
      readonly kind: "data";
      /** The rows of the data set, or `undefined` to keep the previous rows. */
      readonly data: Rows | undefined;
      readonly start: Start;
      /** The fraction of the rows to hold out for validation. */
      readonly heldOut: number;
      /** Whether the fit continues with the current parameters of the model, instead of new initial parameters. */
      readonly keep: boolean;
    }
  | { readonly kind: "pace"; readonly pace: Pace }
  | { readonly kind: "run" | "pause" | "step" | "reset" | "none" | "seen" | "parameters" | "upcoming" }
  | { readonly kind: "landscape"; readonly request: number }
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
  /** The indices of the evaluated rows: a sample of the held-out rows, or of the training rows if none are held out. */
  readonly judged: Int32Array;
  /** The predicted class of each evaluated row. */
  readonly guesses: Int32Array;
  /**
   * The confusion matrix (entry i, j counts the rows of class i predicted as class j), and the recall of each class
   * (NaN for a class without rows).
   */
  readonly confusion: readonly (readonly number[])[];
  readonly recall: readonly number[];
  /** The predicted probabilities of the evaluated rows, [rows, classes]. */
  readonly probabilities: Float32Array;
  /** The class probabilities at the points of the grid in `grid.ts`, [grid points, classes]. */
  readonly field: Float32Array | undefined;
  /** The first columns of the model's first weight matrix W, one after another. */
  readonly weights: Float32Array;
  /** The parameters and hidden units in the diagram of the network. Undefined unless the data are points of a plane. */
  readonly network: Network | undefined;
  readonly probe: Float32Array | undefined;
  /** Whether the training steps are compiled to a plan. */
  readonly compiled: boolean;
  /** The error message, if training stopped because the loss was not finite. */
  readonly diverged: string | undefined;
}

/** The parameters of a model of points, and its hidden units over the plane. */
export interface Network {
  readonly layers: readonly LayerData[];
  /**
   * The activations of the first hidden units on the grid with `unitNodes` points along each axis, unit by unit. Empty
   * without hidden units.
   */
  readonly units: readonly Float32Array[];
}

/**
 * The loss on a plane in the space of the model's parameters. Both axes measure distances in this space. The point
 * (0, 0) of the plane represents the current parameters.
 */
export interface Landscape {
  /** The number of training steps so far. */
  readonly step: number;
  readonly x: readonly [least: number, most: number];
  readonly y: readonly [least: number, most: number];
  /** The losses on a grid, row by row, with the smallest x and y first. */
  readonly losses: Float32Array;
  readonly width: number;
  readonly height: number;
  /** The path of the parameters during training, projected on the plane on which the loss is drawn. */
  readonly path: readonly { readonly step: number; readonly x: number; readonly y: number }[];
  /**
   * The losses at the first and at the last snapshot of the parameters. The first snapshot may be outside of the plane
   * on which the loss is drawn.
   */
  readonly ends: readonly [first: number, last: number];
  /**
   * The fractions, from 0 to 1, of the training path's variance along the axes x and y of the plane. An axis with the
   * fraction 0 has a random direction.
   */
  readonly shares: readonly [number, number];
  /** The number of training rows from which the losses are computed. */
  readonly rows: number;
  /** Whether the losses include the L2 penalty. */
  readonly penalized: boolean;
  /** Whether `losses` belongs to the finest grid, which is computed last. */
  readonly isDone: boolean;
}

/** The numbers of the next training step: the parameters, and the rows of the batch. */
export interface Upcoming {
  readonly layers: readonly LayerData[];
  /** The rows of the batch, [rows, columns]. If the batch is large, only its first rows. */
  readonly X: Float32Array;
  readonly labels: Int32Array;
  /** The number of rows of the whole batch. */
  readonly size: number;
  /** The number of training steps so far. */
  readonly step: number;
}

export type FromWorker =
  | { readonly kind: "upcoming"; readonly upcoming: Upcoming }
  | { readonly kind: "report"; readonly report: Report; readonly fresh: boolean }
  | { readonly kind: "parameters"; readonly layers: readonly LayerData[]; readonly step: number }
  | { readonly kind: "landscape"; readonly request: number; readonly landscape: Landscape }
  | { readonly kind: "failed"; readonly message: string };
