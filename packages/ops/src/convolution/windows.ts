import { ShapeError } from "@wengert/core";
import {
  defineOp,
  describe,
  isList,
  isSameShape,
  type NdArray,
  ndarray,
  type Op,
  type Operand,
  type Shape,
  shapeText,
  sizeOf,
  type Unary,
} from "@wengert/core/extend";
import { type Axes, axesOf, shapeOption } from "../declaring/axes.ts";
import { sumCause } from "../declaring/nonFiniteCauses.ts";
import { irregular } from "../declaring/samples.ts";
import { numericDType } from "../elementwise/arithmetic.ts";
import { inFloat64 } from "../loops/alongAxes.ts";
import { type Sizes, type Sliding, sizesOption, windowCounts } from "./geometry.ts";

export interface WindowsOptions {
  /** The number of entries of a window along each of `axes`. A single number applies to all axes. */
  readonly size: Sizes;
  /** The step from one window to the next, along each of `axes`. Default: 1. */
  readonly stride?: Sizes | undefined;
  /** The step from one entry of a window to the next, along each of `axes`. Default: 1. */
  readonly dilation?: Sizes | undefined;
  /** The axes along which the windows slide. Default: all. */
  readonly axes?: Axes | undefined;
}

interface Windows extends Sliding {
  readonly axes: readonly number[];
}

/**
 * Returns all windows of x that slide along `axes`, as a view without a copy. Each of `axes` then counts windows: its
 * length n becomes ⌊(n − span) / stride⌋ + 1, where span = dilation (size − 1) + 1. The entries of the windows are
 * along new last axes, in the order of `axes`, as in NumPy. The adjoint adds each window at its position, so
 * overlapping windows are summed. windows(x, { size: 3 }) of [a, b, c, d] is [[a, b, c], [b, c, d]].
 * @throws ShapeError if a window is larger than its axis
 */
export const windows: Op<Unary, Windows, WindowsOptions> = /* @__PURE__ */ defineOp({
  name: "windows",
  options: { size: undefined, stride: 1, dilation: 1, axes: undefined },
  params: (options, [x]) => slidingOf(options, x),
  shape: ([x], params) => windowsShape(x, params),
  dtype: ([x]) => x.dtype,
  batch: "shift",
  view: ([x], params) => viewWindows(x, params),
  vjp: [(g, { inputs: [x], params }) => overlapAdd(g, { ...params, shape: x.shape })],
  samples: () => [
    [irregular([7]), { size: 3, stride: 2 }],
    [irregular([2, 4, 5]), { size: [2, 3], axes: [-1, 1] }],
    [irregular([5, 3]), { size: [2, 2], dilation: [3, 1], stride: [1, 2], axes: [0, 1] }],
  ],
});

/**
 * Adds each window of x at its position in an array of zeros of the given `shape`. Entries in several windows are
 * summed, in float64. The function is the adjoint of the op `windows`, and has the same options `size`, `stride`,
 * `dilation` and `axes`.
 */
export const overlapAdd: Op<Unary, Windows & { readonly shape: Shape }, WindowsOptions & { readonly shape: Shape }> =
  /* @__PURE__ */ defineOp({
    name: "overlapAdd",
    options: { size: undefined, stride: 1, dilation: 1, axes: undefined, shape: undefined },
    params: (options) => {
      const shape = shapeOption(options);
      return { ...slidingOf(options, { shape, dtype: "float64", label: "the sum" }), shape };
    },
    shape: ([x], params) => {
      const { shape } = params;
      const expected = windowsShape({ shape, dtype: x.dtype, label: "the sum" }, params);
      if (isSameShape(x.shape, expected)) return shape;
      throw new ShapeError(
        `${describe(x)} must have the shape of the windows of ${shapeText(shape)}, ${shapeText(expected)}`,
      );
    },
    dtype: (inputs) => numericDType(inputs),
    batch: ({ params: { axes, shape, ...rest }, size, again }) =>
      again({ ...rest, axes: axes.map((axis) => axis + 1), shape: [size, ...shape] }),
    kernel: (out, [x], params) => inFloat64(out, (sums) => addStrided(viewWindows(sums, params), x)),
    flops: ([x]) => sizeOf(x.shape),
    vjp: [(g, { params: { size, stride, dilation, axes } }) => windows(g, { size, stride, dilation, axes })],
    nonFinite: sumCause,
    samples: () => [
      [irregular([3, 2]), { size: 2, stride: 1, shape: [4] }],
      [irregular([2, 2, 2, 3, 2]), { size: [3, 2], stride: [2, 1], axes: [2, 0], shape: [3, 2, 6] }],
    ],
  });

type SlidingOptions = { readonly [K in keyof WindowsOptions]-?: WindowsOptions[K] | undefined };

function slidingOf({ size, stride, dilation, axes }: SlidingOptions, x: Operand): Windows {
  const sorted = axesOf(x, axes); // checks them
  const ordered = isList(axes) ? axes.map((axis) => (axis < 0 ? axis + x.shape.length : axis)) : sorted;
  const listOf = (name: string, value: unknown) => sizesOption(name, value, ordered.length);
  return {
    size: listOf("size", size),
    stride: listOf("stride", stride),
    dilation: listOf("dilation", dilation),
    axes: ordered,
  };
}

function windowsShape(x: Operand, params: Windows): Shape {
  const counts = windowCounts(x, params.axes, params);
  return [...x.shape.map((n, axis) => counts[params.axes.indexOf(axis)] ?? n), ...params.size];
}

function viewWindows(x: NdArray, params: Windows): NdArray {
  const { axes, stride, dilation } = params;
  const shape = windowsShape({ shape: x.shape, dtype: "float64", label: undefined }, params);
  const between = x.stride.map((step, axis) => step * (axes.includes(axis) ? stride[axes.indexOf(axis)]! : 1));
  return ndarray(x.data, shape, [...between, ...axes.map((axis, i) => x.stride[axis]! * dilation[i]!)], x.offset);
}

/**
 * Adds x to `out`, a strided view in which several entries may be the same element of memory. The innermost loop is
 * over the longest axis.
 */
function addStrided(out: NdArray, x: NdArray): void {
  const axes = [...x.shape.keys()].sort((a, b) => x.shape[a]! - x.shape[b]!);
  const addFrom = (depth: number, o: number, i: number): void => {
    const axis = axes[depth];
    const [n, t, s] = axis === undefined ? [1, 0, 0] : [x.shape[axis]!, out.stride[axis]!, x.stride[axis]!];
    if (depth >= axes.length - 1) addRun(n, out, o, t, x, i, s);
    else for (let k = 0; k < n; k++) addFrom(depth + 1, o + k * t, i + k * s);
  };
  addFrom(0, out.offset, x.offset);
}

function addRun(n: number, out: NdArray, o: number, t: number, x: NdArray, i: number, s: number): void {
  const { data: y } = out;
  const { data } = x;
  for (let l = 0, p = o, q = i; l < n; l++, p += t, q += s) y[p]! += data[q]!;
}
