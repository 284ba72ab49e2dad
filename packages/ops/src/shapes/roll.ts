import { ArgumentError, ShapeError, type Tensor, type TensorLike } from "@wengert/core";
import {
  assign,
  defineOp,
  isList,
  type NdArray,
  type Op,
  prefixErrors,
  shapeText,
  show,
  toTensors,
  type Unary,
  withDefaults,
} from "@wengert/core/extend";
import { type Axes, axesOf, axisOf } from "../declaring/axes.ts";
import { irregular, type Wrapped, wrapOp } from "../declaring/samples.ts";
import { reshape } from "./reshape.ts";

/** The number of positions by which entries move along each axis. */
interface Shifts {
  readonly shifts: readonly number[];
}

const rollOp: Op<Unary, Shifts> = /* @__PURE__ */ defineOp({
  name: "roll",
  options: { shifts: undefined },
  shape: ([x]) => x.shape,
  dtype: ([x]) => x.dtype,
  batch: ({ params: { shifts }, again }) => again({ shifts: [0, ...shifts] }),
  kernel: (out, [x], { shifts }) => copyRolled(out, x, shifts, 0),
  flops: () => 0,
  vjp: [(g, { params: { shifts } }) => rollOp(g, { shifts: shifts.map((shift) => -shift) })],
  samples: () => [[irregular([2, 3]), { shifts: [0, 1] }]],
});

/**
 * Copies x to `out`, with its entries moved along `axis` and the later axes. The entries that stay before the end of an
 * axis are copied as one block, and those that wrap around as another.
 */
function copyRolled(out: NdArray, x: NdArray, shifts: readonly number[], axis: number): void {
  if (axis === shifts.length) {
    assign(out, x);
    return;
  }
  const n = x.shape[axis]!;
  const shift = n === 0 ? 0 : ((shifts[axis]! % n) + n) % n;
  if (shift === 0) {
    copyRolled(out, x, shifts, axis + 1);
    return;
  }
  const from = (array: NdArray, start: number, size: number) =>
    array
      .lo(...array.shape.map((_, i) => (i === axis ? start : 0)))
      .hi(...array.shape.map((length, i) => (i === axis ? size : length)));
  copyRolled(from(out, shift, n - shift), from(x, 0, n - shift), shifts, axis + 1);
  copyRolled(from(out, 0, shift), from(x, n - shift, shift), shifts, axis + 1);
}

export interface RollOptions {
  /**
   * The number of places by which entries move, or a list with a number for each axis in `axis`. A negative number
   * moves entries toward the start.
   */
  readonly shift: number | readonly number[];
  /** The axes along which to move entries. By default, moves the entries of the flattened (row-major) array. */
  readonly axis?: Axes | undefined;
}
type Roll = (x: TensorLike, options: RollOptions) => Tensor;

/**
 * Returns x with its entries moved by `shift` places along `axis`; entries that pass the end return at the start. The
 * adjoint moves the cotangent back.
 * @throws ArgumentError unless shifts are whole numbers, ShapeError unless there is a shift for each axis
 */
export const roll: Wrapped<Roll, typeof rollOp> = /* @__PURE__ */ wrapOp<Roll, typeof rollOp>(
  rollOp,
  (x, options) => {
    const { shift, axis } = withDefaults<RollOptions>("roll", options, { shift: undefined, axis: undefined });
    const [t] = toTensors("roll", [x], 1) as [Tensor];
    return prefixErrors("roll", () => {
      const list = (isList(shift) ? shift : [shift]) as readonly number[];
      const invalid = list.find((each) => !Number.isSafeInteger(each));
      if (invalid !== undefined || list.includes(undefined as never))
        throw new ArgumentError(
          `shift must be a whole number or a list of them, got ${show(invalid)}${shift === undefined ? "; write { shift: ... }" : ""}`,
        );
      if (axis === undefined) {
        if (list.length === 1) {
          const flat = reshape(t, { shape: [-1] });
          return reshape(rollOp(flat, { shifts: list.slice() }), { shape: t.shape });
        }
        throw new ShapeError(`without an axis, shift must be one number, got ${shapeText(list)}; write { axis: ... }`);
      }
      axesOf(t, axis);
      const axes = (isList(axis) ? axis : [axis]).map((each) => axisOf(t, each as number));
      if (list.length !== 1 && list.length !== axes.length)
        throw new ShapeError(
          `shift must have one number per axis, got ${shapeText(list)} for the axes ${shapeText(axes)}`,
        );
      const shifts = t.shape.map(() => 0);
      for (const [i, at] of axes.entries()) shifts[at] = list[list.length === 1 ? 0 : i]!;
      return rollOp(t, { shifts });
    });
  },
  () => [
    [irregular([2, 3]), { shift: 1, axis: 1 }],
    [irregular([3, 2]), { shift: [-1, 3], axis: [0, -1] }],
    [irregular([2, 3]), { shift: 2 }],
  ],
);
