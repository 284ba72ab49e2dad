import { type Tensor, tensor } from "@wengert/core";
import { type Shape, sizeOf } from "@wengert/core/extend";
import * as ops from "@wengert/ops";
import { castTo } from "./elementwise.ts";
import { int, type Operator, operator, text } from "./operator.ts";
import { positive, vector } from "./shapes.ts";

// Operators that read and write entries at indices. ONNX counts negative indices from the end.

/** Returns indices counted from the start. An index outside its axis becomes `invalid`, for which the ops throw an error. */
function checkedIndices(indices: Tensor, size: number, invalid: number): Tensor {
  const counted = ops.where(ops.less(indices, 0), ops.add(indices, size), indices);
  const isInside = ops.logicalAnd(ops.greaterEqual(counted, 0), ops.less(counted, size));
  return ops.where(isInside, counted, invalid);
}

/** Returns the strides of a row-major array, in elements. */
const stridesOf = (shape: Shape): number[] => shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));

/**
 * Converts index tuples to positions in a flattened array of shape `sizes`, like `numpy.ravel_multi_index`. The tuples
 * are along the last axis of `indices`.
 */
function flatPositions(indices: Tensor, sizes: Shape): Tensor {
  const [axis, total, strides] = [indices.shape.length - 1, sizeOf(sizes), stridesOf(sizes)];
  const along = (k: number) => ops.take(indices, k, { axis });
  if (sizes.length === 0) return ops.sum(indices, { axis });
  const parts = sizes.map((n, k) => {
    const index = checkedIndices(along(k), n, total); // total is outside the array for any stride of at least 1
    return ops.where(ops.equal(index, total), total, ops.mul(index, strides[k]!));
  });
  return ops.minimum(
    parts.reduce((sum, each) => ops.add(sum, each)),
    total,
  );
}

/** Returns `arange(n) * step`, reshaped for broadcasting: the size is n along `axis`, and 1 along all other axes. */
const alongAxis = (n: number, axis: number, rank: number, step: number): Tensor =>
  ops.reshape(ops.mul(ops.arange(0, n, { dtype: "int32" }), step), {
    shape: Array.from({ length: rank }, (_, i) => (i === axis ? n : 1)),
  });

/**
 * Returns the position, in a flattened array of shape `shape`, to which ScatterElements writes each value. `indices`
 * are indices along axis `at`.
 */
function elementPositions(indices: Tensor, shape: Shape, at: number): Tensor {
  const [strides, total] = [stridesOf(shape), sizeOf(shape)];
  const checked = checkedIndices(indices, shape[at]!, -1);
  const parts = indices.shape.map((n, axis) =>
    axis === at ? ops.mul(checked, strides[at]!) : alongAxis(n, axis, shape.length, strides[axis]!),
  );
  const positions = parts.reduce((sum, each) => ops.add(sum, each));
  return ops.where(ops.less(checked, 0), total, positions);
}

type ScatterReduction = "none" | "add";

/** Replaces entries of x at positions along axis 0 by `values`, or adds `values` to these entries. */
const write = (x: Tensor, positions: Tensor, values: Tensor, reduction: ScatterReduction): Tensor =>
  (reduction === "add" ? ops.addAt : ops.setAt)(x, positions, values, { axis: 0 });

function scatterElements(x: Tensor, indices: Tensor, values: Tensor, at: number, reduction: ScatterReduction): Tensor {
  const positions = elementPositions(indices, x.shape, at);
  const flat = (y: Tensor) => ops.reshape(y, { shape: [-1] });
  const target = ops.reshape(x, { shape: [x.size] });
  if (indices.size === 0) return x;
  return ops.reshape(write(target, flat(positions), flat(values), reduction), { shape: x.shape });
}

/**
 * Returns the entries of x at index tuples, like the ONNX operator GatherND. The tuples are along the last axis of
 * `indices`. The first `batch` axes of x and `indices` are batch axes.
 */
function gatherTuples(x: Tensor, indices: Tensor, batch: number): Tensor {
  const depth = indices.shape.at(-1)!;
  const [batches, sizes, rest] = [
    x.shape.slice(0, batch),
    x.shape.slice(batch, batch + depth),
    x.shape.slice(batch + depth),
  ];
  const [groups, total] = [sizeOf(batches), sizeOf(sizes)];
  const shape = [...indices.shape.slice(0, -1), ...rest];
  const positions = ops.reshape(flatPositions(indices, sizes), {
    shape: [groups, sizeOf(indices.shape.slice(batch, -1))],
  });
  const offsets = ops.reshape(vector(Array.from({ length: groups }, (_, i) => i * total)), { shape: [groups, 1] });
  const isInside = ops.less(positions, total);
  const rows = ops.where(isInside, ops.add(positions, offsets), groups * total);
  const source = ops.reshape(x, { shape: [groups * total, sizeOf(rest)] });
  return ops.reshape(ops.take(source, rows, { axis: 0 }), { shape });
}

function scatterTuples(x: Tensor, indices: Tensor, values: Tensor, reduction: ScatterReduction): Tensor {
  const depth = indices.shape.at(-1)!;
  const [sizes, rest] = [x.shape.slice(0, depth), x.shape.slice(depth)];
  const count = sizeOf(indices.shape.slice(0, -1));
  const positions = ops.reshape(flatPositions(indices, sizes), { shape: [count] });
  const target = ops.reshape(x, { shape: [sizeOf(sizes), sizeOf(rest)] });
  const rows = ops.reshape(values, { shape: [count, sizeOf(rest)] });
  return ops.reshape(write(target, positions, rows, reduction), { shape: x.shape });
}

/** Gathers entries of x along `axis`, like `torch.gather`. Along each other axis, `indices` may be smaller than x. */
function gatherElements(x: Tensor, indices: Tensor, axis: number): Tensor {
  const at = positive(axis, x.shape.length);
  const source = ops.slice(x, { stop: x.shape.map((_, i) => (i === at ? null : (indices.shape[i] ?? null))) });
  return ops.takeAlong(source, indices, { axis: at });
}

function oneHot(indices: Tensor, depth: number, values: Tensor, axis: number): Tensor {
  const counted = castTo(indices, "int32");
  const at = positive(axis, indices.shape.length + 1);
  const index = ops.where(ops.less(counted, 0), ops.add(counted, depth), counted);
  const classes = alongAxis(depth, at, indices.shape.length + 1, 1);
  const isClass = ops.equal(ops.expandDims(index, { axis: at }), classes);
  return ops.where(isClass, ops.take(values, 1, { axis: 0 }), ops.take(values, 0, { axis: 0 }));
}

/** The supported values of the attribute `reduction` of ScatterElements and ScatterND. */
const reductionText = /* @__PURE__ */ text("none", "add");

export const indexOperators = (): readonly Operator[] => [
  operator("Gather", [2, 2], { axis: int(0) }, ([x, indices], { axis }) => ops.take(x, indices, { axis })),
  operator("GatherElements", [2, 2], { axis: int(0) }, ([x, indices], { axis }) => gatherElements(x, indices, axis)),
  operator("GatherND", [2, 2], { batch_dims: int(0) }, ([x, indices], { batch_dims }) =>
    gatherTuples(x, indices, batch_dims),
  ),
  operator(
    "ScatterElements",
    [3, 3],
    { axis: int(0), reduction: reductionText },
    ([x, indices, values], { axis, reduction }) =>
      scatterElements(x, indices, values, positive(axis, x.shape.length), reduction),
  ),
  operator("ScatterND", [3, 3], { reduction: reductionText }, ([x, indices, values], { reduction }) =>
    scatterTuples(x, indices, values, reduction),
  ),
  operator("OneHot", [3, 3], { axis: int(-1) }, ([indices, depth, values], { axis }, { number }) =>
    oneHot(indices, Math.trunc(number(depth)), values, axis),
  ),
  operator("NonZero", [1, 1], {}, ([x], _, { numbers }) => {
    const found = numbers(x).flatMap((value, i) => (value !== 0 ? [i] : []));
    const strides = stridesOf(x.shape);
    const positions = x.shape.map((n, axis) => found.map((i) => Math.floor(i / strides[axis]!) % n));
    return tensor(positions.flat(), { dtype: "int32", shape: [x.shape.length, found.length] });
  }),
  operator("Compress", [2, 2], { axis: int(undefined) }, ([x, condition], { axis }, { numbers }) => {
    const kept = numbers(condition).flatMap((isKept, i) => (isKept ? [i] : []));
    const source = axis === undefined ? ops.reshape(x, { shape: [x.size] }) : x;
    return ops.take(source, vector(kept), { axis: axis ?? 0 });
  }),
  operator(
    "ReverseSequence",
    [2, 2],
    { time_axis: int(0), batch_axis: int(1) },
    ([x, lengths], { time_axis, batch_axis }, { numbers }) => {
      const steps = x.shape[time_axis]!;
      const rows = numbers(lengths).map((n) => Array.from({ length: steps }, (_, t) => (t < n ? n - 1 - t : t)));
      const positions = tensor(batch_axis < time_axis ? rows : transposed(rows, steps), { dtype: "int32" });
      const shape = x.shape.map((n, axis) => (axis === time_axis || axis === batch_axis ? n : 1));
      return ops.takeAlong(x, ops.reshape(positions, { shape }), { axis: time_axis });
    },
  ),
];

const transposed = (rows: readonly (readonly number[])[], columns: number): number[][] =>
  Array.from({ length: columns }, (_, i) => rows.map((row) => row[i]!));
