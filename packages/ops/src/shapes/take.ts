import {
  ArgumentError,
  type DType,
  DTypeError,
  OutOfRangeError,
  ShapeError,
  type Tensor,
  type TensorLike,
  tensor,
} from "@wengert/core";
import {
  accumulate,
  checkDType,
  defineOp,
  describe,
  type Inputs,
  isList,
  type NdArray,
  type Op,
  type Operand,
  prefixErrors,
  ravel,
  type Shape,
  show,
  sizeOf,
  toTensors,
  withDefaults,
} from "@wengert/core/extend";
import { axisOf } from "../declaring/axes.ts";
import { sumCause } from "../declaring/nonFiniteCauses.ts";
import { irregular, type Wrapped, wrapOp } from "../declaring/samples.ts";
import { inFloat64 } from "../loops/alongAxes.ts";
import { reshape, transpose } from "./reshape.ts";
import { sumDType } from "./sum.ts";

/** The axis that the indices refer to. */
export interface AxisParams {
  readonly axis: number;
}

/** Indices into an axis: an int32 tensor, a whole number, or a list of whole numbers. */
export type Indices = TensorLike | readonly number[];

export interface ScatterParams extends AxisParams {
  readonly size: number;
}

export type Take = (x: TensorLike, indices: Indices, options?: { readonly axis?: number | undefined }) => Tensor;

/** Returns sample indices: a [2, 2] tensor for an axis of size 3, with one index repeated. */
export const sampleIndices = (): Tensor =>
  tensor(
    [
      [2, 0],
      [2, -1],
    ],
    { dtype: "int32" },
  );

const takeOp: Op<readonly [x: Tensor, indices: Tensor], AxisParams> = /* @__PURE__ */ defineOp({
  name: "take",
  options: { axis: undefined },
  params: (options, [x]) => ({ axis: axisOf(x, options.axis) }),
  shape: ([x, indices], { axis }) => x.shape.toSpliced(axis, 1, ...indices.shape),
  dtype: ([x, indices]) => takenDType(x, indices),
  batch: (call) => {
    const { inputs, batched, params, again } = call;
    if (batched[0]) return batched[1] ? call.perEntry() : again({ axis: params.axis + 1 }, inputs);
    const taken = again(params, inputs); // the batch is the first axis of the indices
    const { axis } = params;
    const others = [...taken.shape.keys()].filter((each) => each !== axis);
    return axis === 0 ? taken : transpose(taken, { axes: [axis, ...others] });
  },
  kernel: (out, [x, indices], { axis }) => {
    const [source, inner] = [ravel(x), sizeOf(x.shape.slice(axis + 1))];
    let at = 0;
    for (const start of rowStarts(x.shape, axis, ravel(indices))) {
      if (inner < copyThreshold) for (let l = 0; l < inner; l++) out.data[at + l] = source[start + l]!;
      else out.data.set(source.subarray(start, start + inner), at);
      at += inner;
    }
  },
  flops: () => 0,
  vjp: [
    (g, { inputs: [x, indices], params: { axis } }) => scatterAdd(g, indices, { axis, size: x.shape[axis]! }),
    null,
  ],
  vjpOfUses: (gs, calls) => {
    const { shape } = calls[0]!.inputs[0];
    const sums = [...shape.keys()].flatMap((axis) => {
      const uses = calls.flatMap(({ params }, k) => (params.axis === axis ? [k] : []));
      if (uses.length === 0) return [];
      const inputs = [...uses.map((k) => gs[k]!), ...uses.map((k) => calls[k]!.inputs[1])];
      return [scatterAddAll(inputs, { axis, size: shape[axis]! })];
    });
    return sums.reduce((sum, each) => accumulate(sum, each));
  },
  nonFinite: sumCause,
  samples: () => [[irregular([2, 3, 2]), sampleIndices(), { axis: 1 }]],
});

/** The smallest run length for which TypedArray.set is faster than a loop, including the time to create a subarray. */
const copyThreshold = 32;

/**
 * Returns an array with `size` entries along `axis`, in which each entry of x is added at its index in `indices`. The
 * other entries are 0. The adjoint is `take`.
 */
export const scatterAdd: Op<readonly [x: Tensor, indices: Tensor], ScatterParams> = /* @__PURE__ */ defineOp({
  name: "scatterAdd",
  options: { axis: undefined, size: undefined },
  params: ({ axis, size }, [x, indices]) => ({
    axis: axisOf(x, axis, x.shape.length - indices.shape.length + 1),
    size: sizeOption("size", size),
  }),
  shape: ([x, indices], { axis, size }) => {
    const [outer, taken] = [x.shape.slice(0, axis), x.shape.slice(axis, axis + indices.shape.length)];
    if (String(taken) === String(indices.shape)) return [...outer, size, ...x.shape.slice(axis + taken.length)];
    throw new ShapeError(
      `${describe(x, "x")} must have the shape of ${describe(indices, "indices")} from axis ${axis} on`,
    );
  },
  dtype: ([x, indices]) => sumDType([{ dtype: takenDType(x, indices) }]),
  batch: ({ inputs, batched: [, areIndices], params: { axis, size }, again, perEntry }) =>
    areIndices ? perEntry() : again({ axis: axis + 1, size }, inputs),
  kernel: (out, [x, indices], { axis }) => inFloat64(out, (exact) => addAt(exact, x, indices, axis)),
  vjp: [(g, { inputs: [, indices], params: { axis } }) => takeOp(g, indices, { axis }), null],
  nonFinite: sumCause,
  samples: () => [[irregular([2, 2, 2, 2]), sampleIndices(), { axis: 1, size: 3 }]],
});

/**
 * Returns the sum of the results of several `scatterAdd` calls along one axis. The inputs are the tensors of all calls,
 * followed by the indices of all calls.
 */
export const scatterAddAll: Op<Inputs, ScatterParams> = /* @__PURE__ */ defineOp({
  name: "scatterAddAll",
  options: { axis: undefined, size: undefined },
  shape: (inputs, { axis, size }) => {
    const [x, indices] = [inputs[0]!, inputs[inputs.length / 2]!];
    return x.shape.toSpliced(axis, indices.shape.length, size);
  },
  dtype: ([x]) => x!.dtype,
  batch: ({ inputs, batched, params: { axis, size }, withBatch, again, perEntry }) => {
    const count = inputs.length / 2;
    const entries = inputs.map((indices, k) => (k < count ? withBatch(k) : indices));
    return batched.some((isBatched, k) => isBatched && k >= count)
      ? perEntry()
      : again({ axis: axis + 1, size }, entries);
  },
  kernel: (out, arrays, { axis }) =>
    inFloat64(out, (exact) => {
      const count = arrays.length / 2;
      for (let k = 0; k < count; k++) addAt(exact, arrays[k]!, arrays[k + count]!, axis);
    }),
  vjp: (g, { inputs, params: { axis } }, needed) =>
    inputs.map((_, k) => (needed[k] ? takeOp(g, inputs[k + inputs.length / 2]!, { axis }) : null)),
  nonFinite: sumCause,
  samples: () => [
    [[irregular([2, 2, 2, 2]), irregular([2, 2, 2, 2], 2), sampleIndices(), sampleIndices()], { axis: 1, size: 3 }],
  ],
});

/** Adds the entries of x to `out` at `indices` along `axis`. */
function addAt(out: NdArray, x: NdArray, indices: NdArray, axis: number): void {
  const [source, inner] = [ravel(x), sizeOf(out.shape.slice(axis + 1))];
  let at = 0;
  for (const start of rowStarts(out.shape, axis, ravel(indices))) {
    for (let l = 0; l < inner; l++) out.data[start + l]! += source[at++]!;
  }
}

/**
 * Returns the entries of x at `indices` along `axis`. `indices` is int32 of any rank, and its axes replace `axis` in
 * the output. −1 is the last entry. Without `axis`, indices count through x in row-major order. If an entry is taken
 * twice, its cotangents are added.
 * @throws OutOfRangeError if an index is out of range
 */
export const take: Wrapped<Take, typeof takeOp> = /* @__PURE__ */ wrapOp<Take, typeof takeOp>(
  takeOp,
  (x, indices, options) => {
    const { axis } = withDefaults("take", options, { axis: undefined });
    const [source, indexTensor] = toTensors("take", [x, prefixErrors("take", () => asIndices(indices))], 2) as [
      Tensor,
      Tensor,
    ];
    if (axis !== undefined) return takeOp(source, indexTensor, { axis });
    return takeOp(reshape(source, { shape: [-1] }), indexTensor, { axis: 0 });
  },
  () => [
    [irregular([2, 3, 2]), sampleIndices(), { axis: 1 }],
    [irregular([2, 3]), sampleIndices()],
    [irregular([2, 3]), 1, { axis: -1 }],
  ],
);

/**
 * Returns indices as int32, also from numbers.
 * @throws OutOfRangeError unless all indices are whole numbers that int32 can represent.
 */
export function asIndices(indices: Indices): TensorLike {
  if (isList(indices)) {
    const wrong = indices.findIndex((index) => typeof index !== "number");
    if (wrong >= 0)
      throw new ArgumentError(`indices must be a tensor or whole numbers, got ${show(indices[wrong])} at [${wrong}]`);
    for (const index of indices) asIndices(index);
    return tensor(indices, { dtype: "int32" });
  }
  if (typeof indices !== "number") return indices;
  if (indices === (indices | 0)) return tensor(indices, { dtype: "int32" });
  const hint = Number.isInteger(indices) ? "" : "; round it";
  throw new OutOfRangeError(`an index must be a whole number in int32, got ${indices}${hint}`);
}

/** Returns the value of an option that is a size. @throws ArgumentError unless the size is a whole number ≥ 0. */
export function sizeOption(name: string, size: unknown): number {
  if (Number.isSafeInteger(size) && (size as number) >= 0) return size as number;
  const hint = size === undefined ? `; write { ${name}: ... }` : "";
  throw new ArgumentError(`${name} must be a whole number of at least 0, got ${show(size)}${hint}`);
}

/** Yields the row-major offset of each entry at `indices` along `axis`, in an array of `shape`. */
export function* rowStarts(shape: Shape, axis: number, indices: ArrayLike<number>): Generator<number> {
  const [n, inner] = [shape[axis]!, sizeOf(shape.slice(axis + 1))];
  const allOuter = sizeOf(shape.slice(0, axis));
  const outer = inner * indices.length === 0 ? Math.min(1, allOuter) : allOuter; // only to check the indices
  for (let o = 0; o < outer; o++) {
    for (let k = 0; k < indices.length; k++) {
      yield (o * n + normalizeIndex(indices[k]!, k, axis, n)) * inner;
    }
  }
}

/**
 * Returns `index` as a non-negative index of an axis of size `n`: adds n to a negative index. `k` is the position of
 * `index` in the list of indices, for error messages.
 * @throws OutOfRangeError if the index is out of range.
 */
export function normalizeIndex(index: number, k: number, axis: number, n: number): number {
  if (index >= -n && index < n) return index < 0 ? index + n : index;
  const range = n === 0 ? ", which has no entries" : `; it must be from ${-n} to ${n - 1}`;
  throw new OutOfRangeError(`index ${index} (number ${k}) is outside axis ${axis} of size ${n}${range}`);
}

/** Returns the dtype of entries taken from `x`. @throws DTypeError unless the indices are int32. */
export function takenDType(x: Operand, indices: Operand): DType {
  if (indices.dtype === "int32") return x.dtype;
  const name = indices.label ?? "indices";
  const isMask = indices.dtype === "bool" && x !== indices;
  const mask = isMask ? `; to select by a mask, write where(${name}, ${x.label ?? "x"}, 0)` : "";
  throw new DTypeError(
    `indices must be int32, got ${describe(indices, name)} with dtype ${indices.dtype}; write cast(${name}, { dtype: "int32" })${mask}`,
  );
}

interface Classes {
  readonly numClasses: number;
  readonly dtype: DType;
}

export interface OneHotOptions {
  /** The number of classes: the size of the new axis. */
  readonly numClasses: number;
  /** The dtype of the result. Default: float64. */
  readonly dtype?: DType | undefined;
}

type OneHot = (indices: Indices, options: OneHotOptions) => Tensor;

const oneHotOp: Op<readonly [indices: Tensor], Classes, OneHotOptions> = /* @__PURE__ */ defineOp({
  name: "oneHot",
  options: { numClasses: undefined, dtype: "float64" },
  params: ({ numClasses, dtype }) => ({
    numClasses: sizeOption("numClasses", numClasses),
    dtype: checkDType(dtype),
  }),
  shape: ([indices], { numClasses }) => [...indices.shape, numClasses],
  dtype: ([indices], { dtype }) => {
    takenDType(indices, indices);
    return dtype;
  },
  batch: "broadcast",
  kernel: (out, [indices], { numClasses }) => {
    for (const [row, index] of ravel(indices).entries()) {
      if (index < 0 || index >= numClasses) {
        throw new OutOfRangeError(
          `index ${index} of row ${row} is outside 0 … ${numClasses - 1}; are there more classes than numClasses?`,
        );
      }
      out.data[row * numClasses + index] = 1;
    }
  },
  vjp: [null],
  samples: () => [[tensor([2, 0], { dtype: "int32" }), { numClasses: 3 }]],
});

/**
 * Returns one-hot rows, with 1 at the index of the class and 0 elsewhere, along a new last axis of size `numClasses`.
 * Not differentiable.
 * @throws OutOfRangeError if an index is outside 0 … numClasses − 1
 */
export const oneHot: Wrapped<OneHot, typeof oneHotOp> = /* @__PURE__ */ wrapOp<OneHot, typeof oneHotOp>(
  oneHotOp,
  (indices, options) =>
    oneHotOp(
      prefixErrors("oneHot", () => asIndices(indices)),
      options,
    ),
  () => oneHotOp.spec.samples(),
);
