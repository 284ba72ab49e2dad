import { type DType, DTypeError, ShapeError, type Tensor, type TensorLike, tensor, zerosLike } from "@wengert/core";
import {
  defineOp,
  describe,
  isSameShape,
  mixedDTypes,
  type NdArray,
  type Op,
  type Operand,
  prefixErrors,
  ravel,
  type Shape,
  shapeText,
  sizeOf,
  toTensors,
  withDefaults,
} from "@wengert/core/extend";
import { axisOf } from "../declaring/axes.ts";
import { sumCause } from "../declaring/nonFiniteCauses.ts";
import { irregular, type Wrapped, wrapOp } from "../declaring/samples.ts";
import { inFloat64 } from "../loops/alongAxes.ts";
import { reshape, reshapeTo } from "./reshape.ts";
import { broadcastTo } from "./sum.ts";
import { type AxisParams, asIndices, normalizeIndex, rowStarts, sampleIndices, take, takenDType } from "./take.ts";

// setAt and addAt are the functional updates x[indices] = values and x[indices] += values: they return a changed copy.

type Update = readonly [x: Tensor, indices: Tensor, values: Tensor];
const valuesShape = (x: Operand, indices: Operand, axis: number): Shape => x.shape.toSpliced(axis, 1, ...indices.shape);

/** Returns the values broadcast to `shape`. @throws ShapeError if the values do not broadcast */
function spread(values: Tensor, shape: Shape): Tensor {
  if (isSameShape(values.shape, shape)) return values;
  const missing = shape.length - values.shape.length;
  if (missing >= 0 && values.shape.every((n, i) => n === 1 || n === shape[i + missing]))
    return broadcastTo(values, { shape });
  throw new ShapeError(
    `${describe(values, "values")} must broadcast to ${shapeText(shape)}, the shape of the entries at the indices`,
  );
}

function updateDType([x, indices, values]: readonly [Operand, Operand, Operand]): DType {
  takenDType(x, indices);
  if (x.dtype === values.dtype) return x.dtype;
  throw mixedDTypes([x, "x"], [values, "values"]);
}

/**
 * Copies x to `out`. Then calls `update` for each entry of `values`, with its position in `out` and its position in
 * `values`.
 */
function updateEntries(
  out: NdArray,
  [x, indices]: readonly [NdArray, NdArray, NdArray],
  axis: number,
  update: (to: number, from: number) => void,
): void {
  out.data.set(ravel(x));
  const inner = sizeOf(out.shape.slice(axis + 1));
  let from = 0;
  for (const start of rowStarts(out.shape, axis, ravel(indices)))
    for (let l = 0; l < inner; l++) update(start + l, from++);
}

const setAtOp: Op<Update, AxisParams> = /* @__PURE__ */ defineOp({
  name: "setAt",
  options: { axis: undefined },
  params: ({ axis }, [x]) => ({ axis: axisOf(x, axis) }),
  shape: ([x]) => x.shape,
  dtype: (inputs) => updateDType(inputs),
  batch: ({ inputs: [, indices], batched: [, areIndices], params: { axis }, withBatch, again, perEntry }) =>
    areIndices ? perEntry() : again({ axis: axis + 1 }, [withBatch(0), indices, withBatch(2)]),
  kernel: (out, inputs, { axis }) => {
    const values = ravel(inputs[2]);
    updateEntries(out, inputs, axis, (to, from) => {
      out.data[to] = values[from]!;
    });
  },
  flops: () => 0,
  vjp: [
    (g, { inputs: [, indices, values], params }) => setAtOp(g, indices, zerosLike(values), params),
    null,
    (g, { inputs: [, indices], params }) => takeWinners(g, indices, params),
  ],
  samples: () => [[irregular([2, 3]), sampleIndices(), irregular([2, 2, 2], 2), { axis: 1 }]],
});

/**
 * Returns the entries of x at `indices` along `axis`, but 0 for an index that occurs again later. setAt uses this for
 * the cotangent of its values, because a value that a later value overwrites has no effect. The adjoint is setAt on
 * zeros.
 */
const takeWinners: Op<readonly [x: Tensor, indices: Tensor], AxisParams> = /* @__PURE__ */ defineOp({
  name: "takeWinners",
  options: { axis: undefined },
  shape: ([x, indices], { axis }) => valuesShape(x, indices, axis),
  dtype: ([x, indices]) => takenDType(x, indices),
  batch: ({ inputs: [, indices], batched: [, areIndices], params: { axis }, withBatch, again, perEntry }) =>
    areIndices ? perEntry() : again({ axis: axis + 1 }, [withBatch(0), indices]),
  kernel: (out, [x, indices], { axis }) => {
    const [source, inner, n] = [ravel(x), sizeOf(x.shape.slice(axis + 1)), x.shape[axis]!];
    const positions = Array.from(ravel(indices), (index, k) => normalizeIndex(index, k, axis, n));
    const last = new Map(positions.map((position, k) => [position, k]));
    let to = 0;
    for (const start of rowStarts(x.shape, axis, ravel(indices))) {
      const k = (to / inner) % positions.length;
      if (last.get(positions[k]!) === k) for (let l = 0; l < inner; l++) out.data[to + l] = source[start + l]!;
      to += inner;
    }
  },
  flops: () => 0,
  vjp: [(g, { inputs: [x, indices], params }) => setAtOp(zerosLike(x), indices, g, params), null],
  samples: () => [[irregular([2, 3]), sampleIndices(), { axis: 1 }]],
});

const addAtOp: Op<Update, AxisParams> = /* @__PURE__ */ defineOp({
  name: "addAt",
  options: { axis: undefined },
  params: ({ axis }, [x]) => ({ axis: axisOf(x, axis) }),
  shape: ([x]) => x.shape,
  dtype: (inputs) => {
    const dtype = updateDType(inputs);
    if (dtype !== "bool") return dtype;
    throw new DTypeError(
      `${describe(inputs[0], "x")} is bool, and bools cannot be added; write cast(${inputs[0].label ?? "x"}, { dtype: "int32" })`,
    );
  },
  batch: ({ inputs: [, indices], batched: [, areIndices], params: { axis }, withBatch, again, perEntry }) =>
    areIndices ? perEntry() : again({ axis: axis + 1 }, [withBatch(0), indices, withBatch(2)]),
  kernel: (out, inputs, { axis }) =>
    inFloat64(out, (exact) => {
      const values = ravel(inputs[2]);
      updateEntries(exact, inputs, axis, (to, from) => {
        exact.data[to]! += values[from]!;
      });
    }),
  flops: ([, , values]) => sizeOf(values.shape),
  vjp: [(g) => g, null, (g, { inputs: [, indices], params: { axis } }) => take(g, indices, { axis })],
  nonFinite: sumCause,
  samples: () => [[irregular([2, 3]), sampleIndices(), irregular([2, 2, 2], 2), { axis: 1 }]],
});

export interface UpdateOptions {
  /** The axis that the indices refer to. Default: all of x, in row-major order. */
  readonly axis?: number | undefined;
}
type UpdateAt = (x: TensorLike, indices: TensorLike, values: TensorLike, options?: UpdateOptions) => Tensor;

/**
 * Returns the function `setAt` or `addAt`: broadcasts the values to the shape of the selected entries of x, then
 * applies the op.
 */
const updateAt = (name: string, op: Op<Update, AxisParams>): Wrapped<UpdateAt, typeof op> =>
  wrapOp<UpdateAt, typeof op>(
    op,
    (x, indices, values, options) => {
      const { axis } = withDefaults<UpdateOptions>(name, options, { axis: undefined });
      const [source] = toTensors(name, [x], 1) as [Tensor];
      const [at] = toTensors(name, [prefixErrors(name, () => asIndices(indices))], 1) as [Tensor];
      const isBoolNumber = source.dtype === "bool" && (values === 0 || values === 1);
      const given = isBoolNumber ? tensor(values, { dtype: "bool" }) : values;
      const [, entries] = toTensors(name, [source, given], 2) as [Tensor, Tensor];
      return prefixErrors(name, () => {
        op.spec.dtype!([source, at, entries], { axis: 0 });
        const whole = axis === undefined ? reshape(source, { shape: [-1] }) : source;
        const along = axisOf(whole, axis ?? 0);
        const full = spread(entries, valuesShape(whole, at, along));
        return reshapeTo(op(whole, at, full, { axis: along }), source.shape);
      });
    },
    () => [
      [irregular([2, 3]), sampleIndices(), irregular([2, 2], 2), { axis: 1 }],
      [irregular([3, 2]), tensor([2, 0, -1], { dtype: "int32" }), irregular([3, 2], 2), { axis: 0 }],
      [irregular([2, 3]), 4, irregular([], 2)],
    ],
  );

/**
 * Returns a copy of x in which the entries at `indices` along `axis` are `values`, which broadcast to the shape of
 * `take(x, indices, { axis })`. If an index is repeated, its last value wins, and only that value receives a cotangent.
 * The cotangent of x is 0 at the indices. Without `axis`, indices count through x in row-major order.
 * @throws OutOfRangeError if an index is out of range
 */
export const setAt: Wrapped<UpdateAt, typeof setAtOp> = /* @__PURE__ */ updateAt("setAt", setAtOp);

/**
 * Returns a copy of x with `values` added to the entries at `indices` along `axis`. The values broadcast to the shape
 * of `take(x, indices, { axis })`; all values of a repeated index are added. The cotangent of the values is taken from
 * the same entries. Without `axis`, indices count through x in row-major order.
 * @throws OutOfRangeError if an index is out of range
 */
export const addAt: Wrapped<UpdateAt, typeof addAtOp> = /* @__PURE__ */ updateAt("addAt", addAtOp);
