import { ShapeError, type Tensor, tensor } from "@wengert/core";
import {
  defineOp,
  describe,
  type NdArray,
  ndarray,
  type Op,
  type Operand,
  prefixErrors,
  type Shape,
  toTensors,
  withDefaults,
} from "@wengert/core/extend";
import { axisOf } from "../declaring/axes.ts";
import { sumCause } from "../declaring/nonFiniteCauses.ts";
import { irregular, type Wrapped, wrapOp } from "../declaring/samples.ts";
import { alongAxes, inFloat64 } from "../loops/alongAxes.ts";
import { broadcastStrides } from "../loops/strided.ts";
import { reshape } from "./reshape.ts";
import { sumDType, unbroadcast } from "./sum.ts";
import {
  type AxisParams,
  asIndices,
  normalizeIndex,
  type ScatterParams,
  sampleIndices,
  sizeOption,
  type Take,
  takenDType,
} from "./take.ts";

const takeAlongOp: Op<readonly [x: Tensor, indices: Tensor], AxisParams> = /* @__PURE__ */ defineOp({
  name: "takeAlong",
  options: { axis: undefined },
  params: (options, [x]) => ({ axis: axisOf(x, options.axis) }),
  shape: ([x, indices], { axis }) => takenShape(x, indices, axis),
  dtype: ([x, indices]) => takenDType(x, indices),
  batch: "shift",
  kernel: (out, [x, indices], { axis }) => {
    if (out.data.length === 0) return; // there may be 2^50 slices without entries
    const [size, stride] = [x.shape[axis]!, x.stride[axis]!];
    alongAxes(
      [axis],
      out,
      [broadcastView(indices, out.shape), sliceStarts(x, out.shape, axis)],
      (n, y, o, r, a, i, s, b, j) => {
        for (let l = 0; l < n; l++) y[o + l * r] = b[j + normalizeIndex(a[i + l * s]!, l, axis, size) * stride]!;
      },
    );
  },
  flops: () => 0,
  vjp: [
    (g, { inputs: [x, indices], params: { axis } }) =>
      unbroadcast(scatterAddAlong(g, indices, { axis, size: x.shape[axis]! }), x),
    null,
  ],
  nonFinite: sumCause,
  samples: () => [[irregular([2, 3]), sampleIndices(), { axis: 1 }]],
});

/**
 * Returns an array with `size` entries along `axis`. In each slice, each entry of x is added at its index in `indices`.
 * The other entries are 0. The adjoint is `takeAlong`.
 */
export const scatterAddAlong: Op<readonly [x: Tensor, indices: Tensor], ScatterParams> = /* @__PURE__ */ defineOp({
  name: "scatterAddAlong",
  options: { axis: undefined, size: undefined },
  params: ({ axis, size }, [x]) => ({
    axis: axisOf(x, axis),
    size: sizeOption("size", size),
  }),
  shape: ([x, indices], { axis, size }) => {
    if (String(takenShape(x, indices, axis)) === String(x.shape)) return x.shape.with(axis, size);
    throw new ShapeError(`${describe(x, "x")} must have the shape of ${describe(indices, "indices")}`);
  },
  dtype: ([x, indices]) => sumDType([{ dtype: takenDType(x, indices) }]),
  batch: "shift",
  kernel: (out, [x, indices], { axis, size }) =>
    inFloat64(out, (exact) => {
      if (x.shape.includes(0)) return;
      const stride = exact.stride[axis]!;
      const slices = sliceStarts(exact, exact.shape, axis);
      alongAxes([axis], slices, [x, broadcastView(indices, x.shape)], (n, y, o, _, a, i, s, b, j, t) => {
        for (let l = 0; l < n; l++) y[o + normalizeIndex(b[j + l * t]!, l, axis, size) * stride]! += a[i + l * s]!;
      });
    }),
  vjp: [(g, { inputs: [, indices], params: { axis } }) => takeAlongOp(g, indices, { axis }), null],
  nonFinite: sumCause,
  samples: () => [[irregular([2, 2]), sampleIndices(), { axis: 1, size: 3 }]],
});

/**
 * Returns the entries of x at `indices` (int32, same rank as x) in each slice along `axis`. −1 is the last entry. Other
 * axes of size 1 broadcast. Without `axis`, a vector of indices counts through x in row-major order. If an entry is
 * taken twice, its cotangents are added.
 * @throws OutOfRangeError if an index is out of range
 */
export const takeAlong: Wrapped<Take, typeof takeAlongOp> = /* @__PURE__ */ wrapOp<Take, typeof takeAlongOp>(
  takeAlongOp,
  (x, indices, options) => {
    const { axis } = withDefaults("takeAlong", options, { axis: undefined });
    const allIndices = prefixErrors("takeAlong", () => asIndices(indices));
    if (axis !== undefined) return takeAlongOp(x, allIndices, { axis });
    const [source, indexTensor] = toTensors("takeAlong", [x, allIndices], 2) as [Tensor, Tensor];
    if (indexTensor.shape.length === 1) return takeAlongOp(reshape(source, { shape: [-1] }), indexTensor, { axis: 0 });
    const rule = `without an axis, indices into ${describe(source, "x")} must be a vector`;
    throw new ShapeError(`takeAlong: ${rule}, got ${describe(indexTensor, "indices")}; write { axis: ... }`);
  },
  () => [
    [irregular([2, 3]), sampleIndices(), { axis: 1 }],
    [irregular([3, 1]), sampleIndices(), { axis: 0 }],
    [irregular([2, 3, 2]), reshape(sampleIndices(), { shape: [1, 2, 2] }), { axis: 1 }],
    [irregular([2, 3]), tensor([5, -1, 5], { dtype: "int32" })],
  ],
);

/**
 * Returns the shape of the entries taken from `x` at `indices`. Along `axis`, the size is that of the indices.
 * @throws ShapeError unless the other axes broadcast.
 */
function takenShape(x: Operand, indices: Operand, axis: number): Shape {
  if (sizesAgree(x, indices, axis)) return indices.shape.map((n, i) => (i === axis || n !== 1 ? n : x.shape[i]!));
  const expected = x.shape.map((n, i) => (i === axis ? "n" : n)).join(", ");
  const likelyAxis = x.shape.findIndex((_, other) => sizesAgree(x, indices, other));
  const isOther = x.shape.length !== indices.shape.length;
  const hint = isOther
    ? "; take accepts indices of any shape"
    : likelyAxis < 0
      ? ""
      : `; did you mean { axis: ${likelyAxis} }?`;
  throw new ShapeError(
    `${describe(x, "x")} along axis ${axis} needs indices [${expected}], where sizes may also be 1; got ${describe(indices, "indices")}${hint}`,
  );
}

/** Returns whether two shapes broadcast along every axis except `axis`: sizes are equal, or one is 1. */
const sizesAgree = ({ shape }: Operand, indices: Operand, axis: number): boolean =>
  shape.length === indices.shape.length &&
  shape.every((n, i) => i === axis || n === 1 || [1, n].includes(indices.shape[i]!));

const broadcastView = (x: NdArray, shape: Shape): NdArray =>
  ndarray(x.data, shape, broadcastStrides(x, shape), x.offset);

/** Returns a view of the first entry of each slice along `axis`. `x` broadcasts to `shape` along the other axes. */
const sliceStarts = (x: NdArray, shape: Shape, axis: number): NdArray =>
  ndarray(x.data, shape.toSpliced(axis, 1), broadcastStrides(x, shape).toSpliced(axis, 1), x.offset);
