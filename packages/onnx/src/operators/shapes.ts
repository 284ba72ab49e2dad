import { type DType, type Tensor, tensor } from "@wengert/core";
import { type Shape, shapeText, sizeOf } from "@wengert/core/extend";
import * as ops from "@wengert/ops";
import { misfit } from "./misfit.ts";
import {
  flag,
  float,
  ignored,
  int,
  ints,
  type Operator,
  operator,
  same,
  tensorValue,
  text,
  variadic,
} from "./operator.ts";

// ONNX operators that move entries, and ONNX operators that compute shapes.

/** Returns an int32 vector with the given numbers. */
export const vector = (values: readonly number[]): Tensor =>
  tensor([...values], { dtype: "int32", shape: [values.length] });

/** Returns an axis as a number of at least 0. */
export function positive(axis: number, rank: number): number {
  const at = axis < 0 ? axis + rank : axis;
  if (at >= 0 && at < rank) return at;
  throw misfit(`axis ${axis} is outside the ${rank} axes of the tensor`);
}

function reshape(x: Tensor, sizes: readonly number[], allowZero: boolean): Tensor {
  const shape = sizes.map((n, i) => (n === 0 && !allowZero ? (x.shape[i] ?? 0) : n));
  return ops.reshape(x, { shape });
}

function unsqueeze(x: Tensor, axes: readonly number[]): Tensor {
  const rank = x.shape.length + axes.length;
  const inserted = new Set(axes.map((axis) => positive(axis, rank)));
  if (inserted.size < axes.length) throw misfit(`axes ${shapeText(axes)} repeat an axis`);
  const rest = x.shape.values();
  const shape = Array.from({ length: rank }, (_, axis) => (inserted.has(axis) ? 1 : (rest.next().value ?? 1)));
  return ops.reshape(x, { shape });
}

/** Broadcasts x to `shape`. Where `shape` has size 1, the axis of x keeps its size. */
function expand(x: Tensor, shape: readonly number[]): Tensor {
  const rank = Math.max(x.shape.length, shape.length);
  const aligned = (list: Shape) => [...Array<number>(rank - list.length).fill(1), ...list];
  const own = aligned(x.shape);
  return ops.broadcastTo(x, { shape: aligned(shape).map((n, axis) => (n === 1 ? own[axis]! : n)) });
}

function sectionsOf(x: Tensor, at: number, parts: number): number[] {
  const size = Math.ceil(x.shape[at]! / parts);
  return Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(size, x.shape[at]! - i * size)));
}

/** Splits x into consecutive parts with the given sizes along an axis. */
function split(x: Tensor, at: number, sizes: readonly number[]): Tensor[] {
  if (sizes.reduce((sum, n) => sum + n, 0) !== x.shape[at])
    throw misfit(`parts of sizes ${shapeText(sizes)} do not fill axis ${at} of ${shapeText(x.shape)}`);
  let start = 0;
  return sizes.map((size) => {
    const bounds = (bound: number) => x.shape.map((_, axis) => (axis === at ? bound : null));
    const part = ops.slice(x, { start: bounds(start), stop: bounds(start + size) });
    start += size;
    return part;
  });
}

interface Bounds {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly axes: readonly number[];
  readonly steps: readonly number[];
}

function slice(x: Tensor, { starts, ends, axes, steps }: Bounds): Tensor {
  if ([ends, axes, steps].some((list) => list.length !== starts.length))
    throw misfit(`starts, ends, axes and steps have ${[starts, ends, axes, steps].map((list) => list.length)} entries`);
  const [start, stop, step] = [0, 0, 0].map(() => x.shape.map((): number | null => null));
  for (const [i, axis] of axes.entries()) {
    const at = positive(axis, x.shape.length);
    [start![at], stop![at], step![at]] = [starts[i]!, ends[i]!, steps[i]!];
  }
  return ops.slice(x, { start: start!, stop: stop!, step: step! });
}

type PadMode = "constant" | "reflect" | "edge" | "wrap";

/**
 * Returns the index of the entry that padding copies to `position`, a position outside or inside of an axis of size n.
 */
function repeatedAt(position: number, n: number, mode: PadMode): number {
  if (mode === "edge") return Math.min(Math.max(position, 0), n - 1);
  const period = mode === "wrap" ? n : Math.max(2 * (n - 1), 1);
  const at = ((position % period) + period) % period;
  return at < n ? at : period - at;
}

/** Adds entries before and after x along axes. Negative widths cut entries off. */
export function pad(x: Tensor, widths: readonly (readonly [number, number])[], mode: PadMode, value: number): Tensor {
  const cut = ops.slice(x, {
    start: widths.map(([before]) => (before < 0 ? -before : null)),
    stop: widths.map(([, after], axis) => (after < 0 ? x.shape[axis]! + after : null)),
  });
  const source = widths.some((pair) => pair.some((n) => n < 0)) ? cut : x;
  const added = widths.map(([before, after]) => [Math.max(before, 0), Math.max(after, 0)] as const);
  if (added.every((pair) => pair.every((n) => n === 0))) return source;
  if (mode === "constant") return ops.pad(source, { widths: added, value });
  return added.reduce((y, [before, after], axis) => {
    const n = y.shape[axis]!;
    if (before + after === 0) return y;
    if (n === 0) throw misfit(`an empty axis of ${shapeText(x.shape)} has no entry to repeat`);
    const length = before + n + after;
    if (length > 2 ** 31) throw misfit(`a padded axis has ${length} entries`);
    const positions = Array.from({ length }, (_, i) => repeatedAt(i - before, n, mode));
    return ops.take(y, vector(positions), { axis });
  }, source);
}

/** Moves blocks of channels to pixels, in the order of the axes [N, blocks down, blocks across, C, H, W]. */
function depthToSpace(x: Tensor, size: number, mode: "DCR" | "CRD"): Tensor {
  const [n, c, h, w] = x.shape as readonly [number, number, number, number];
  const depth = c / size ** 2;
  const isBlockFirst = mode === "DCR";
  const apart = ops.reshape(x, { shape: isBlockFirst ? [n, size, size, depth, h, w] : [n, depth, size, size, h, w] });
  const moved = ops.transpose(apart, { axes: isBlockFirst ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3] });
  return ops.reshape(moved, { shape: [n, depth, h * size, w * size] });
}

function spaceToDepth(x: Tensor, size: number): Tensor {
  const [n, c, h, w] = x.shape as readonly [number, number, number, number];
  const apart = ops.reshape(x, { shape: [n, c, h / size, size, w / size, size] });
  const moved = ops.transpose(apart, { axes: [0, 3, 5, 1, 2, 4] });
  return ops.reshape(moved, { shape: [n, c * size ** 2, h / size, w / size] });
}

/** Returns a tensor of equal numbers, which is broadcast from a single number without copies. */
const fill = (value: number, dtype: DType, shape: Shape): Tensor =>
  ops.broadcastTo(tensor(dtype === "bool" ? value !== 0 : value, { dtype }), { shape });

export const shapeOperators = (): readonly Operator[] => [
  same("Identity", (x) => x),
  operator("Reshape", [2, 2], { allowzero: flag(false) }, ([x, shape], { allowzero }, { numbers }) =>
    reshape(x, numbers(shape), allowzero),
  ),
  operator("Flatten", [1, 1], { axis: int(1) }, ([x], { axis }) => {
    const at = positive(axis, x.shape.length + (axis < 0 ? 0 : 1));
    return ops.reshape(x, { shape: [sizeOf(x.shape.slice(0, at)), sizeOf(x.shape.slice(at))] });
  }),
  operator("Transpose", [1, 1], { perm: ints }, ([x], { perm }) => ops.transpose(x, perm && { axes: perm })),
  operator("Squeeze", [1, 2], {}, ([x, axes], _, { numbers }) => ops.squeeze(x, axes && { axis: numbers(axes) })),
  operator("Unsqueeze", [2, 2], {}, ([x, axes], _, { numbers }) => unsqueeze(x, numbers(axes))),
  operator("Expand", [2, 2], {}, ([x, shape], _, { numbers }) => expand(x, numbers(shape))),
  variadic("Concat", { axis: int(0) }, (inputs, { axis }) => ops.concat(inputs, { axis })),
  operator(
    "Split",
    [1, 2],
    { axis: int(0), num_outputs: int(undefined) },
    ([x, sizes], { axis }, { numbers, outputs }) => {
      const at = positive(axis, x.shape.length);
      return split(x, at, sizes ? numbers(sizes) : sectionsOf(x, at, outputs));
    },
    { outputs: 2 ** 20 },
  ),
  operator("Slice", [3, 5], {}, ([x, from, to, along, by], _, { numbers }) => {
    const starts = numbers(from);
    const axes = along ? numbers(along) : [...starts.keys()];
    return slice(x, { starts, ends: numbers(to), axes, steps: by ? numbers(by) : starts.map(() => 1) });
  }),
  operator(
    "Pad",
    [2, 4],
    { mode: text("constant", "reflect", "edge", "wrap") },
    ([x, pads, value, along], { mode }, { numbers, constant }) => {
      const listed = numbers(pads);
      const rank = x.shape.length;
      if (listed.length !== 2 * (along ? along.size : rank))
        throw misfit(`pads has ${listed.length} entries for ${along ? along.size : rank} axes`);
      const widths = x.shape.map((): readonly [number, number] => [0, 0]);
      const axes = along ? numbers(along).map((axis) => positive(axis, rank)) : [...x.shape.keys()];
      for (const [i, axis] of axes.entries()) widths[axis] = [listed[i]!, listed[axes.length + i]!];
      const known = value ? constant(value) : 0;
      if (known !== undefined || mode !== "constant") return pad(x, widths, mode, known ?? 0);
      const isOutside = pad(fill(0, "bool", x.shape), widths, mode, 1); // the value is computed
      return ops.where(isOutside, value!, pad(x, widths, mode, 0));
    },
    { settings: [2] },
  ),
  operator("Tile", [2, 2], {}, ([x, reps], _, { numbers }) => ops.tile(x, { reps: numbers(reps) })),
  operator("Shape", [1, 1], { start: int(0), end: int(undefined) }, ([x], { start, end }) =>
    vector(x.shape.slice(start, end)),
  ),
  same("Size", (x) => tensor(x.size, { dtype: "int32" })),
  operator("ConstantOfShape", [1, 1], { value: tensorValue }, ([shape], { value }, { numbers }) =>
    value
      ? ops.broadcastTo(ops.reshape(value, { shape: [] }), { shape: numbers(shape) })
      : fill(0, "float32", numbers(shape)),
  ),
  operator("DepthToSpace", [1, 1], { blocksize: int(1), mode: text("DCR", "CRD") }, ([x], { blocksize, mode }) =>
    depthToSpace(x, blocksize, mode),
  ),
  operator("SpaceToDepth", [1, 1], { blocksize: int(1) }, ([x], { blocksize }) => spaceToDepth(x, blocksize)),
  operator("Trilu", [1, 2], { upper: flag(true) }, ([x, diagonal], { upper }, { number }) => {
    const k = diagonal ? number(diagonal) : 0;
    return upper ? ops.triu(x, { k }) : ops.tril(x, { k });
  }),
  operator(
    "Dropout",
    [1, 3],
    { seed: ignored, ratio: float(0.5) },
    ([x, ratio, training], _, { number }) => {
      const isTraining = training !== undefined && number(training) !== 0;
      if (isTraining && (ratio === undefined || number(ratio) !== 0))
        throw misfit("training_mode is true, and only inference is supported; export the model in eval mode");
      return [x, fill(1, "bool", x.shape)];
    },
    { outputs: 2 },
  ),
];
