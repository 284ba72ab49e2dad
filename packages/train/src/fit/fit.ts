import { ArgumentError, DTypeError, type Tensor, TreeError } from "@wengert/core";
import { isFloat, leaves, type TreesOnly, walk } from "@wengert/core/extend";
import { splitKey } from "@wengert/ops";
import type { StateTree } from "../optimizers/optimizer.ts";
import { checkpointExists, type Plan, readCheckpoint } from "./checkpoint.ts";
import { type Data, sourceOf } from "./data.ts";
import { type Loss, type LossValue, objectiveOf } from "./loss.ts";
import { type FitOptions, type Settings, settingsOf } from "./options.ts";
import { type Fit, Run } from "./run.ts";
import { initialState, type State } from "./state.ts";

const caller = "fit";

/**
 * Fits `params`, a tree of floats, to `data`: step by step the mean loss of a batch is made lower, as `optimizer` does it.
 * Every few milliseconds whatever else waits in a page or a server gets its turn. The same key gives the same numbers, and a
 * fit that is resumed from a checkpoint gives those of one that was never interrupted, bit for bit.
 *
 * The loss is `(params, batch, { key, step, epoch, training }) => loss`, or `=> [loss, aux]`, whose `aux` the metrics are
 * given. Losses and metrics are means over rows, and are averaged as such.
 *
 * @throws ArgumentError, DTypeError, TreeError, ShapeError for invalid arguments; DataError for a checkpoint that
 * cannot be read or could not be written: all before anything has happened. What the loss, the metrics or a stream of batches
 * throw, when the last good state has been written to the checkpoint. (A loss that is not finite is no error, but a `reason`.)
 */
export async function fit<P, B, R extends LossValue>(
  loss: Loss<P, B, R>,
  params: P & TreesOnly<P>,
  data: Data<B>,
  options: FitOptions<P, B, R>,
): Promise<Fit<P>> {
  const settings = settingsOf<P, B, R>(options);
  const objective = objectiveOf<P, B, R>(caller, loss);
  checkParams(params);
  const [orderKey, stepKey] = splitKey(settings.key) as [Tensor, Tensor];
  const { size, dropLast, shuffle, signal } = settings;
  const source = sourceOf<B>(caller, data, "data", { size, dropLast, shuffle, key: orderKey, signal });
  const validationOptions = settings.validation;
  const validationSourceOptions = {
    size: validationOptions?.batchSize,
    dropLast: false,
    shuffle: false,
    key: orderKey,
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
  const start = await startOf<P>(
    settings,
    plan,
    initialState<P>(params, initialOptimizerState<P>(settings, params), settings.names),
  );
  return new Run({ settings, objective, source, validation, pointSteps, plan, stepKey }, start).runToEnd();
}

function checkParams(params: unknown): void {
  let count = 0;
  walk(caller, params, "params", ({ dtype }, path) => {
    count++;
    if (isFloat(dtype)) return;
    throw new DTypeError(
      `${caller}: ${path} is ${dtype}, and only floats have derivatives; let the loss close over it`,
    );
  });
  if (count === 0) throw new TreeError(`${caller}: params hold no tensor; there is nothing to fit`);
}

/** The state of the optimizer before the first step, which a checkpoint can hold. */
function initialOptimizerState<P>({ optimizer }: Pick<Settings<P, unknown>, "optimizer">, params: P): StateTree {
  const state = optimizer.init(params as Tensor); // a tree, which was checked
  leaves(caller, state, "the state of the optimizer");
  return state;
}

/** Where to begin: at the beginning, or where a checkpoint has got to. */
async function startOf<P>(
  { checkpoint, resume }: Pick<Settings<P, unknown>, "checkpoint" | "resume">,
  plan: Plan,
  initial: State<P>,
): Promise<State<P>> {
  const path = checkpoint?.path;
  const exists = path !== undefined && (await checkpointExists(path));
  if (resume === undefined && exists)
    throw new ArgumentError(
      `${caller}: there is a checkpoint at ${path} already; write { resume: true } to go on from it, or { resume: false } to begin anew and replace it`,
    );
  if (resume === undefined || resume === false) return initial;
  if (resume !== true) return readCheckpoint(resume, { plan, initial });
  if (path === undefined)
    throw new ArgumentError(
      `${caller}: resume: true goes on from checkpoint.path, which is missing; write { resume: "run.safetensors" }`,
    );
  return exists ? readCheckpoint(path, { plan, initial }) : initial;
}
