import { ArgumentError, ShapeError, type Tensor, type TensorLike } from "@wengert/core";
import { describe, isList, prefixErrors, shapeText, show, toTensors, withDefaults } from "@wengert/core/extend";
import { type Axes, axisOf } from "../declaring/axes.ts";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { reshape, transpose } from "./reshape.ts";

export interface MoveAxisOptions {
  /** The axes to move. */
  readonly from: Axes;
  /** The new positions of the axes in `from`, in the same order. */
  readonly to: Axes;
}
type MoveAxis = (x: TensorLike, options: MoveAxisOptions) => Tensor;

/**
 * Returns x with the axes `from` at the positions `to`; the other axes keep their order. The result is a view. The
 * adjoint moves the axes back.
 * @throws ShapeError unless `from` and `to` name equally many different axes, OutOfRangeError if x has no such axis
 */
export const moveAxis: Sampled<MoveAxis> = /* @__PURE__ */ withSamples<MoveAxis>(
  (x, options) => {
    const { from, to } = withDefaults<MoveAxisOptions>("moveAxis", options, { from: undefined, to: undefined });
    const [t] = toTensors("moveAxis", [x], 1) as [Tensor];
    return prefixErrors("moveAxis", () => {
      const [sources, targets] = [axisList("from", t, from), axisList("to", t, to)];
      if (sources.length !== targets.length)
        throw new ShapeError(
          `from and to must name equally many axes, got ${shapeText(sources)} and ${shapeText(targets)}`,
        );
      const others = [...t.shape.keys()].filter((axis) => !sources.includes(axis));
      const axes = t.shape.map((_, position) => {
        const moved = targets.indexOf(position);
        return moved < 0 ? others.shift()! : sources[moved]!;
      });
      return transpose(t, { axes });
    });
  },
  () => [
    [irregular([2, 3, 1]), { from: 0, to: -1 }],
    [irregular([2, 3, 1]), { from: [0, 1], to: [2, 0] }],
  ],
);

/** Returns the value of an axis option as a list of axes, counted from 0. @throws ShapeError if an axis is repeated */
function axisList(name: string, x: Tensor, axes: Axes | undefined): readonly number[] {
  if (axes === undefined)
    throw new ArgumentError(`${name} must be an axis or a list of axes, got undefined; write { ${name}: ... }`);
  const list = (isList(axes) ? axes.slice(0, x.shape.length + 1) : [axes]).map((axis) => axisOf(x, axis as number));
  if (new Set(list).size === list.length) return list;
  throw new ShapeError(`${name} names an axis of ${describe(x)} twice, got ${shapeText(list)}; name it once`);
}

export interface SwapAxesOptions {
  /** The two axes to exchange. */
  readonly axes: readonly [number, number];
}
type SwapAxes = (x: TensorLike, options: SwapAxesOptions) => Tensor;

/**
 * Returns x with two axes exchanged, as a view. The adjoint exchanges them again.
 * @throws ArgumentError unless `axes` has two axes, OutOfRangeError if x has no such axis
 */
export const swapAxes: Sampled<SwapAxes> = /* @__PURE__ */ withSamples<SwapAxes>(
  (x, options) => {
    const { axes } = withDefaults<SwapAxesOptions>("swapAxes", options, { axes: undefined });
    const [t] = toTensors("swapAxes", [x], 1) as [Tensor];
    return prefixErrors("swapAxes", () => {
      if (!isList(axes) || axes.length !== 2)
        throw new ArgumentError(
          `axes must be a list of two axes, got ${isList(axes) ? shapeText(axes) : show(axes)}; write { axes: [0, 1] }`,
        );
      const [a, b] = [axisOf(t, axes[0]), axisOf(t, axes[1])];
      return transpose(t, { axes: t.shape.map((_, axis) => (axis === a ? b : axis === b ? a : axis)) });
    });
  },
  () => [[irregular([2, 3, 1]), { axes: [0, -1] }]],
);

type Flatten = (x: TensorLike) => Tensor;

/** Returns the elements of x as a vector, in row-major order. The adjoint restores the shape. */
export const flatten: Sampled<Flatten> = /* @__PURE__ */ withSamples<Flatten>(
  (x) => reshape(toTensors("flatten", [x], 1)[0]!, { shape: [-1] }),
  () => [[irregular([2, 3])]],
);
