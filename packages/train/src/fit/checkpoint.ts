import { ArgumentError, leavesAlike, show, Tensor, tensor, unflatten } from "@wengert/core";
import { rows } from "@wengert/core/ndarray";
import { DataError } from "../errors.ts";
import type { Bytes } from "../files/bytes.ts";
import { load } from "../files/load.ts";
import { toSafetensors } from "../files/safetensors.ts";
import { save } from "../files/save.ts";
import type { StateTree } from "../optimisers/optimiser.ts";
import { builtin } from "../platform.ts";
import type { Point } from "./history.ts";
import type { Resume } from "./options.ts";
import type { State } from "./state.ts";

const who = "fit";

/** What a fit that is resumed must find as it was, or it would not be the same one. */
export type Plan = Readonly<Record<string, unknown>>;

/** Where a checkpoint goes. */
export interface Place {
  readonly path?: string | undefined;
  readonly write?: ((bytes: Bytes) => void | Promise<void>) | undefined;
}

const planKey = "wengert.fit";

/** Writes a state: a safetensors file in which other programs too find `params`, `best.params` and the curves. */
export async function keep<P>({ path, write }: Place, state: State<P>, plan: Plan): Promise<void> {
  const tree = treeOf(state);
  const options = { metadata: { [planKey]: JSON.stringify(plan) } };
  if (path !== undefined) await save(path, tree, options);
  else await write?.(toSafetensors(tree, options));
}

function treeOf<P>({ params, optimiser, since, train, validation, best, ...counts }: State<P>): object {
  const names = Object.keys(since.metrics);
  return {
    params,
    optimiser,
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

/** Whether there is a file at the path of a checkpoint; if not, that there can be. @throws DataError */
export async function isThere(path: string): Promise<boolean> {
  const instead = "write { checkpoint: { write: (bytes) => ... } }, which may put them into IndexedDB";
  const { access, constants, stat } = builtin(who, "node:fs/promises", instead);
  try {
    return (await stat(path)).size >= 0;
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ENOENT") throw unwritable(path, error);
  }
  try {
    await access(builtin(who, "node:path").dirname(path), constants.W_OK);
    return false;
  } catch (error) {
    throw unwritable(path, error);
  }
}

const unwritable = (path: string, error: unknown): DataError =>
  new DataError(
    `${who}: the checkpoint ${path} could not be written (${(error as Error).message}); make its folder first`,
    {
      cause: error,
    },
  );

/**
 * The state in a checkpoint, for a fit of this plan that would begin with `initial`.
 * @throws DataError for what is no checkpoint; ArgumentError, TreeError, ShapeError for one of another fit
 */
export async function restored<P>(
  source: Exclude<Resume, boolean>,
  { plan, initial }: { readonly plan: Plan; readonly initial: State<P> },
): Promise<State<P>> {
  const name = typeof source === "string" ? source : show(source);
  const { tree, metadata } = await load(source);
  const text = metadata[planKey];
  if (text === undefined) throw new DataError(`${who}: ${name} is no checkpoint of a fit; load(...) reads other files`);
  checkPlan(name, JSON.parse(text), plan);
  const field = (...path: readonly string[]): unknown => {
    const value = path.reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], tree);
    if (value !== undefined) return value;
    throw new DataError(`${who}: ${name} holds no ${path.join(".")}; it is damaged, or of another version`);
  };
  const like = <T>(wanted: T, path: string, ...place: readonly string[]): T =>
    unflatten(wanted, leavesAlike(who, [wanted, path], [field(...place), `${place.join(".")} of ${name}`]));
  const list = (...path: readonly string[]): number[] => {
    const x = field(...path);
    if (x instanceof Tensor && x.dtype === "float64") return Array.from(rows(x.array!));
    throw new DataError(`${who}: ${name} holds no numbers in ${path.join(".")}; it is damaged, or of another version`);
  };
  const number = (...path: readonly string[]): number => list(...path)[0]!;
  const byName = <T>(f: (name: string) => T): Record<string, T> =>
    Object.fromEntries(Object.keys(initial.since.metrics).map((name) => [name, f(name)]));
  const points = (...path: readonly string[]): Point[] => {
    const [steps, epochs, losses] = ["step", "epoch", "loss"].map((key) => list(...path, key)) as [
      number[],
      number[],
      number[],
    ];
    const metrics = byName((name) => list(...path, "metrics", name));
    return steps.map((step, i) => ({
      step,
      epoch: epochs[i]!,
      loss: losses[i]!,
      metrics: byName((name) => metrics[name]![i]!),
    }));
  };
  const hasBest = "best" in (tree as object);
  return {
    params: like(initial.params, "params", "params"),
    optimiser: like<StateTree>(initial.optimiser, "the state of the optimiser", "optimiser"),
    step: number("step"),
    epoch: number("epoch"),
    batch: number("batch"),
    since: {
      rows: number("since", "rows"),
      loss: number("since", "loss"),
      metrics: byName((name) => number("since", "metrics", name)),
    },
    train: points("history", "train"),
    validation: points("history", "validation"),
    best: hasBest ? { ...points("best")[0]!, params: like(initial.params, "params", "best", "params") } : undefined,
    reference: number("reference"),
    waited: number("waited"),
  };
}

function checkPlan(name: string, made: Plan, now: Plan): void {
  for (const key of new Set([...Object.keys(made), ...Object.keys(now)])) {
    const [then, given] = [made, now].map((plan) => JSON.stringify(plan[key])?.replaceAll(",", ", "));
    if (then === given) continue;
    const text = (value: string | undefined) => (value === undefined ? `without ${key}` : `with ${key} ${value}`);
    throw new ArgumentError(
      `${who}: the fit of the checkpoint ${name} was begun ${text(then)}, this one is ${text(given)}; give the same, or { resume: false } to begin anew`,
    );
  }
}
