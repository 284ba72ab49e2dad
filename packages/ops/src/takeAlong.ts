import {
  complete,
  defineOp,
  describe,
  type Op,
  type Operand,
  ShapeError,
  type Tensor,
  tensor,
  toTensors,
} from "@wengert/core";
import { type NdArray, ndarray, type Shape } from "@wengert/core/ndarray";
import { axisOf } from "./axes.ts";
import { ofTotal } from "./causes.ts";
import { alongAxes, broadcastStrides, inDoubles } from "./loops.ts";
import { type Front, inFrontOf, irregular } from "./samples.ts";
import { reshape } from "./shape.ts";
import { counted, unbroadcast } from "./sum.ts";
import { type Along, indexed, placeOf, type Sized, sizeIn, someIndices, type Take } from "./take.ts";

const alongAxis: Op<readonly [x: Tensor, indices: Tensor], Along> = /* @__PURE__ */ defineOp({
  name: "takeAlong",
  options: { axis: undefined },
  params: (options, [x]) => ({ axis: axisOf("takeAlong", x, options.axis) }),
  shape: ([x, indices], { axis }) => takenShape("takeAlong", x, indices, axis),
  dtype: ([x, indices]) => indexed("takeAlong", x, indices),
  kernel: (out, [x, indices], { axis }) => {
    const [size, stride] = [x.shape[axis]!, x.stride[axis]!];
    alongAxes([axis], out, [repeated(indices, out.shape), starts(x, out.shape, axis)], (n, y, o, r, a, i, s, b, j) => {
      for (let l = 0; l < n; l++) y[o + l * r] = b[j + placeOf("takeAlong", a[i + l * s]!, l, axis, size) * stride]!;
    });
  },
  flops: () => 0,
  vjp: [
    (g, { inputs: [x, indices], params: { axis } }) =>
      unbroadcast(untakeAlong(g, indices, { axis, size: x.shape[axis]! }), x),
    null,
  ],
  nonFinite: ofTotal,
  samples: () => [[irregular([2, 3]), someIndices(), { axis: 1 }]],
});

/** Zeros, with `size` entries along `axis`, to which x is added where `takeAlong` would have taken it from. */
export const untakeAlong: Op<readonly [x: Tensor, indices: Tensor], Sized> = /* @__PURE__ */ defineOp({
  name: "untakeAlong",
  options: { axis: undefined, size: undefined },
  params: ({ axis, size }, [x]) => ({
    axis: axisOf("untakeAlong", x, axis),
    size: sizeIn("untakeAlong", "size", size),
  }),
  shape: ([x, indices], { axis, size }) => {
    if (String(takenShape("untakeAlong", x, indices, axis)) === String(x.shape)) return x.shape.with(axis, size);
    throw new ShapeError(`untakeAlong: ${describe(x, "x")} must have the shape of ${describe(indices, "indices")}`);
  },
  dtype: ([x, indices]) => counted([{ dtype: indexed("untakeAlong", x, indices) }]),
  kernel: (out, [x, indices], { axis, size }) =>
    inDoubles(out, (exact) => {
      const stride = exact.stride[axis]!;
      const lanes = starts(exact, exact.shape, axis);
      alongAxes([axis], lanes, [x, repeated(indices, x.shape)], (n, y, o, _, a, i, s, b, j, t) => {
        for (let l = 0; l < n; l++)
          y[o + placeOf("untakeAlong", b[j + l * t]!, l, axis, size) * stride]! += a[i + l * s]!;
      });
    }),
  vjp: [(g, { inputs: [, indices], params: { axis } }) => alongAxis(g, indices, { axis }), null],
  nonFinite: ofTotal,
  samples: () => [[irregular([2, 2]), someIndices(), { axis: 1, size: 3 }]],
});

/**
 * The entries of x that `indices` (int32, with the axes of x) name in each lane along `axis`: −1 is the last. Along other
 * axes sizes of 1 are repeated, and without `axis` a vector of indices counts through x row by row. What is named twice is
 * taken twice, and its cotangents add up.
 * @throws OutOfRangeError for an index that x does not have.
 */
export const takeAlong: Front<Take, typeof alongAxis> = /* @__PURE__ */ inFrontOf<Take, typeof alongAxis>(
  alongAxis,
  (x, indices, options) => {
    const { axis } = complete("takeAlong", options, { axis: undefined });
    if (axis !== undefined) return alongAxis(x, indices, { axis });
    const [from, which] = toTensors("takeAlong", [x, indices], 2) as [Tensor, Tensor];
    if (which.shape.length === 1) return alongAxis(reshape(from, { shape: [-1] }), which, { axis: 0 });
    const rule = `without an axis a vector of indices counts through ${describe(from, "x")} row by row`;
    throw new ShapeError(`takeAlong: ${rule}, got ${describe(which, "indices")}; write { axis: ... }`);
  },
  () => [
    [irregular([2, 3]), someIndices(), { axis: 1 }],
    [irregular([3, 1]), someIndices(), { axis: 0 }],
    [irregular([2, 3, 2]), reshape(someIndices(), { shape: [1, 2, 2] }), { axis: 1 }],
    [irregular([2, 3]), tensor([5, -1, 5], { dtype: "int32" })],
  ],
);

/** The shape of what `indices` take from `x`, or of what was taken: along the axis that of the indices. @throws ShapeError. */
function takenShape(who: string, x: Operand, indices: Operand, axis: number): Shape {
  if (agree(x, indices, axis)) return indices.shape.map((n, i) => (i === axis || n !== 1 ? n : x.shape[i]!));
  const wanted = x.shape.map((n, i) => (i === axis ? "n" : n)).join(", ");
  const meant = x.shape.findIndex((_, other) => agree(x, indices, other));
  const isOther = x.shape.length !== indices.shape.length;
  const cure = isOther ? "; take is for indices of any shape" : meant < 0 ? "" : `; did you mean { axis: ${meant} }?`;
  throw new ShapeError(
    `${who}: ${describe(x, "x")} along axis ${axis} needs indices [${wanted}], or 1 for a size, got ${describe(indices, "indices")}${cure}`,
  );
}

/** Whether sizes agree, or one is 1, along all axes but one. */
const agree = ({ shape }: Operand, indices: Operand, axis: number): boolean =>
  shape.length === indices.shape.length &&
  shape.every((n, i) => i === axis || n === 1 || [1, n].includes(indices.shape[i]!));

const repeated = (x: NdArray, shape: Shape): NdArray => ndarray(x.data, shape, broadcastStrides(x, shape), x.offset);

/** The first entry of each lane along `axis` of an array that is repeated to `shape` along the other axes. */
const starts = (x: NdArray, shape: Shape, axis: number): NdArray =>
  ndarray(x.data, shape.toSpliced(axis, 1), broadcastStrides(x, shape).toSpliced(axis, 1), x.offset);
