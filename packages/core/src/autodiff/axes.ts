import { tensor } from "../values/create.ts";
import { type NdArray, ndarray, ravel, type Shape, sizeOf } from "../values/ndarray.ts";
import { defineOp, type Op, type Unary } from "./op.ts";

// vmap runs a function on a batch of tensors at once, with the batch along axis 0. vmap uses the ops in this file to
// insert, move, repeat and sum axes. All of these ops but `sumAxis` return views.

interface Axes {
  readonly axes: readonly number[];
}

/** Returns x with new axes of size 1. `axes` are their positions in the output, in ascending order. */
export const insertAxes: Op<Unary, Axes> = /* @__PURE__ */ defineOp<Unary, Axes>({
  name: "insertAxes",
  options: { axes: undefined },
  shape: ([x], { axes }) => withEntries(x.shape, axes, 1),
  dtype: ([x]) => x.dtype,
  view: ([x], { axes }) => ndarray(x.data, withEntries(x.shape, axes, 1), withEntries(x.stride, axes, 0), x.offset),
  vjp: [(g, { params }) => removeAxes(g, params)],
  batch: "shift",
  samples: () => [[tensor([[1, 2, 3]]), { axes: [0, 2] }]],
});

/** Returns x without the axes `axes`, which have size 1. */
export const removeAxes: Op<Unary, Axes> = /* @__PURE__ */ defineOp<Unary, Axes>({
  name: "removeAxes",
  options: { axes: undefined },
  shape: ([x], { axes }) => withoutEntries(x.shape, axes),
  dtype: ([x]) => x.dtype,
  view: ([x], { axes }) => ndarray(x.data, withoutEntries(x.shape, axes), withoutEntries(x.stride, axes), x.offset),
  vjp: [(g, { params }) => insertAxes(g, params)],
  batch: "shift",
  samples: () => [[tensor([[[1], [2]]]), { axes: [0, 2] }]],
});

const withEntries = (list: Shape, axes: readonly number[], entry: number): Shape =>
  axes.reduce<Shape>((result, axis) => result.toSpliced(axis, 0, entry), list);
const withoutEntries = (list: Shape, axes: readonly number[]): Shape => list.filter((_, axis) => !axes.includes(axis));

/** The positions of an axis in the input and in the output. */
interface Move {
  readonly from: number;
  readonly to: number;
}

/** Returns x with axis `from` at position `to`. The other axes keep their order. */
export const moveAxis: Op<Unary, Move> = /* @__PURE__ */ defineOp<Unary, Move>({
  name: "moveAxis",
  options: { from: undefined, to: undefined },
  shape: ([x], move) => moved(x.shape, move),
  dtype: ([x]) => x.dtype,
  view: ([x], move) => ndarray(x.data, moved(x.shape, move), moved(x.stride, move), x.offset),
  vjp: [(g, { params: { from, to } }) => moveAxis(g, { from: to, to: from })],
  batch: ({ params: { from, to }, again }) => again({ from: from + 1, to: to + 1 }),
  samples: () => [[tensor([[[1, 2]], [[3, 4]]]), { from: 0, to: 2 }]],
});

const moved = (list: Shape, { from, to }: Move): Shape => list.toSpliced(from, 1).toSpliced(to, 0, list[from]!);

interface Repetition {
  readonly axis: number;
  readonly size: number;
}

/** Returns x repeated `size` times along a new axis. Its adjoint is `sumAxis`. */
export const repeatAlong: Op<Unary, Repetition> = /* @__PURE__ */ defineOp<Unary, Repetition>({
  name: "repeatAlong",
  options: { axis: undefined, size: undefined },
  shape: ([x], { axis, size }) => x.shape.toSpliced(axis, 0, size),
  dtype: ([x]) => x.dtype,
  view: ([x], { axis, size }) =>
    ndarray(x.data, x.shape.toSpliced(axis, 0, size), x.stride.toSpliced(axis, 0, 0), x.offset),
  vjp: [(g, { params: { axis } }) => sumAxis(g, { axis })],
  batch: "shift",
  samples: () => [[tensor([1, 2]), { axis: 1, size: 3 }]],
});

/** Returns the sum of x over one axis, computed in float64. Its adjoint is `repeatAlong`. */
export const sumAxis: Op<Unary, { readonly axis: number }> = /* @__PURE__ */ defineOp<Unary, { readonly axis: number }>(
  {
    name: "sumAxis",
    options: { axis: undefined },
    shape: ([x], { axis }) => x.shape.toSpliced(axis, 1),
    kernel: (out, [x], { axis }) => sumInto(out, x, axis),
    flops: ([x]) => sizeOf(x.shape),
    vjp: [(g, { inputs: [x], params: { axis } }) => repeatAlong(g, { axis, size: x.shape[axis]! })],
    batch: "shift",
    samples: () => [[tensor([[1, -2, 3]]), { axis: 1 }]],
  },
);

function sumInto(out: NdArray, x: NdArray, axis: number): void {
  const [n, inner, elements] = [x.shape[axis]!, sizeOf(x.shape.slice(axis + 1)), ravel(x)];
  const sums = out.data instanceof Float64Array ? out.data : new Float64Array(out.data.length);
  for (let i = 0; i < sums.length; i++) {
    const first = Math.floor(i / inner) * n * inner + (i % inner);
    for (let l = 0; l < n; l++) sums[i]! += elements[first + l * inner]!;
  }
  if (sums !== out.data) out.data.set(sums);
}
