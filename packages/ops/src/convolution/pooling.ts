import { ShapeError, type Tensor, type TensorLike } from "@wengert/core";
import {
  type Data,
  describe,
  type Operand,
  prefixErrors,
  type Shape,
  toTensors,
  withDefaults,
} from "@wengert/core/extend";
import { reshape } from "../shapes/reshape.ts";
import { type Padding, paddingOption, type Sizes, sizesOption, type Widths, windowCounts } from "./geometry.ts";

export interface PoolOptions {
  /** The number of entries of a window along each spatial axis. */
  readonly size: Sizes;
  /** The stride: the step from one window to the next along each spatial axis. Default: `size`. */
  readonly stride?: Sizes | undefined;
  /**
   * The padding. The pool ignores the added entries. "valid" adds none. "same" adds as many as are needed for ⌈n /
   * stride⌉ windows along an axis of size n. [[before, after], ...] sets the numbers of added entries along each
   * spatial axis. Default: "valid".
   */
  readonly padding?: Padding | undefined;
}

/** The options of a pooling op as lists, with an entry for each spatial axis. */
export interface Pooling {
  readonly size: readonly number[];
  readonly stride: readonly number[];
  readonly padding: Widths;
}

export const poolDefaults = { size: undefined, stride: undefined, padding: "valid" } as const;

/**
 * Returns the checked options of a pooling op with `rank` spatial axes, for the input x.
 * @throws ShapeError unless x has the axes [N, ..., C], the sizes are valid, and each window has an entry of x
 */
export function poolingOf(options: { readonly [K in keyof PoolOptions]-?: unknown }, x: Operand, rank: 1 | 2): Pooling {
  if (x.shape.length !== rank + 2) {
    const axes = rank === 1 ? "[N, length, channels]" : "[N, height, width, channels]";
    throw new ShapeError(`${describe(x, "x")} must have the axes ${axes}; write reshape or expandDims`);
  }
  const size = sizesOption("size", options.size, rank);
  const stride = options.stride === undefined ? size : sizesOption("stride", options.stride, rank);
  const lengths = x.shape.slice(1, 1 + rank);
  const padding = paddingOption(options.padding, lengths, { size, stride, dilation: size.map(() => 1) });
  for (const [i, [before, after]] of padding.entries()) {
    if (before < size[i]! && after < size[i]! && lengths[i]! > 0) continue;
    throw new ShapeError(
      `with ${before} and ${after} entries of padding, a window of size ${size[i]} along axis ${i + 1} of ${describe(x, "x")} has no entry of x; use less padding`,
    );
  }
  return { size, stride, padding };
}

/** Returns the output shape of a pooling op for the input x. @throws ShapeError if a window is larger than x */
export function pooledShape(x: Operand, { size, stride, padding }: Pooling): Shape {
  const dilation = size.map(() => 1);
  const counts = windowCounts(
    x,
    [...size.keys()].map((i) => i + 1),
    { size, stride, dilation },
    padding,
  );
  return [x.shape[0]!, ...counts, x.shape.at(-1)!];
}

/** Whether windows share entries. */
export const overlap = ({ size, stride }: Pooling): boolean => size.some((n, i) => stride[i]! < n);

type Pool = (x: TensorLike, options: PoolOptions) => Tensor;

/**
 * Returns a pooling function for sequences [N, length, C], which pools them as images of height 1. `check` checks the
 * dtype.
 */
export const inOneDimension =
  (name: string, pool2d: Pool, check?: (inputs: readonly Operand[]) => unknown): Pool =>
  (x, options) => {
    const complete = withDefaults<PoolOptions>(name, options, poolDefaults);
    const [sequences] = toTensors(name, [x], 1) as [Tensor];
    const { size, stride, padding } = prefixErrors(name, () => {
      const params = poolingOf(complete, sequences, 1);
      check?.([sequences]);
      pooledShape(sequences, params);
      return params;
    });
    const [N, length, channels] = sequences.shape as [number, number, number];
    const images = reshape(sequences, { shape: [N, 1, length, channels] });
    const y = prefixErrors(name, () =>
      pool2d(images, { size: [1, ...size], stride: [1, ...stride], padding: [[0, 0], ...padding] }),
    );
    return reshape(y, { shape: [N, ...y.shape.slice(2)] });
  };

/**
 * Processes one window of an image for all channels. x and u have the shape of the images, and p has one entry per
 * window and channel. i is the index of the window's first pixel in x and u, and o is the index of the window in p. A
 * pixel has `channels` entries, and the rows of the window are `rowStep` entries apart.
 */
export type WindowLoop = (
  channels: number,
  rows: number,
  rowStep: number,
  columns: number,
  o: number,
  p: Data,
  i: number,
  x: Data,
  u: Data,
) => void;

/** The shapes of the input images, [N, H, W, C], and of the pooled output, and the sizes of the windows. */
interface Pooled extends Pooling {
  readonly images: Shape;
  readonly pool: Shape;
}

/**
 * Calls `loop` for each window, without the pixels in the padding. All arrays are row-major: the pooled array p has an
 * entry for each window and channel; the arrays x and u have the shape of the images.
 */
export function eachWindow(pooled: Pooled, loop: WindowLoop, p: Data, x: Data, u: Data): void {
  const [count, height, width, channels] = pooled.images as readonly [number, number, number, number];
  const [, outHeight, outWidth] = pooled.pool as readonly [number, number, number, number];
  const [sizeY, sizeX] = pooled.size as readonly [number, number];
  const [strideY, strideX] = pooled.stride as readonly [number, number];
  const [[top], [left]] = pooled.padding as unknown as readonly [[number], [number]];
  let o = 0;
  for (let image = 0; image < count; image++)
    for (let row = 0, y = -top; row < outHeight; row++, y += strideY) {
      const firstY = Math.max(y, 0);
      const rows = Math.min(y + sizeY, height) - firstY;
      for (let column = 0, left0 = -left; column < outWidth; column++, left0 += strideX, o += channels) {
        const firstX = Math.max(left0, 0);
        const columns = Math.min(left0 + sizeX, width) - firstX;
        const i = ((image * height + firstY) * width + firstX) * channels;
        loop(channels, rows, width * channels, columns, o, p, i, x, u);
      }
    }
}
