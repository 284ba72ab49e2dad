import { ArgumentError, type Complete, complete, show, type Tensor } from "@wengert/core";
import { randomKey } from "@wengert/ops";
import type { Bytes } from "../files/bytes.ts";
import { isOptimiser } from "../optimisers/chain.ts";
import type { Optimiser } from "../optimisers/optimiser.ts";
import { keyIn, wholeNumber } from "../options.ts";
import type { Data } from "./data.ts";
import type { Progress } from "./display.ts";
import type { Point } from "./history.ts";
import type { AuxOf, LossValue } from "./loss.ts";
import { manyRows } from "./measure.ts";
import { checkMetrics, type Metrics } from "./metrics.ts";
import { signalIn } from "./signal.ts";

export interface FitOptions<P, B, R extends LossValue> {
  readonly optimiser: Optimiser;
  /** When to end: after so many passes over the data, or so many steps; one of both. */
  readonly epochs?: number | undefined;
  readonly steps?: number | undefined;
  /** Rows in a batch. Default 32. */
  readonly size?: number | undefined;
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
  /** Stops after the step at hand; what has been reached is returned. */
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
  readonly size?: number | undefined;
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

const who = "fit";

/** The options, complete and checked before anything happens. */
export interface Settings<P, B> {
  readonly optimiser: Optimiser;
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
  const given = complete<FitOptions<P, B, R>>(who, options, defaults as unknown as Complete<FitOptions<P, B, R>>);
  const { optimiser, epochs, steps, metrics, criterion, patience, minDelta, progress } = given;
  if (!isOptimiser(optimiser))
    throw new ArgumentError(
      `${who}: optimiser must be one, got ${show(optimiser)}; write { optimiser: adam({ rate: 0.001 }) }`,
    );
  if ((epochs === undefined) === (steps === undefined))
    throw new ArgumentError(`${who}: give epochs or steps, one of them, so that it ends; write { epochs: 10 }`);
  const names = checkMetrics(who, metrics);
  const validation = validationOf<B>(given.validation);
  if (patience !== undefined && validation === undefined)
    throw new ArgumentError(
      `${who}: patience needs validation, which it waits for; write { validation: { data: ... } }`,
    );
  if (typeof criterion !== "function")
    throw new ArgumentError(
      `${who}: criterion must be a function of a point, got ${show(criterion)}; write ({ loss }) => loss`,
    );
  if (typeof minDelta !== "number" || !(minDelta >= 0))
    throw new ArgumentError(`${who}: minDelta must be a number ≥ 0, got ${show(minDelta)}`);
  const isProgress =
    typeof progress === "boolean" ||
    typeof progress === "function" ||
    (typeof progress === "object" && progress !== null);
  if (!isProgress) throw new ArgumentError(`${who}: progress must be true, false or a function, got ${show(progress)}`);
  const { everySteps } = complete<HistoryOptions>(`${who}: history`, given.history, { everySteps: undefined });
  return {
    optimiser,
    epochs: epochs === undefined ? Infinity : wholeNumber(who, "epochs", epochs, 1),
    steps: steps === undefined ? Infinity : wholeNumber(who, "steps", steps, 1),
    size: wholeNumber(who, "size", given.size, 1),
    dropLast: flag("dropLast", given.dropLast),
    shuffle: flag("shuffle", given.shuffle),
    key: keyIn(who, "key", given.key) ?? randomKey(0),
    metrics: metrics as Metrics<P, B, never>,
    names,
    validation,
    criterion,
    patience: patience === undefined ? Infinity : wholeNumber(who, "patience", patience, 1),
    minDelta,
    pointSteps: everySteps === undefined ? undefined : wholeNumber(who, "history.everySteps", everySteps, 1),
    signal: signalIn(who, given.signal),
    progress,
    checkpoint: checkpointOf(given.checkpoint),
    resume: given.resume,
  };
}

const defaults: Complete<FitOptions<never, never, Tensor>> = {
  optimiser: undefined,
  epochs: undefined,
  steps: undefined,
  size: 32,
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

function flag(name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new ArgumentError(`${who}: ${name} must be true or false, got ${show(value)}`);
}

function validationOf<B>(given: ValidationOptions<B> | undefined): Complete<ValidationOptions<B>> | undefined {
  if (given === undefined) return undefined;
  const defaults = { data: undefined, everyEpochs: undefined, everySteps: undefined, size: manyRows };
  const { data, everyEpochs, everySteps, size } = complete<ValidationOptions<B>>(`${who}: validation`, given, defaults);
  if (data === undefined)
    throw new ArgumentError(`${who}: validation must hold its data; write { validation: { data: ... } }`);
  if (everyEpochs !== undefined && everySteps !== undefined)
    throw new ArgumentError(`${who}: validation comes every so many epochs or steps; give one of both`);
  const every = everySteps === undefined ? (everyEpochs ?? 1) : everyEpochs;
  return {
    data,
    everyEpochs: every === undefined ? undefined : wholeNumber(who, "validation.everyEpochs", every, 1),
    everySteps: everySteps === undefined ? undefined : wholeNumber(who, "validation.everySteps", everySteps, 1),
    size: wholeNumber(who, "validation.size", size, 1),
  };
}

function checkpointOf(given: CheckpointOptions | undefined): Settings<never, never>["checkpoint"] {
  if (given === undefined) return undefined;
  const defaults = { path: undefined, write: undefined, everySteps: undefined, everySeconds: undefined };
  const { path, write, everySteps, everySeconds } = complete<CheckpointOptions>(`${who}: checkpoint`, given, defaults);
  if ((path === undefined) === (write === undefined))
    throw new ArgumentError(
      `${who}: checkpoint is kept at a path, or given to write; write { path: "run.safetensors" }`,
    );
  if (write !== undefined && typeof write !== "function")
    throw new ArgumentError(`${who}: checkpoint.write must be a function of bytes, got ${show(write)}`);
  if (everySeconds !== undefined && !(typeof everySeconds === "number" && everySeconds >= 0))
    throw new ArgumentError(`${who}: checkpoint.everySeconds must be a number ≥ 0, got ${show(everySeconds)}`);
  const seconds = everySeconds ?? (everySteps === undefined ? 60 : Infinity);
  const steps = everySteps === undefined ? Infinity : wholeNumber(who, "checkpoint.everySteps", everySteps, 1);
  return { path, write, steps, seconds };
}
