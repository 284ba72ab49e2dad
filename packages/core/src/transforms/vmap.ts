import { moveAxis, repeatAlong } from "../autodiff/axes.ts";
import { pack, part } from "../autodiff/fanout.ts";
import { mustBeFunction } from "../checks/arguments.ts";
import { ArgumentError, isList, OutOfRangeError, ShapeError, show } from "../checks/errors.ts";
import { withDefaults } from "../checks/options.ts";
import { sizeOf } from "../values/ndarray.ts";
import { describe, Tensor } from "../values/tensor.ts";
import { argumentName, asTree, isNode, leaves, type TreesOnly, unflatten } from "../values/tree.ts";
import { onBatch } from "./batch.ts";
import { dryRun } from "./dryRun.ts";
import { neededSteps, replay, type Values } from "./replay.ts";

/** The batch axis of a tensor, or `null` for a tensor without a batch axis. */
type Axis = number | null;
/** One axis for all tensors of a tree, or arrays and objects of axes with the structure of the tree. */
export type AxesTree = Axis | readonly AxesTree[] | { readonly [key: string]: AxesTree };

export interface VmapOptions {
  /**
   * The batch axis of the arguments: one axis for all of them, or a list with one entry per argument. An entry is an
   * axis, `null` (every entry of the batch gets the whole argument), or a tree of axes. Default: 0.
   */
  readonly inAxes?: Axis | readonly AxesTree[] | undefined;
  /** The position of the batch axis in the value: one axis, or a tree of axes. Default: 0. */
  readonly outAxes?: AxesTree | undefined;
  /** The number of entries in the batch. Required only if no argument has a batch axis. */
  readonly size?: number | undefined;
  /** The largest number of entries to compute at once, which bounds the memory. Default: all. */
  readonly chunk?: number | undefined;
}

const vmapDefaults = { inAxes: 0, outAxes: 0, size: undefined, chunk: undefined };

/**
 * Returns a function that computes `f` for every entry of a batch at once. The returned function takes the arguments of
 * `f` with a batch axis, and returns the value of `f` with a batch axis. `f` runs once, on tensors that have the shape
 * of one entry and no values. Then the ops of `f` run on all entries together. So `vmap` can be differentiated, traced
 * and nested. A random key with a batch axis gives each entry its own numbers; a key without a batch axis gives every
 * entry the same numbers.
 * @throws ArgumentError for invalid options. The returned function throws a TracedValueError if `f` reads a value, a
 * ShapeError if the batch axes have different sizes, and an OutOfRangeError if a tensor lacks its batch axis.
 */
export function vmap<A extends readonly unknown[], R>(
  f: (...args: A) => R & TreesOnly<R>,
  options?: VmapOptions,
): (...args: A) => R {
  mustBeFunction("vmap", f);
  const { inAxes, outAxes, size: requested, chunk } = withDefaults<VmapOptions>("vmap", options, vmapDefaults);
  if (requested !== undefined) checkCount("size", requested, 0);
  if (chunk !== undefined) checkCount("chunk", chunk, 1);
  return (...args) => {
    const { dryArgs, inputs } = dryArguments(f, args, inAxes);
    const size = batchSize(inputs, requested);
    const dryInputs = inputs.map(({ dry }) => dry);
    const { value, steps: all } = dryRun("vmap", dryInputs, () => f(...(dryArgs as unknown as A)));
    const outputs = leaves("vmap", value, "the value of f");
    const positions = outputPositions(value, outAxes);
    const { steps } = neededSteps(all, outputs);
    const perChunk = Math.max(1, Math.min(chunk ?? size, size));
    const chunks = Array.from({ length: Math.max(1, Math.ceil(size / perChunk)) }, (_, i): Values => {
      const [start, count] = [i * perChunk, Math.min(perChunk, size - i * perChunk)];
      const batchOf = (batch: Tensor) => (count === size ? batch : entries(batch, start, count));
      const values = new Map(inputs.map(({ dry, batch }) => [dry, batchOf(batch)]));
      replay(steps, [...outputs, ...dryInputs], values, onBatch(count));
      return values;
    });
    const joined = outputs.map((output, i) =>
      placed(
        output,
        chunks.flatMap((values) => values.get(output) ?? []),
        positions[i]!,
        size,
      ),
    );
    return unflatten<R>(value, joined);
  };
}

/**
 * An argument of a function under `vmap`. `batch` holds all entries along axis 0, and `dry` is a tensor without values
 * that stands for one entry.
 */
interface BatchedInput {
  readonly batch: Tensor;
  readonly dry: Tensor;
  readonly path: string;
}

/** Replaces each tensor that has a batch axis by a tensor without values, with the shape of one batch entry. */
function dryArguments(
  f: (...args: never) => unknown,
  args: readonly unknown[],
  inAxes: VmapOptions["inAxes"],
): { dryArgs: unknown[]; inputs: BatchedInput[] } {
  if (isList(inAxes) && inAxes.length !== args.length)
    throw new ArgumentError(
      `vmap: inAxes must have one entry per argument, got ${inAxes.length} for ${args.length} arguments; write null for one without a batch axis`,
    );
  const inputs: BatchedInput[] = [];
  const dryArgs = args.map((arg, i) => {
    const axes = isList(inAxes) ? inAxes[i] : inAxes;
    if (axes === null) return arg;
    const tree = asTree(arg);
    const entries = axesOf(tree, axes, [argumentName(f, i), "inAxes"]).map(({ leaf, axis, path }) => {
      if (axis === null) return leaf;
      const batch = front(leaf, axis, path);
      const dry = new Tensor(batch.shape.slice(1), batch.dtype, undefined, leaf.label ?? path);
      inputs.push({ batch, dry, path });
      return dry;
    });
    return unflatten(tree, entries);
  });
  return { dryArgs, inputs };
}

/** Returns `x` with the batch axis first. @throws OutOfRangeError if x has no such axis */
function front(x: Tensor, axis: number, path: string): Tensor {
  const from = normalizeAxis(x.shape.length, axis);
  if (from === 0) return x;
  if (from !== undefined) return moveAxis(x, { from, to: 0 });
  throw new OutOfRangeError(
    `vmap: ${describe(x, path)} has no axis ${axis}; choose its batch axis with { inAxes }, null if it has none`,
  );
}

/** Returns `axis` counted from 0, or `undefined` if a tensor of `rank` axes has no such axis. */
const normalizeAxis = (rank: number, axis: number): number | undefined => {
  if (axis < -rank || axis >= rank) return undefined;
  return axis < 0 ? axis + rank : axis;
};

/**
 * Pairs each tensor of a tree with its batch axis from `axes`.
 * @throws ArgumentError unless `axes` fits the tree
 */
function axesOf(
  tree: unknown,
  axes: unknown,
  [path, option]: readonly [path: string, option: string],
): { leaf: Tensor; axis: Axis; path: string }[] {
  if (axes === null || Number.isInteger(axes))
    return leaves("vmap", tree, path).map((leaf, i, all) => ({
      leaf,
      axis: axes as Axis,
      path: all.length === 1 ? path : `tensor ${i} of ${path}`,
    }));
  if (isNode(axes) && isNode(tree) && !(tree instanceof Tensor)) {
    const keys = Object.keys(tree);
    if (String(keys) === String(Object.keys(axes)))
      return keys.flatMap((key) => axesOf(child(tree, key), child(axes, key), [`${path}.${key}`, `${option}.${key}`]));
  }
  throw new ArgumentError(
    `vmap: ${option} must be an axis, null, or a tree of them with the structure of ${path}; got ${show(axes)}`,
  );
}

const child = (node: unknown, key: string): unknown => (node as { readonly [key: string]: unknown })[key];

function batchSize(inputs: readonly BatchedInput[], requested: number | undefined): number {
  const [first] = inputs;
  const size = requested ?? first?.batch.shape[0];
  if (size === undefined)
    throw new ArgumentError("vmap: no argument has a batch axis, so the size is unknown; pass { size }");
  const other = inputs.find(({ batch }) => batch.shape[0] !== size);
  if (other === undefined) return size;
  const expected = requested === undefined ? `${size}, the size of ${first!.path}` : `${size}, the option size`;
  throw new ShapeError(
    `vmap: all batch axes must have one size, ${expected}; got ${other.batch.shape[0]} for ${other.path}; { inAxes } chooses the axes`,
  );
}

function checkCount(name: string, value: unknown, least: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= least) return;
  throw new ArgumentError(`vmap: ${name} must be a whole number of at least ${least}, got ${show(value)}`);
}

/** Returns the position of the batch axis in each tensor of the value of `f`. */
function outputPositions(value: unknown, outAxes: unknown): { readonly axis: Axis; readonly path: string }[] {
  return axesOf(value, outAxes, ["the value of f", "outAxes"]).map(({ leaf, axis, path }) => {
    if (axis === null) return { axis, path };
    const position = normalizeAxis(leaf.shape.length + 1, axis);
    if (position !== undefined) return { axis: position, path };
    throw new OutOfRangeError(
      `vmap: outAxes is ${axis}, but ${path} has ${leaf.shape.length + 1} axes with the batch axis; choose another position`,
    );
  });
}

/** Returns entries `start` to `start + count − 1` of a batch. */
function entries(batch: Tensor, start: number, count: number): Tensor {
  const shape = batch.shape.with(0, count);
  return part(pack([batch]), { shape, offset: start * sizeOf(batch.shape.slice(1)) });
}

/** Joins the chunks of an output along the batch axis, and moves this axis to the position that the user chose. */
function placed(
  output: Tensor,
  chunks: readonly Tensor[],
  { axis, path }: { readonly axis: Axis; readonly path: string },
  size: number,
): Tensor {
  if (chunks.length === 0) return axis === null ? output : repeatAlong(output, { axis, size });
  if (axis === null)
    throw new ArgumentError(`vmap: ${path} depends on the batch, so outAxes cannot be null; write its batch axis`);
  const all = chunks.length === 1 ? chunks[0]! : part(pack(chunks), { shape: [size, ...output.shape], offset: 0 });
  return axis === 0 ? all : moveAxis(all, { from: 0, to: axis });
}
