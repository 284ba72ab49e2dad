import { OutOfRangeError, ShapeError, type Tensor, tensor } from "@wengert/core";
import {
  assign,
  defineOp,
  describe,
  isList,
  isRowMajor,
  isSameShape,
  ndarray,
  type Op,
  type Shape,
  shapeText,
  show,
  sizeOf,
  type Unary,
} from "@wengert/core/extend";
import { type AxisOption, axesOf, axisOf, shapeOption } from "../declaring/axes.ts";
import { irregular } from "../declaring/samples.ts";

/** Returns the elements of x, in row-major order, in another shape. The adjoint reshapes back. */
export const reshape: Op<Unary, { readonly shape: Shape }> = /* @__PURE__ */ defineOp({
  name: "reshape",
  options: { shape: undefined },
  params: (options, [x]) => {
    const shape = shapeOption(options, -1);
    const size = sizeOf(x.shape);
    if (sizeOf(shape) === size && !shape.includes(-1)) return { shape };
    const known = sizeOf(shape.filter((n) => n !== -1));
    const inferred = shape.map((n) => (n === -1 ? size / known : n));
    const fits = sizeOf(inferred) === size && inferred.every((n) => Number.isInteger(n) && n >= 0);
    if (fits && shape.length - inferred.filter((n, i) => n === shape[i]).length < 2) return { shape: inferred };
    throw new ShapeError(
      `${describe(x)} has ${size} elements and cannot take shape ${shapeText(shape)}; ${sizesHint(shape, size)}`,
    );
  },
  shape: (_, { shape }) => shape,
  dtype: ([x]) => x.dtype,
  batch: ({ params: { shape }, size, again }) => again({ shape: [size, ...shape] }),
  view: ([x], { shape }) => (isRowMajor(x) ? ndarray(x.data, shape, undefined, x.offset) : undefined),
  kernel: (out, [x]) => assign(ndarray(out.data, x.shape), x),
  vjp: [(g, { inputs: [x] }) => reshape(g, { shape: x.shape })],
  samples: () => [
    [irregular([2, 3]), { shape: [3, -1] }],
    [tensor(1), { shape: [1, 1] }],
  ],
});

function sizesHint(shape: Shape, size: number): string {
  const inferredCount = shape.filter((n) => n === -1).length;
  const known = sizeOf(shape.filter((n) => n !== -1));
  if (inferredCount > 1) return "only one size may be -1";
  return inferredCount === 1
    ? `${size} is not a multiple of ${known}`
    : "one size may be -1, which is inferred from the others";
}

/** Returns x in another shape, or x itself if it already has that shape. */
export const reshapeTo = (x: Tensor, shape: Shape): Tensor => (isSameShape(x.shape, shape) ? x : reshape(x, { shape }));

/** Returns x with its axes permuted, by default reversed: yᵢⱼ = xⱼᵢ. The adjoint applies the inverse permutation. */
export const transpose: Op<
  Unary,
  { readonly axes: readonly number[] },
  { readonly axes?: readonly number[] | undefined }
> = /* @__PURE__ */ defineOp({
  name: "transpose",
  options: { axes: undefined },
  params: (options, [x]) => {
    const rank = x.shape.length;
    const { axes: requested = [...x.shape.keys()].reverse() } = options;
    const list = isList(requested) ? requested.slice(0, rank + 1) : [];
    const axes = list.map((axis) => axisOf(x, axis as number));
    if (axes.length === rank && axes.every((axis, i) => axes.indexOf(axis) === i)) return { axes };
    const got = isList(requested) ? shapeText(requested) : show(requested);
    throw new OutOfRangeError(
      `axes must name each of the ${rank} axes of ${describe(x)} once, got ${got}${axesHint(requested, rank)}`,
    );
  },
  shape: ([x], { axes }) => axes.map((axis) => x.shape[axis]!),
  dtype: ([x]) => x.dtype,
  batch: ({ params: { axes }, again }) => again({ axes: [0, ...axes.map((axis) => axis + 1)] }),
  view: ([x], { axes }) => x.transpose(...axes),
  vjp: [(g, { params: { axes } }) => transpose(g, { axes: axes.map((_, i) => axes.indexOf(i)) })],
  samples: () => [[irregular([2, 3], 2)], [irregular([1, 2, 2]), { axes: [2, 0, -2] }]],
});

/** Returns a hint for an error message: if the caller passed a single axis, suggests a list of axes. */
function axesHint(requested: unknown, rank: number): string {
  if (typeof requested !== "number" || rank < 2) return "";
  return `; write ${shapeText([...Array(rank).keys()].reverse())}`;
}

/** Returns x with a new axis of size 1 at position `axis` of the output. The adjoint removes the new axis. */
export const expandDims: Op<Unary, { readonly axis: number }> = /* @__PURE__ */ defineOp({
  name: "expandDims",
  options: { axis: undefined },
  params: (options, [x]) => ({ axis: axisOf(x, options.axis, x.shape.length + 1) }),
  shape: ([x], { axis }) => x.shape.toSpliced(axis, 0, 1),
  dtype: ([x]) => x.dtype,
  batch: "shift",
  view: ([x], { axis }) => ndarray(x.data, x.shape.toSpliced(axis, 0, 1), x.stride.toSpliced(axis, 0, 1), x.offset),
  vjp: [(g, { inputs: [x] }) => reshape(g, { shape: x.shape })],
  samples: () => [
    [irregular([2, 3]), { axis: 1 }],
    [irregular([2]), { axis: -1 }],
  ],
});

/** Returns x without its axes of size 1, or without those listed in `axis`. The adjoint restores the removed axes. */
export const squeeze: Op<Unary, { readonly axes: readonly number[] }, AxisOption> = /* @__PURE__ */ defineOp({
  name: "squeeze",
  options: { axis: undefined },
  params: (options, [x]) => {
    if (options.axis === undefined) return { axes: [...x.shape.keys()].filter((i) => x.shape[i] === 1) };
    const axes = axesOf(x, options.axis);
    const wideAxis = axes.find((axis) => x.shape[axis] !== 1);
    if (wideAxis === undefined) return { axes };
    throw new ShapeError(
      `axis ${wideAxis} of ${describe(x)} has size ${x.shape[wideAxis]}, and only axes of size 1 can be removed; reduce it first`,
    );
  },
  shape: ([x], { axes }) => x.shape.filter((_, i) => !axes.includes(i)),
  dtype: ([x]) => x.dtype,
  batch: "shift",
  view: ([x], { axes }) => {
    const dropAxes = (list: readonly number[]) => list.filter((_, i) => !axes.includes(i));
    return ndarray(x.data, dropAxes(x.shape), dropAxes(x.stride), x.offset);
  },
  vjp: [(g, { inputs: [x] }) => reshape(g, { shape: x.shape })],
  samples: () => [[irregular([1, 3, 1])], [irregular([1, 3, 1]), { axis: -1 }]],
});

/** Returns x reversed along `axis`, by default along all axes. The adjoint is the same flip. */
export const flip: Op<Unary, { readonly axes: readonly number[] }, AxisOption> = /* @__PURE__ */ defineOp({
  name: "flip",
  options: { axis: undefined },
  params: (options, [x]) => ({ axes: axesOf(x, options.axis) }),
  shape: ([x]) => x.shape,
  dtype: ([x]) => x.dtype,
  batch: "shift",
  view: ([x], { axes }) => x.step(...x.shape.map((_, i) => (axes.includes(i) ? -1 : 1))),
  vjp: [(g, { params: { axes } }) => flip(g, { axis: axes })],
  samples: () => [[irregular([2, 3])], [irregular([2, 3]), { axis: 1 }]],
});
