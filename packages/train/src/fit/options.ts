import { ArgumentError, type Tensor } from "@wengert/core";
import { type Complete, show, withDefaults } from "@wengert/core/extend";
import { randomKey } from "@wengert/ops";
import { keyOption, wholeNumber } from "../checks/options.ts";
import type { Bytes } from "../files/bytes.ts";
import { isOptimizer } from "../optimizers/chain.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import type { Data } from "./data.ts";
import type { Progress } from "./display.ts";
import type { Point } from "./history.ts";
import type { AuxOf, LossValue } from "./loss.ts";
import { defaultBatchSize } from "./measure.ts";
import { checkMetrics, type Metrics } from "./metrics.ts";
import { signalOption } from "./signal.ts";

export interface FitOptions<P, B, R extends LossValue> {
  readonly optimizer: Optimizer;
  /** When to end: after so many passes over the data, or so many steps; one of both. */
  readonly epochs?: number | undefined;
  readonly steps?: number | undefined;
  /** Rows in a batch. Default 32. */
  readonly batchSize?: number | undefined;
  /** Leaves out what is left for the last batch of an epoch. Default false. */
  readonly dropLast?: boolean | undefined;
  /** Whether the rows come in another order in each epoch. Default true. */
  readonly shuffle?: boolean | undefined;
  /** Decides all that is random: the order of the rows, and the key that the loss is given. Default `randomKey(0)`. */
  readonly key?: Tensor | undefined;
  /** Means over rows, by their names. */
  readonly metrics?: Metrics<P, B, AuxOf<R>> | undefined;
  readonly validation?: ValidationOptions<B> | undefined;
  /** What is to be as low as possible: `best` is where it was lowest. Default: the loss. */
  readonly criterion?: ((point: Point) => number) | undefined;
  /** Ends after so many validations without a lower criterion. */
  readonly patience?: number | undefined;
  /** How much lower it must be for patience to begin anew. Default 0. */
  readonly minDelta?: number | undefined;
  readonly history?: HistoryOptions | undefined;
  /** Stops after the current step and returns the result so far. */
  readonly signal?: AbortSignal | undefined;
  /** `true`: a bar in a terminal, lines elsewhere. A function is called after each step. Default false. */
  readonly progress?: Progress | undefined;
  readonly checkpoint?: CheckpointOptions | undefined;
  /**
   * Goes on as if never interrupted from what a checkpoint holds: a path, or a Blob or bytes. `true`: from `checkpoint.path`, if
   * it is there. `false`: begins anew even though it is.
   */
  readonly resume?: Resume | undefined;
}

/** What is held out, and when it is measured: after each so many epochs (default 1), or steps. */
export interface ValidationOptions<B> {
  readonly data: Data<B>;
  readonly everyEpochs?: number | undefined;
  readonly everySteps?: number | undefined;
  /** Rows in a batch. Default 1024. */
  readonly batchSize?: number | undefined;
}

export interface HistoryOptions {
  /** The steps of which a training point is the mean. Default: such that there are about 15 points an epoch, 10 for streams. */
  readonly everySteps?: number | undefined;
}

/** Where the state of a fit is kept, and when: after so many steps, or so many seconds (default 60), and at the end. */
export interface CheckpointOptions {
  readonly path?: string | undefined;
  /** Instead of a path: is given the bytes of a safetensors file. */
  readonly write?: ((bytes: Bytes) => void | Promise<void>) | undefined;
  readonly everySteps?: number | undefined;
  readonly everySeconds?: number | undefined;
}

export type Resume = boolean | string | Blob | ArrayBuffer | Uint8Array;

const caller = "fit";

/** The options, complete and checked before anything happens. */
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
  readonly checkpoint: (CheckpointOptions & { readonly steps: number; readonly seconds: number }) | undefined;
  readonly resume: Resume | undefined;
}

export function settingsOf<P, B, R extends LossValue>(options: FitOptions<P, B, R>): Settings<P, B> {
  const settings = withDefaults<FitOptions<P, B, R>>(
    caller,
    options,
    defaults as unknown as Complete<FitOptions<P, B, R>>,
  );
  const { optimizer, epochs, steps, metrics, criterion, patience, minDelta, progress } = settings;
  if (!isOptimizer(optimizer))
    throw new ArgumentError(
      `${caller}: optimizer must be one, got ${show(optimizer)}; write { optimizer: adam({ learningRate: 0.001 }) }`,
    );
  if ((epochs === undefined) === (steps === undefined))
    throw new ArgumentError(`${caller}: give epochs or steps, one of them, so that it ends; write { epochs: 10 }`);
  const names = checkMetrics(caller, metrics);
  const validation = validationOf<B>(settings.validation);
  if (patience !== undefined && validation === undefined)
    throw new ArgumentError(
      `${caller}: patience needs validation, which it waits for; write { validation: { data: ... } }`,
    );
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
  const { everySteps } = withDefaults<HistoryOptions>(`${caller}: history`, settings.history, {
    everySteps: undefined,
  });
  return {
    optimizer,
    epochs: epochs === undefined ? Infinity : wholeNumber(caller, "epochs", epochs, 1),
    steps: steps === undefined ? Infinity : wholeNumber(caller, "steps", steps, 1),
    size: wholeNumber(caller, "batchSize", settings.batchSize, 1),
    dropLast: booleanOption("dropLast", settings.dropLast),
    shuffle: booleanOption("shuffle", settings.shuffle),
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
    checkpoint: checkpointOf(settings.checkpoint),
    resume: settings.resume,
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
  checkpoint: undefined,
  resume: undefined,
};

function booleanOption(name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new ArgumentError(`${caller}: ${name} must be true or false, got ${show(value)}`);
}

function validationOf<B>(settings: ValidationOptions<B> | undefined): Complete<ValidationOptions<B>> | undefined {
  if (settings === undefined) return undefined;
  const defaults = { data: undefined, everyEpochs: undefined, everySteps: undefined, batchSize: defaultBatchSize };
  const { data, everyEpochs, everySteps, batchSize } = withDefaults<ValidationOptions<B>>(
    `${caller}: validation`,
    settings,
    defaults,
  );
  if (data === undefined)
    throw new ArgumentError(`${caller}: validation must hold its data; write { validation: { data: ... } }`);
  if (everyEpochs !== undefined && everySteps !== undefined)
    throw new ArgumentError(`${caller}: validation comes every so many epochs or steps; give one of both`);
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
      `${caller}: checkpoint is kept at a path, or given to write; write { path: "run.safetensors" }`,
    );
  if (write !== undefined && typeof write !== "function")
    throw new ArgumentError(`${caller}: checkpoint.write must be a function of bytes, got ${show(write)}`);
  if (everySeconds !== undefined && !(typeof everySeconds === "number" && everySeconds >= 0))
    throw new ArgumentError(`${caller}: checkpoint.everySeconds must be a number ≥ 0, got ${show(everySeconds)}`);
  const seconds = everySeconds ?? (everySteps === undefined ? 60 : Infinity);
  const steps = everySteps === undefined ? Infinity : wholeNumber(caller, "checkpoint.everySteps", everySteps, 1);
  return { path, write, steps, seconds };
}
