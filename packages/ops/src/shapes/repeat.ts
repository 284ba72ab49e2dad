import { ArgumentError, ShapeError, type Tensor, type TensorLike, zeros } from "@wengert/core";
import { describe, isList, prefixErrors, shapeText, show, sizeOf, toTensors, withDefaults } from "@wengert/core/extend";
import { axisOf } from "../declaring/axes.ts";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { reshape } from "./reshape.ts";
import { broadcastTo } from "./sum.ts";
import { take } from "./take.ts";

export interface RepeatOptions {
  /** How often to repeat each entry: a single number, or a list with a number for each entry along `axis`. */
  readonly count: number | readonly number[];
  /** The axis along which to repeat entries. Default: all of x, in row-major order. */
  readonly axis?: number | undefined;
}
type Repeat = (x: TensorLike, options: RepeatOptions) => Tensor;

/**
 * Returns x with each entry along `axis` repeated `count` times in place: [a, b] becomes [a, a, b, b]. The adjoint sums
 * over the copies. `tile` repeats the whole tensor instead.
 * @throws ArgumentError unless counts are whole numbers of at least 0, ShapeError unless a list has a count for each
 * entry
 */
export const repeat: Sampled<Repeat> = /* @__PURE__ */ withSamples<Repeat>(
  (x, options) => {
    const { count, axis } = withDefaults<RepeatOptions>("repeat", options, { count: undefined, axis: undefined });
    const [t] = toTensors("repeat", [x], 1) as [Tensor];
    return prefixErrors("repeat", () => {
      const source = axis === undefined ? reshape(t, { shape: [-1] }) : t;
      const at = axisOf(source, axis ?? 0);
      const n = source.shape[at]!;
      if (isList(count)) return take(source, indicesFor(source, at, count as readonly number[]), { axis: at });
      const copies = countOption("count", count);
      const { shape } = source;
      const repeated = broadcastTo(reshape(source, { shape: shape.toSpliced(at + 1, 0, 1) }), {
        shape: shape.toSpliced(at + 1, 0, copies),
      });
      return reshape(repeated, { shape: shape.with(at, n * copies) });
    });
  },
  () => [
    [irregular([2, 3]), { count: 2, axis: 1 }],
    [irregular([3]), { count: [2, 0, 1], axis: 0 }],
    [irregular([2, 2]), { count: 3 }],
  ],
);

/**
 * Returns the value of an option that counts copies.
 * @throws ArgumentError unless it is a whole number of at least 0.
 */
function countOption(name: string, count: unknown): number {
  if (Number.isSafeInteger(count) && (count as number) >= 0 && (count as number) < 2 ** 32) return count as number;
  const hint = count === undefined ? `; write { ${name}: ... }` : "";
  throw new ArgumentError(`${name} must be a whole number of at least 0, got ${show(count)}${hint}`);
}

function indicesFor(x: Tensor, axis: number, counts: readonly number[]): Tensor {
  const n = x.shape[axis]!;
  if (counts.length !== n)
    throw new ShapeError(
      `count must have one number per entry along axis ${axis} of ${describe(x)}, ${n}; got ${counts.length}`,
    );
  for (const count of counts) countOption("count", count);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const inner = sizeOf(x.shape) / Math.max(1, n);
  if (total * inner >= 2 ** 32)
    throw new ArgumentError(
      `count adds up to ${total} entries, more than an array can hold (2^32); use smaller counts`,
    );
  const indices = zeros([total], { dtype: "int32" });
  let next = 0;
  for (const [i, count] of counts.entries()) {
    indices.array!.data.fill(i, next, next + count);
    next += count;
  }
  return indices;
}

export interface TileOptions {
  /**
   * How often to repeat x along each axis. If the list has fewer numbers than x has axes, it applies to the last axes.
   * If it has more, axes are added in front.
   */
  readonly reps: number | readonly number[];
}
type Tile = (x: TensorLike, options: TileOptions) => Tensor;

/**
 * Returns copies of x side by side, `reps` of them along each axis, as in NumPy: [a, b] becomes [a, b, a, b]. The
 * adjoint sums over the copies. `repeat` repeats each entry in place.
 * @throws ArgumentError unless reps are whole numbers of at least 0
 */
export const tile: Sampled<Tile> = /* @__PURE__ */ withSamples<Tile>(
  (x, options) => {
    const { reps } = withDefaults<TileOptions>("tile", options, { reps: undefined });
    const [t] = toTensors("tile", [x], 1) as [Tensor];
    return prefixErrors("tile", () => {
      const list = isList(reps) ? reps.slice(0, 65) : [reps];
      const counts = list.map((count) => countOption("reps", count));
      const rank = Math.max(counts.length, t.shape.length);
      if (2 * rank > 64)
        throw new ShapeError(`at most 32 axes can be tiled, got reps ${shapeText(counts)} for ${describe(t)}`);
      const own = [...new Array<number>(rank - t.shape.length).fill(1), ...t.shape];
      const copies = [...new Array<number>(rank - counts.length).fill(1), ...counts];
      const apart = reshape(t, { shape: own.flatMap((n) => [1, n]) });
      const tiled = broadcastTo(apart, { shape: own.flatMap((n, axis) => [copies[axis]!, n]) });
      return reshape(tiled, { shape: own.map((n, axis) => n * copies[axis]!) });
    });
  },
  () => [
    [irregular([2, 3]), { reps: [2, 1] }],
    [irregular([2]), { reps: [2, 2] }],
    [irregular([2, 2]), { reps: 2 }],
  ],
);
