import { ArgumentError, DataError, Tensor, tensor } from "@wengert/core";
import { builtin, describe, leavesAlike, ravel, show, unflatten } from "@wengert/core/extend";
import type { Bytes } from "../files/bytes.ts";
import { load } from "../files/load.ts";
import { toSafetensors } from "../files/safetensors.ts";
import { save } from "../files/save.ts";
import { notNegative, type Range } from "../optimizers/hyper.ts";
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
  if (path !== undefined) await save(path, treeOf(state), metadataOf(plan));
  else await write?.(checkpointBytes(state, plan));
}

/** Returns the contents of a checkpoint file. */
export const checkpointBytes = <P>(state: State<P>, plan: Plan): Bytes =>
  toSafetensors(treeOf(state), metadataOf(plan));

const metadataOf = (plan: Plan) => ({ metadata: { [planKey]: JSON.stringify(plan) } });

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
 * The current fit, which continues from a checkpoint. The checkpoint must have the same settings as this fit, and
 * parameters of the same structure as its initial state.
 */
export interface Continuation<P> {
  readonly plan: Plan;
  readonly initial: State<P>;
  /** The number of batches in an epoch, if known in advance. */
  readonly batches: number | undefined;
}

type Path = readonly string[];

/**
 * Reads the state from a checkpoint. The settings, the structure of the trees and the shapes must be those of the
 * current fit, and the counters must be consistent.
 * @throws DataError unless the source is a checkpoint
 * @throws ArgumentError, TreeError, ShapeError if the checkpoint belongs to a different fit
 */
export async function readCheckpoint<P>(
  source: Exclude<Resume, boolean>,
  { plan, initial, batches }: Continuation<P>,
): Promise<State<P>> {
  const name = typeof source === "string" ? source : show(source);
  const { tree, metadata } = await load(source);
  const text = metadata[planKey];
  if (text === undefined)
    throw new DataError(`${caller}: ${name} is not a checkpoint of a fit; use load(...) for other files`);
  const damaged = (path: Path, expected: string, got: string): DataError =>
    new DataError(
      `${caller}: ${path.join(".")} of ${name} must be ${expected}, got ${got}; the file is damaged or was written by another version`,
    );
  const savedPlan = parsePlan(text);
  if (savedPlan === undefined) throw damaged(["the metadata", planKey], "JSON", show(text));
  checkPlan(name, savedPlan, plan);

  const readField = (path: Path): unknown => {
    let node: unknown = tree;
    for (const key of path) {
      if (!Object.hasOwn(node as object, key)) throw damaged(path, "in the file", "nothing");
      node = (node as Record<string, unknown>)[key];
    }
    return node;
  };
  const readLike = <T>(expected: T, path: string, ...place: Path): T =>
    unflatten(expected, leavesAlike(caller, [expected, path], [readField(place), `${place.join(".")} of ${name}`]));
  /**
   * Reads a list of numbers from a checkpoint. `shape` is the required length, "" for a single number (returned as a
   * list of one), or `undefined` for any length.
   */
  const readNumbers = (path: Path, [text, holds]: Range, shape: "" | number | undefined): number[] => {
    const x = readField(path);
    const isNumbers = x instanceof Tensor && x.dtype === "float64" && x.shape.length === (shape === "" ? 0 : 1);
    if (!isNumbers || (typeof shape === "number" && x.size !== shape))
      throw damaged(path, `float64 [${shape ?? "n"}]`, x instanceof Tensor ? describe(x) : show(x));
    const numbers = Array.from(ravel(x.array!));
    const invalid = numbers.find((value) => !holds(value));
    if (invalid === undefined) return numbers;
    throw damaged(path, text, String(invalid));
  };
  const readNumber = (path: Path, range: Range): number => readNumbers(path, range, "")[0]!;
  const forEachMetric = <T>(f: (name: string) => T): Record<string, T> =>
    Object.fromEntries(Object.keys(initial.since.metrics).map((name) => [name, f(name)]));
  const readPoints = (lastStep: number, count: number | undefined, ...path: Path): Point[] => {
    const steps = readNumbers([...path, "step"], upTo(lastStep), count);
    if (steps.some((step, i) => step < steps[i - 1]!)) throw damaged([...path, "step"], "ascending", String(steps));
    const epochs = readNumbers([...path, "epoch"], notNegative, steps.length);
    const losses = readNumbers([...path, "loss"], anything, steps.length);
    const metrics = forEachMetric((metric) => readNumbers([...path, "metrics", metric], anything, steps.length));
    return steps.map((step, i) => ({
      step,
      epoch: epochs[i]!,
      loss: losses[i]!,
      metrics: forEachMetric((metric) => metrics[metric]![i]!),
    }));
  };

  const step = readNumber(["step"], maxCount);
  const batch = readNumber(["batch"], upTo(Math.min(step, batches ?? step)));
  const epoch = readNumber(["epoch"], upTo(step - batch)); // an epoch has at least one batch
  const earlier = batches === undefined ? (epoch === 0 ? 0 : step - batch) : epoch * batches;
  if (step !== earlier + batch) throw damaged(["step"], String(earlier + batch), String(step));
  const validation = readPoints(step, undefined, "history", "validation");
  return {
    params: readLike(initial.params, "params", "params"),
    optimizer: readLike<StateTree>(initial.optimizer, "the state of the optimizer", "optimizer"),
    step,
    epoch,
    batch,
    since: {
      rows: readNumber(["since", "rows"], maxCount),
      loss: readNumber(["since", "loss"], notNaN),
      metrics: forEachMetric((metric) => readNumber(["since", "metrics", metric], anything)),
    },
    train: readPoints(step, undefined, "history", "train"),
    validation,
    best: Object.hasOwn(tree as object, "best")
      ? { ...readPoints(step, 1, "best")[0]!, params: readLike(initial.params, "params", "best", "params") }
      : undefined,
    reference: readNumber(["reference"], notNaN),
    waited: readNumber(["waited"], upTo(validation.length)),
  };
}

const anything: Range = ["", () => true]; // losses and metrics may be NaN
const notNaN: Range = ["a number", (x) => !Number.isNaN(x)];
const upTo = (largest: number): Range => [
  `a whole number from 0 to ${largest}`,
  (x) => Number.isInteger(x) && x >= 0 && x <= largest,
];
const maxCount = upTo(Number.MAX_SAFE_INTEGER);

/** Returns the settings that a JSON text describes, or `undefined` if the text is invalid. */
function parsePlan(text: string): Plan | undefined {
  try {
    const plan: unknown = JSON.parse(text);
    JSON.stringify(plan); // overflows the stack if the plan is nested too deeply
    return (plan ?? undefined) as Plan | undefined;
  } catch {
    return undefined;
  }
}

function checkPlan(name: string, saved: Plan, current: Plan): void {
  for (const key of new Set([...Object.keys(current), ...Object.keys(saved)])) {
    const [savedText, currentText] = [saved, current].map((plan) => planText(plan, key));
    if (savedText === currentText) continue;
    const text = (value: string | undefined) => (value === undefined ? `no ${key}` : `${key} ${value}`);
    throw new ArgumentError(
      `${caller}: the checkpoint ${name} was saved with ${text(savedText)}, got ${text(currentText)}; pass the same settings, or { resume: false } to start over`,
    );
  }
}

/** Returns the JSON of a setting of a fit, or `undefined` if the fit does not have this setting. */
const planText = (plan: Plan, key: string): string | undefined =>
  Object.hasOwn(plan, key) ? JSON.stringify(plan[key])?.replaceAll(",", ", ") : undefined;
