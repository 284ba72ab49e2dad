import { ArgumentError, DTypeError, type Tensor, TreeError } from "@wengert/core";
import { isFloat, leaves, type TreesOnly, walk } from "@wengert/core/extend";
import { splitKey } from "@wengert/ops";
import type { StateTree } from "../optimizers/optimizer.ts";
import { type Continuation, checkpointBytes, checkpointExists, type Plan, readCheckpoint } from "./checkpoint.ts";
import { type Data, sourceOf } from "./data.ts";
import { type Loss, type LossValue, objectiveOf } from "./loss.ts";
import { oneRank, type Ranks } from "./oneRank.ts";
import { type FitOptions, type Settings, settingsOf } from "./options.ts";
import { type Fit, Run } from "./run.ts";
import { initialState, type State } from "./state.ts";
import { type TakeStep, takeStep } from "./step.ts";

const caller = "fit";

/**
 * Trains a model: each step passes the gradient of a batch's mean loss to `optimizer`. `params` is a tree of float
 * tensors. The loop yields every few milliseconds, so it does not block a page or a server. Equal keys give equal
 * results. A fit that is resumed from a checkpoint gives the same bits as an uninterrupted fit.
 *
 * The loss is a function `(params, batch, { key, step, epoch, training }) => loss`. It may return `[loss, aux]`; the
 * metrics then receive `aux`. A loss or metric must be the mean over the rows of a batch. Averages over several batches
 * are weighted by their numbers of rows.
 *
 * If a loss, a metric or a stream of batches throws, `fit` saves the last good state to the checkpoint and rejects with
 * that error. If the loss is not finite, `fit` resolves with `reason: "nonFinite"`.
 *
 * @throws ArgumentError, DTypeError, TreeError, ShapeError for invalid arguments, before the first step
 * @throws DataError if the checkpoint cannot be read or written, before the first step
 */
export async function fit<P, B, R extends LossValue>(
  loss: Loss<P, B, R>,
  params: P & TreesOnly<P>,
  data: Data<B>,
  options: FitOptions<P, B, R>,
): Promise<Fit<P>> {
  const eager = objectiveOf<P, B, R>(caller, loss);
  const settings = settingsOf<P, B, R>(options);
  checkParams(params);
  const [orderKey, stepKey] = splitKey(settings.key) as [Tensor, Tensor];
  const { parallel } = settings;
  // The code for several processes is loaded on demand, so that a page without `parallel` need not load it.
  const { ranksOf } = parallel && parallel.size > 1 ? await import("./ranks.ts") : {};
  const ranks = ranksOf ? ranksOf(parallel!, settings.signal) : oneRank(settings.signal);
  const { size, dropLast, shuffle } = settings;
  const { share, signal } = ranks;
  const source = sourceOf<B>(caller, data, "data", { size, dropLast, shuffle, key: orderKey, share, signal });
  const validationOptions = settings.validation;
  const validationSourceOptions = {
    size: validationOptions?.batchSize,
    dropLast: false,
    shuffle: false,
    key: orderKey,
    share,
    signal,
  };
  const validation =
    validationOptions &&
    sourceOf<B>(caller, validationOptions.data as Data<B>, "validation.data", validationSourceOptions);
  const pointSteps =
    settings.pointSteps ?? (source.length === undefined ? 10 : Math.max(1, Math.floor(source.length / 15)));
  const plan: Plan = {
    version: 1,
    ...source.plan,
    key: settings.key.toNested(),
    metrics: settings.names,
    "history.everySteps": pointSteps,
  };
  const initial = initialState<P>(params, initialOptimizerState<P>(settings, params), settings.names);
  ranks.checkArguments({ params, data, settings: settings as Settings<never, unknown>, plan });
  const start = await startOnAllRanks<P>(ranks, settings, { plan, initial, batches: source.length });
  const { compile, optimizer } = settings;
  const compiled = compile && (await import("./compiled.ts")); // on demand, as ranks.ts
  const objective = compiled ? compiled.compiledObjective(caller, eager, compile) : eager;
  const step: TakeStep<P, B> =
    compiled && ranks.size === 1
      ? compiled.compiledStep({ objective: eager, optimizer, ranks }, compile)
      : (...args) => takeStep({ objective, optimizer, ranks }, ...args);
  return new Run({ settings, objective, step, source, validation, pointSteps, plan, stepKey, ranks }, start).runToEnd();
}

type Resuming<P> = Pick<Settings<P, unknown>, "checkpoint" | "resume">;

/** Rank 0 reads the checkpoint and sends it to the other ranks, because other hosts may not have the file. */
async function startOnAllRanks<P>(ranks: Ranks, settings: Resuming<P>, continuation: Continuation<P>) {
  const { initial, plan } = continuation;
  const start = ranks.rank === 0 ? await startOf<P>(settings, continuation) : undefined;
  const bytes = ranks.bytesOfRankZero(start && start !== initial ? checkpointBytes(start, plan) : undefined);
  return start ?? (bytes ? readCheckpoint(bytes, continuation) : initial);
}

function checkParams(params: unknown): void {
  let count = 0;
  walk(caller, params, "params", ({ dtype }, path) => {
    count++;
    if (isFloat(dtype)) return;
    throw new DTypeError(`${caller}: ${path} must be a float, got ${dtype}; let the loss close over it`);
  });
  if (count === 0) throw new TreeError(`${caller}: params must hold at least one tensor, got none`);
}

/**
 * Returns the initial state of the optimizer. Checks that the state is a tree, because a checkpoint must be able to
 * store it.
 */
function initialOptimizerState<P>({ optimizer }: Pick<Settings<P, unknown>, "optimizer">, params: P): StateTree {
  const state = optimizer.init(params as Tensor); // checkParams has checked that it is a tree
  leaves(caller, state, "the state of the optimizer");
  return state;
}

/** Returns the state in which the fit starts: a new state, or the state in a checkpoint. */
async function startOf<P>({ checkpoint, resume }: Resuming<P>, continuation: Continuation<P>): Promise<State<P>> {
  const path = checkpoint?.path;
  const exists = path !== undefined && (await checkpointExists(path));
  if (resume === undefined && exists)
    throw new ArgumentError(
      `${caller}: a checkpoint already exists at ${path}; write { resume: true } to continue from it, or { resume: false } to start over and replace it`,
    );
  if (resume === undefined || resume === false) return continuation.initial;
  if (resume !== true) return readCheckpoint(resume, continuation);
  if (path === undefined)
    throw new ArgumentError(
      `${caller}: resume: true needs checkpoint.path, got none; write { resume: "run.safetensors" }`,
    );
  return exists ? readCheckpoint(path, continuation) : continuation.initial;
}
