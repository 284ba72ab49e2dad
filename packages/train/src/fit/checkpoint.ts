import { ArgumentError, DataError, Tensor, tensor } from "@wengert/core";
import { builtin, leavesAlike, ravel, show, unflatten } from "@wengert/core/extend";
import type { Bytes } from "../files/bytes.ts";
import { load } from "../files/load.ts";
import { toSafetensors } from "../files/safetensors.ts";
import { save } from "../files/save.ts";
import type { StateTree } from "../optimizers/optimizer.ts";
import type { Point } from "./history.ts";
import type { Resume } from "./options.ts";
import type { State } from "./state.ts";

const caller = "fit";

/** The settings that must be equal in a resumed fit and in the fit that wrote the checkpoint. */
export type Plan = Readonly<Record<string, unknown>>;

/** The destination of checkpoints: a path, or a function that receives the bytes of each checkpoint. */
export interface CheckpointTarget {
  readonly path?: string | undefined;
  readonly write?: ((bytes: Bytes) => void | Promise<void>) | undefined;
}

const planKey = "wengert.fit";

/**
 * Writes the state of a fit as a safetensors file. Other programs can read `params`, `best.params` and the learning
 * curves in that file.
 */
export async function writeCheckpoint<P>(
  { path, write }: CheckpointTarget,
  state: State<P>,
  plan: Plan,
): Promise<void> {
  const tree = treeOf(state);
  const options = { metadata: { [planKey]: JSON.stringify(plan) } };
  if (path !== undefined) await save(path, tree, options);
  else await write?.(toSafetensors(tree, options));
}

function treeOf<P>({ params, optimizer, since, train, validation, best, ...counts }: State<P>): object {
  const names = Object.keys(since.metrics);
  return {
    params,
    optimizer,
    ...scalars(counts),
    since: { rows: tensor(since.rows), loss: tensor(since.loss), metrics: scalars(since.metrics) },
    history: { train: columns(train, names), validation: columns(validation, names) },
    ...(best && { best: { params: best.params, ...columns([best], names) } }),
  };
}

const scalars = (numbers: Readonly<Record<string, number>>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, tensor(value)]));

const columns = (points: readonly Point[], names: readonly string[]) => ({
  step: tensor(points.map(({ step }) => step)),
  epoch: tensor(points.map(({ epoch }) => epoch)),
  loss: tensor(points.map(({ loss }) => loss)),
  metrics: Object.fromEntries(names.map((name) => [name, tensor(points.map(({ metrics }) => metrics[name]!))])),
});

/**
 * Returns whether a checkpoint file exists at the path.
 * @throws DataError if no file can be written at the path
 */
export async function checkpointExists(path: string): Promise<boolean> {
  const instead = "write { checkpoint: { write: (bytes) => ... } } and store the bytes, for example in IndexedDB";
  const { access, constants, stat } = builtin<typeof import("node:fs/promises")>(caller, "node:fs/promises", instead);
  try {
    return (await stat(path)).size >= 0;
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ENOENT") throw unwritableError(path, error);
  }
  try {
    await access(builtin<typeof import("node:path")>(caller, "node:path").dirname(path), constants.W_OK);
    return false;
  } catch (error) {
    throw unwritableError(path, error);
  }
}

const unwritableError = (path: string, error: unknown): DataError =>
  new DataError(
    `${caller}: the checkpoint ${path} cannot be written (${(error as Error).message}); create its folder first`,
    {
      cause: error,
    },
  );

/**
 * Reads the state of a fit from a checkpoint. The settings, the tree structure and the shapes must match the current
 * fit.
 * @throws DataError unless the source is a checkpoint
 * @throws ArgumentError, TreeError, ShapeError if the checkpoint belongs to a different fit
 */
export async function readCheckpoint<P>(
  source: Exclude<Resume, boolean>,
  { plan, initial }: { readonly plan: Plan; readonly initial: State<P> },
): Promise<State<P>> {
  const name = typeof source === "string" ? source : show(source);
  const { tree, metadata } = await load(source);
  const text = metadata[planKey];
  if (text === undefined)
    throw new DataError(`${caller}: ${name} is not a checkpoint of a fit; use load(...) for other files`);
  checkPlan(name, JSON.parse(text), plan);
  const readField = (...path: readonly string[]): unknown => {
    const value = path.reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], tree);
    if (value !== undefined) return value;
    throw new DataError(
      `${caller}: ${name} has no field ${path.join(".")}; it is damaged or was written by another version`,
    );
  };
  const readLike = <T>(expected: T, path: string, ...place: readonly string[]): T =>
    unflatten(expected, leavesAlike(caller, [expected, path], [readField(...place), `${place.join(".")} of ${name}`]));
  const readNumbers = (...path: readonly string[]): number[] => {
    const x = readField(...path);
    if (x instanceof Tensor && x.dtype === "float64") return Array.from(ravel(x.array!));
    throw new DataError(
      `${caller}: ${name} has no numbers in ${path.join(".")}; it is damaged or was written by another version`,
    );
  };
  const readNumber = (...path: readonly string[]): number => readNumbers(...path)[0]!;
  const forEachMetric = <T>(f: (name: string) => T): Record<string, T> =>
    Object.fromEntries(Object.keys(initial.since.metrics).map((name) => [name, f(name)]));
  const readPoints = (...path: readonly string[]): Point[] => {
    const [steps, epochs, losses] = ["step", "epoch", "loss"].map((key) => readNumbers(...path, key)) as [
      number[],
      number[],
      number[],
    ];
    const metrics = forEachMetric((name) => readNumbers(...path, "metrics", name));
    return steps.map((step, i) => ({
      step,
      epoch: epochs[i]!,
      loss: losses[i]!,
      metrics: forEachMetric((name) => metrics[name]![i]!),
    }));
  };
  const hasBest = "best" in (tree as object);
  return {
    params: readLike(initial.params, "params", "params"),
    optimizer: readLike<StateTree>(initial.optimizer, "the state of the optimizer", "optimizer"),
    step: readNumber("step"),
    epoch: readNumber("epoch"),
    batch: readNumber("batch"),
    since: {
      rows: readNumber("since", "rows"),
      loss: readNumber("since", "loss"),
      metrics: forEachMetric((name) => readNumber("since", "metrics", name)),
    },
    train: readPoints("history", "train"),
    validation: readPoints("history", "validation"),
    best: hasBest
      ? { ...readPoints("best")[0]!, params: readLike(initial.params, "params", "best", "params") }
      : undefined,
    reference: readNumber("reference"),
    waited: readNumber("waited"),
  };
}

function checkPlan(name: string, saved: Plan, current: Plan): void {
  for (const key of new Set([...Object.keys(saved), ...Object.keys(current)])) {
    const [savedText, currentText] = [saved, current].map((plan) => JSON.stringify(plan[key])?.replaceAll(",", ", "));
    if (savedText === currentText) continue;
    const text = (value: string | undefined) => (value === undefined ? `no ${key}` : `${key} ${value}`);
    throw new ArgumentError(
      `${caller}: the checkpoint ${name} was saved with ${text(savedText)}, got ${text(currentText)}; pass the same settings, or { resume: false } to start over`,
    );
  }
}
