import { ArgumentError, OutOfRangeError, ShapeError } from "@wengert/core";
import {
  apply,
  assign,
  defineOp,
  describe,
  type Inputs,
  isList,
  isSameShape,
  listHint,
  type NdArray,
  ndarray,
  type Op,
  type Operand,
  type Shape,
  shapeText,
  show,
  sizeOf,
  type Unary,
} from "@wengert/core/extend";
import { shapeOption } from "../declaring/axes.ts";
import { sumCause } from "../declaring/nonFiniteCauses.ts";
import { irregular } from "../declaring/samples.ts";
import { alongAxes, inFloat64 } from "../loops/alongAxes.ts";

type Bounds = readonly (number | null)[];

export interface SliceOptions {
  /**
   * The first index along each axis. If it is null or missing, the slice begins with the first entry in the direction
   * of `step`.
   */
  readonly start?: Bounds | undefined;
  /** The index to stop before, along each axis. If it is null or missing, the slice continues to the end. */
  readonly stop?: Bounds | undefined;
  /** The step between entries, along each axis. Default: 1; negative steps run backwards. */
  readonly step?: Bounds | undefined;
}

/** The entries that a slice selects along each axis: `size` entries from `start` on, in steps of `step`. */
export interface Selection {
  readonly start: Shape;
  readonly step: Shape;
  readonly size: Shape;
}

/**
 * Returns the entries from `start` up to but not including `stop`, in steps of `step`, along each axis, as in NumPy.
 * Negative bounds count from the end, and bounds beyond an end are clamped. The adjoint puts the cotangent at the
 * selected entries, among zeros.
 */
export const slice: Op<Unary, Selection, SliceOptions> = /* @__PURE__ */ defineOp({
  name: "slice",
  options: { start: undefined, stop: undefined, step: undefined },
  params: (options, [x]) => resolveSelection(x, options),
  shape: (_, { size }) => size,
  dtype: ([x]) => x.dtype,
  batch: ({ params, size, again }) => again(batchOfSelection(params, size)),
  view: ([x], params) => viewSelection(x, params),
  vjp: [(g, { inputs: [x], params }) => unslice(g, { ...params, shape: x.shape })],
  vjpOfUses: (gs, calls) =>
    unsliceAll(gs, { selections: calls.map(({ params }) => params), shape: calls[0]!.inputs[0].shape }),
  samples: () => [
    [irregular([2, 3]), { start: [null, 2], step: [-1, -1] }],
    [irregular([5]), { start: [-4], stop: [9], step: [2] }],
  ],
});

/** Returns zeros of `shape`, with x at the positions that the slice selects. The adjoint is the slice. */
export const unslice: Op<Unary, Selection & { readonly shape: Shape }> = /* @__PURE__ */ defineOp({
  name: "unslice",
  options: { start: undefined, step: undefined, size: undefined, shape: undefined },
  params: (options) => {
    const shape = shapeOption(options);
    const { start, step, size } = options;
    for (const [name, list] of Object.entries({ start, step, size })) {
      if (isList(list) && list.length === shape.length && list.every(Number.isSafeInteger)) continue;
      const expected = `one whole number for each axis of ${shapeText(shape)}, as in the params of a slice`;
      throw new ArgumentError(`${name} must be a list with ${expected}, got ${show(list)}`);
    }
    const selection = { start: start!, step: step!, size: size! };
    if (isWithin(selection, shape)) return { ...selection, shape };
    throw new OutOfRangeError(
      `${shapeText(size!)} entries from ${shapeText(start!)} on in steps of ${shapeText(step!)} are outside ${shapeText(shape)}`,
    );
  },
  shape: ([x], { shape, size }) => {
    if (isSameShape(x.shape, size)) return shape;
    throw new ShapeError(`expected the shape of the selection, ${shapeText(size)}, got ${describe(x)}`);
  },
  dtype: ([x]) => x.dtype,
  batch: ({ params: { shape, ...selection }, size, again }) =>
    again({ ...batchOfSelection(selection, size), shape: [size, ...shape] }),
  kernel: (out, [x], params) => assign(viewSelection(out, params), x),
  vjp: [(g, { params: { start, step, size } }) => apply(slice.spec, [g], { start, step, size })],
  samples: () => [[irregular([2, 2]), { start: [1, 2], step: [-1, -2], size: [2, 2], shape: [2, 3] }]],
});

/**
 * Adds each tensor to an array of zeros of the given `shape`, at the positions that the tensor's slice selects. The
 * adjoint returns the slices of the cotangent.
 */
export const unsliceAll: Op<Inputs, { readonly selections: readonly Selection[]; readonly shape: Shape }> =
  /* @__PURE__ */ defineOp({
    name: "unsliceAll",
    options: { selections: undefined, shape: undefined },
    shape: (_, { shape }) => shape,
    batch: ({ params: { selections, shape }, size, again }) =>
      again({ selections: selections.map((each) => batchOfSelection(each, size)), shape: [size, ...shape] }),
    kernel: (out, arrays, { selections }) =>
      inFloat64(out, (exact) => {
        for (const [k, array] of arrays.entries()) {
          const axes = array.shape.length === 0 ? [] : [array.shape.length - 1];
          alongAxes(axes, viewSelection(exact, selections[k]!), [array], (n, y, o, r, a, i, s) => {
            for (let l = 0; l < n; l++) y[o + l * r]! += a[i + l * s]!;
          });
        }
      }),
    flops: (tensors) => tensors.reduce((count, { shape }) => count + sizeOf(shape), 0),
    vjp: (g, { params: { selections } }, needed) =>
      selections.map(({ start, step, size }, k) => (needed[k] ? apply(slice.spec, [g], { start, step, size }) : null)),
    nonFinite: sumCause,
    samples: () => [
      [
        [irregular([2, 2]), irregular([1, 2], 2)],
        {
          selections: [
            { start: [1, 2], step: [-1, -2], size: [2, 2] },
            { start: [1, 1], step: [1, 1], size: [1, 2] },
          ],
          shape: [2, 3],
        },
      ],
    ],
  });

/** Extends a slice of one batch entry to the whole batch: the result selects all of the added batch axis 0. */
const batchOfSelection = ({ start, step, size }: Selection, batchSize: number): Selection => ({
  start: [0, ...start],
  step: [1, ...step],
  size: [batchSize, ...size],
});

/** Returns whether all entries that a slice selects are inside an array of `shape`. */
function isWithin({ start, step, size }: Selection, shape: Shape): boolean {
  const isInside = (at: number, axis: number) => at >= 0 && at < shape[axis]!;
  return size.every(
    (n, axis) =>
      n === 0 || (n > 0 && isInside(start[axis]!, axis) && isInside(start[axis]! + (n - 1) * step[axis]!, axis)),
  );
}

const viewSelection = (x: NdArray, { start, step, size }: Selection): NdArray =>
  ndarray(
    x.data,
    size,
    step.map((stepSize, axis) => stepSize * x.stride[axis]!),
    start.reduce((offset, from, axis) => offset + (size[axis]! > 0 ? from * x.stride[axis]! : 0), x.offset),
  );

function resolveSelection(x: Operand, { start = [], stop = [], step = [] }: SliceOptions): Selection {
  for (const [name, bounds] of Object.entries({ start, stop, step })) {
    if (isList(bounds)) continue;
    throw new ArgumentError(`${name} must be a list with one entry per axis, got ${show(bounds)}${listHint(bounds)}`);
  }
  const longest = Math.max(start.length, stop.length, step.length);
  if (longest > x.shape.length)
    throw new OutOfRangeError(
      `got ${longest} bounds for the ${x.shape.length} axes of ${describe(x)}; pass at most one per axis`,
    );
  for (const bound of [...start, ...stop, ...step]) {
    if (bound !== null && !Number.isInteger(bound))
      throw new ArgumentError(`bounds and steps must be whole numbers or null, got ${show(bound)}`);
  }
  const selections = x.shape.map((n, axis) => {
    const stepSize = step[axis] ?? 1;
    if (stepSize === 0)
      throw new OutOfRangeError(`step is 0 along axis ${axis} of ${describe(x)}; write 1 to take every entry`);
    const [lowest, highest] = stepSize > 0 ? [0, n] : [-1, n - 1];
    const clampBound = (bound: number) => Math.min(Math.max(bound < 0 ? bound + n : bound, lowest), highest);
    const from = start[axis] == null ? (stepSize > 0 ? 0 : n - 1) : clampBound(start[axis]);
    const to = stop[axis] == null ? (stepSize > 0 ? n : -1) : clampBound(stop[axis]);
    return { from, stepSize, size: Math.max(0, Math.ceil((to - from) / stepSize)) };
  });
  return {
    start: selections.map(({ from }) => from),
    step: selections.map(({ stepSize }) => stepSize),
    size: selections.map(({ size }) => size),
  };
}
