import { ArgumentError, type Tensor } from "@wengert/core";
import { type Complete, type OtherNames, show, withDefaults } from "@wengert/core/extend";
import { randomKey } from "@wengert/ops";
import { type Compile, compileOption } from "../checks/attempt.ts";
import { booleanOption, keyNames, keyOption, wholeNumber } from "../checks/options.ts";
import type { Bytes } from "../files/bytes.ts";
import { isOptimizer } from "../optimizers/chain.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { type Communicator, mustBeCommunicator } from "../parallel/communicator.ts";
import type { Data } from "./data.ts";
import type { Progress } from "./display.ts";
import type { Point } from "./history.ts";
import type { AuxOf, LossValue } from "./loss.ts";
import { defaultBatchSize } from "./measure.ts";
import { checkMetrics, type Metrics } from "./metrics.ts";
import { signalOption } from "./signal.ts";

export interface FitOptions<P, B, R extends LossValue> {
  readonly optimizer: Optimizer;
  /**
   * The length of the fit: a number of epochs (passes over the data) or a number of steps. Pass exactly one of the two.
   */
  readonly epochs?: number | undefined;
  readonly steps?: number | undefined;
  /** The number of rows in a batch. Default 32. */
  readonly batchSize?: number | undefined;
  /** Whether to omit the last batch of an epoch if it is smaller than the batch size. Default false. */
  readonly dropLast?: boolean | undefined;
  /** Whether to shuffle the rows in each epoch. Default true. */
  readonly shuffle?: boolean | undefined;
  /**
   * The random key that seeds all random numbers of the fit: the order of the rows and the keys passed to the loss.
   * Default `randomKey(0)`.
   */
  readonly key?: Tensor | undefined;
  /**
   * The metrics by name; each returns a mean over the rows of a batch. A NaN is kept in the history; the first NaN of
   * each metric prints a warning in the console.
   */
  readonly metrics?: Metrics<P, B, AuxOf<R>> | undefined;
  readonly validation?: ValidationOptions<B> | undefined;
  /**
   * The quantity to minimize when choosing `best`, computed from a point of a curve. NaN counts as Infinity. Default:
   * the loss.
   */
  readonly criterion?: ((point: Point) => number) | undefined;
  /** The number of consecutive validations without improvement after which the fit ends (early stopping). */
  readonly patience?: number | undefined;
  /** The smallest decrease that counts as an improvement for `patience`. Default 0. */
  readonly minDelta?: number | undefined;
  readonly history?: HistoryOptions | undefined;
  /**
   * A signal that stops the fit when it is aborted. The current step is completed, and `fit` returns the result so far.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * How to show progress. `true` shows a bar in a terminal, and lines elsewhere. A function is called after each step.
   * Default false.
   */
  readonly progress?: Progress | undefined;
  /**
   * A function that is called after each step, with the number of steps so far, the loss of the step's batch and the
   * new parameters. If the function returns a promise, `fit` awaits it. In a parallel fit, each rank calls the function.
   */
  readonly onStep?: ((step: FitStep<P>) => unknown) | undefined;
  readonly checkpoint?: CheckpointOptions | undefined;
  /**
   * The checkpoint from which to resume: a path, a Blob or bytes. `true` resumes from `checkpoint.path` if that file
   * exists. `false` starts a new fit even if the file exists. A resumed fit continues as if it had never been
   * interrupted.
   */
  readonly resume?: Resume | undefined;
  /**
   * The connection to several processes (ranks), among which `fit` divides the rows of each batch. `openMpi` of
   * `@wengert/mpi` returns such a communicator. All ranks must pass the same data and options, and all ranks receive
   * the same result. Only rank 0 shows progress, and reads and writes checkpoints.
   */
  readonly parallel?: Communicator | undefined;
  /**
   * A function that makes each step faster: `compile` of `@wengert/compile`. The loss, its gradient and the update then
   * run as one compiled function. If this fails, for example because the loss reads values, the fit runs uncompiled and
   * prints a warning with the reason. In a parallel fit, only the loss and its gradient are compiled. Default: none.
   */
  readonly compile?: Compile | undefined;
}

/** A completed training step. */
export interface FitStep<P> {
  /** The number of steps so far: 1 after the first step. */
  readonly step: number;
  /** The loss of the step's batch, at the parameters before the step. */
  readonly loss: number;
  /** The parameters after the step. */
  readonly params: P;
}

/**
 * The validation data, and how often to validate: every `everyEpochs` epochs (default 1) or every `everySteps` steps.
 */
export interface ValidationOptions<B> {
  readonly data: Data<B>;
  readonly everyEpochs?: number | undefined;
  readonly everySteps?: number | undefined;
  /** The number of rows in a validation batch. Default 1024. */
  readonly batchSize?: number | undefined;
}

export interface HistoryOptions {
  /**
   * The number of steps averaged into one point of the training curve. Default: about 15 points an epoch, or one point
   * every 10 steps for streams.
   */
  readonly everySteps?: number | undefined;
}

/**
 * Where and how often to save the state of the fit: every `everySteps` steps or every `everySeconds` seconds (default
 * 60), and at the end.
 */
export interface CheckpointOptions {
  readonly path?: string | undefined;
  /**
   * A function that receives the checkpoint as the bytes of a safetensors file. Pass either this function or `path`.
   */
  readonly write?: ((bytes: Bytes) => void | Promise<void>) | undefined;
  readonly everySteps?: number | undefined;
  readonly everySeconds?: number | undefined;
}

export type Resume = boolean | string | Blob | ArrayBuffer | Uint8Array;

const caller = "fit";

/** The complete, validated options. */
export interface Settings<P, B> {
  readonly optimizer: Optimizer;
  readonly epochs: number;
  readonly steps: number;
  readonly size: number;
  readonly dropLast: boolean;
  readonly shuffle: boolean;
  readonly key: Tensor;
  readonly metrics: Metrics<P, B, never>;
  readonly names: readonly string[];
  readonly validation: Complete<ValidationOptions<B>> | undefined;
  readonly criterion: (point: Point) => number;
  readonly patience: number;
  readonly minDelta: number;
  readonly pointSteps: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly progress: Progress;
  readonly onStep: ((step: FitStep<P>) => unknown) | undefined;
  readonly checkpoint: (CheckpointOptions & { readonly steps: number; readonly seconds: number }) | undefined;
  readonly resume: Resume | undefined;
  readonly parallel: Communicator | undefined;
  readonly compile: Compile | undefined;
}

export function settingsOf<P, B, R extends LossValue>(options: FitOptions<P, B, R>): Settings<P, B> {
  const settings = withDefaults<FitOptions<P, B, R>>(
    caller,
    options,
    defaults as unknown as Complete<FitOptions<P, B, R>>,
    otherNames,
  );
  const { optimizer, epochs, steps, metrics, criterion, patience, minDelta, progress, onStep } = settings;
  if (!isOptimizer(optimizer))
    throw new ArgumentError(
      `${caller}: optimizer must be an optimizer, got ${show(optimizer)}; write { optimizer: adam({ learningRate: 0.001 }) }`,
    );
  if ((epochs === undefined) === (steps === undefined))
    throw new ArgumentError(
      `${caller}: exactly one of epochs and steps is required, got ${epochs === undefined ? "neither" : "both"}; write { epochs: 10 }`,
    );
  const names = checkMetrics(caller, metrics);
  const validation = validationOf<B>(settings.validation);
  if (patience !== undefined && validation === undefined)
    throw new ArgumentError(`${caller}: patience needs validation data, got none; write { validation: { data: ... } }`);
  if (typeof criterion !== "function")
    throw new ArgumentError(
      `${caller}: criterion must be a function of a point, got ${show(criterion)}; write ({ loss }) => loss`,
    );
  if (typeof minDelta !== "number" || !(minDelta >= 0))
    throw new ArgumentError(`${caller}: minDelta must be a number ≥ 0, got ${show(minDelta)}`);
  const isProgress =
    typeof progress === "boolean" ||
    typeof progress === "function" ||
    (typeof progress === "object" && progress !== null);
  if (!isProgress)
    throw new ArgumentError(`${caller}: progress must be true, false or a function, got ${show(progress)}`);
  if (onStep !== undefined && typeof onStep !== "function")
    throw new ArgumentError(
      `${caller}: onStep must be a function, got ${show(onStep)}; write ({ step, params }) => ...`,
    );
  if (settings.parallel !== undefined) mustBeCommunicator(caller, "parallel", settings.parallel);
  const { everySteps } = withDefaults<HistoryOptions>(`${caller}: history`, settings.history, {
    everySteps: undefined,
  });
  return {
    optimizer,
    epochs: epochs === undefined ? Infinity : wholeNumber(caller, "epochs", epochs, 1),
    steps: steps === undefined ? Infinity : wholeNumber(caller, "steps", steps, 1),
    size: wholeNumber(caller, "batchSize", settings.batchSize, 1),
    dropLast: booleanOption(caller, "dropLast", settings.dropLast),
    shuffle: booleanOption(caller, "shuffle", settings.shuffle),
    key: keyOption(caller, "key", settings.key) ?? randomKey(0),
    metrics: metrics as Metrics<P, B, never>,
    names,
    validation,
    criterion,
    patience: patience === undefined ? Infinity : wholeNumber(caller, "patience", patience, 1),
    minDelta,
    pointSteps: everySteps === undefined ? undefined : wholeNumber(caller, "history.everySteps", everySteps, 1),
    signal: signalOption(caller, settings.signal),
    progress,
    onStep,
    checkpoint: checkpointOf(settings.checkpoint),
    resume: settings.resume,
    parallel: settings.parallel,
    compile: compileOption(caller, settings.compile),
  };
}

const defaults: Complete<FitOptions<never, never, Tensor>> = {
  optimizer: undefined,
  epochs: undefined,
  steps: undefined,
  batchSize: 32,
  dropLast: false,
  shuffle: true,
  key: undefined,
  metrics: {},
  validation: undefined,
  criterion: ({ loss }) => loss,
  patience: undefined,
  minDelta: 0,
  history: {},
  signal: undefined,
  progress: false,
  onStep: undefined,
  checkpoint: undefined,
  resume: undefined,
  parallel: undefined,
  compile: undefined,
};

const setting = "the optimizer has it; write { optimizer: adam({ learningRate: 0.001 }) }";
const otherNames: OtherNames = {
  ...keyNames,
  lr: setting,
  learningrate: setting,
  weightdecay: setting,
  momentum: setting,
  earlystopping: "patience",
  verbose: "progress",
  callbacks: "onStep",
  optimiser: "optimizer", // prose-ok
};

function validationOf<B>(settings: ValidationOptions<B> | undefined): Complete<ValidationOptions<B>> | undefined {
  if (settings === undefined) return undefined;
  const defaults = { data: undefined, everyEpochs: undefined, everySteps: undefined, batchSize: defaultBatchSize };
  const { data, everyEpochs, everySteps, batchSize } = withDefaults<ValidationOptions<B>>(
    `${caller}: validation`,
    settings,
    defaults,
  );
  if (data === undefined)
    throw new ArgumentError(
      `${caller}: validation.data is required, got undefined; write { validation: { data: ... } }`,
    );
  if (everyEpochs !== undefined && everySteps !== undefined)
    throw new ArgumentError(`${caller}: validation takes everyEpochs or everySteps, got both; leave out one`);
  const epochInterval = everySteps === undefined ? (everyEpochs ?? 1) : everyEpochs;
  return {
    data,
    everyEpochs:
      epochInterval === undefined ? undefined : wholeNumber(caller, "validation.everyEpochs", epochInterval, 1),
    everySteps: everySteps === undefined ? undefined : wholeNumber(caller, "validation.everySteps", everySteps, 1),
    batchSize: wholeNumber(caller, "validation.batchSize", batchSize, 1),
  };
}

function checkpointOf(settings: CheckpointOptions | undefined): Settings<never, never>["checkpoint"] {
  if (settings === undefined) return undefined;
  const defaults = { path: undefined, write: undefined, everySteps: undefined, everySeconds: undefined };
  const { path, write, everySteps, everySeconds } = withDefaults<CheckpointOptions>(
    `${caller}: checkpoint`,
    settings,
    defaults,
  );
  if ((path === undefined) === (write === undefined))
    throw new ArgumentError(
      `${caller}: checkpoint needs exactly one of path and write, got ${path === undefined ? "neither" : "both"}; write { path: "run.safetensors" }`,
    );
  if (path !== undefined && (typeof path !== "string" || path === ""))
    throw new ArgumentError(
      `${caller}: checkpoint.path must be the path of a file, got ${show(path)}; write "run.safetensors"`,
    );
  if (write !== undefined && typeof write !== "function")
    throw new ArgumentError(`${caller}: checkpoint.write must be a function, got ${show(write)}; write (bytes) => ...`);
  if (everySeconds !== undefined && !(typeof everySeconds === "number" && everySeconds >= 0))
    throw new ArgumentError(`${caller}: checkpoint.everySeconds must be a number ≥ 0, got ${show(everySeconds)}`);
  const seconds = everySeconds ?? (everySteps === undefined ? 60 : Infinity);
  const steps = everySteps === undefined ? Infinity : wholeNumber(caller, "checkpoint.everySteps", everySteps, 1);
  return { path, write, steps, seconds };
}
