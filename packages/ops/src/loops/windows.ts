import type { Data } from "@wengert/core/extend";

/**
 * The sizes of a convolution of images in two dimensions. For output pixel (i, j), entry (p, q) of the kernel is
 * multiplied by the pixel in row i × strideY + p × dilationY − top and column j × strideX + q × dilationX − left of the
 * image. `top` and `left` are the sizes of the padding.
 */
export interface Geometry {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly filters: number;
  readonly groups: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly dilationY: number;
  readonly dilationX: number;
  readonly top: number;
  readonly left: number;
}

/**
 * How a convolution is split into matrix products: each window is a row of a matrix, and blocks of rows are processed
 * one after the other.
 */
export interface Blocks {
  /**
   * The number of windows in all images, the number of windows in one image, and the number of entries of a window in
   * one group of channels.
   */
  readonly windows: number;
  readonly perImage: number;
  readonly entries: number;
  /** The number of windows in a block. A matrix product has this many rows. */
  readonly block: number;
  /** The number of filters in a group of a grouped convolution. */
  readonly filters: number;
  /** The number of entries of an image. */
  readonly imageSize: number;
}

/** The number of entries of a block of windows. A block stays in the cache. */
const blockEntries = 2 ** 17;

export function blocksOf(g: Geometry): Blocks {
  const perImage = g.outHeight * g.outWidth;
  const windows = g.images * perImage;
  const entries = g.kernelHeight * g.kernelWidth * (g.channels / g.groups);
  const block = Math.min(windows, Math.max(64, Math.floor(blockEntries / Math.max(1, entries))));
  const imageSize = g.height * g.width * g.channels;
  return { windows, perImage, entries, block, filters: g.filters / g.groups, imageSize };
}

/** The gradient of a convolution for its kernel is a sum over all windows, in parts of at most this many windows. */
const maxWindows = 400;

/**
 * Returns the sizes of the parts of a sum over all windows. A part has at most `part` windows, and a new part begins
 * after every `unit` images. All kernels add the same parts, so their sums have the same bits.
 */
export function partsOf({ images, outHeight, outWidth }: Geometry): { unit: number; part: number } {
  const perImage = outHeight * outWidth;
  const unit = Math.max(1, Math.min(images, Math.floor(maxWindows / perImage)));
  const windows = unit * perImage;
  return { unit, part: Math.ceil(windows / Math.ceil(windows / maxWindows)) };
}

/**
 * The windows `from` to `to` − 1 are numbered through all images. Calls `visit` once for each image that has such
 * windows. `visit` receives the number of the image, the range `first` to `last` − 1 of the windows counted within this
 * image, and `row`, the number of windows already visited.
 */
export function eachImage(
  from: number,
  to: number,
  { perImage }: Blocks,
  visit: (image: number, first: number, last: number, row: number) => void,
): void {
  for (let at = from; at < to; ) {
    const image = Math.floor(at / perImage);
    const first = at - image * perImage;
    const last = Math.min(perImage, first + to - at);
    visit(image, first, last, at - from);
    at += last - first;
  }
}

/**
 * The smallest number of entries for which TypedArray.set is faster than a loop, including the time to create a
 * subarray.
 */
const longRun = 32;

/**
 * Copies windows of one image to rows of a matrix. Copies the windows `from` to `to` − 1, and only the channels of one
 * group. The first row starts at index `o` of `rows`, and the row-major image starts at index `i` of x. Entries in the
 * padding are 0.
 */
export function gatherWindows(
  rows: Data,
  o: number,
  x: Data,
  i: number,
  geometry: Geometry,
  group: number,
  from: number,
  to: number,
): void {
  const { height, width, channels, kernelHeight, kernelWidth, outWidth, groups } = geometry;
  const { strideY, strideX, dilationY, dilationX, top, left } = geometry;
  const depth = channels / groups;
  const isContiguous = dilationX === 1 && groups === 1;
  const step = dilationX * channels;
  const span = dilationX * (kernelWidth - 1) + 1;
  let at = o;
  let column = from % outWidth;
  let firstY = ((from - column) / outWidth) * strideY - top;
  for (let window = from; window < to; window++) {
    const firstX = column * strideX - left;
    const start = firstX >= 0 ? 0 : Math.min(kernelWidth, Math.ceil(-firstX / dilationX)) | 0;
    const end = firstX + span <= width ? kernelWidth : Math.max(start, Math.ceil((width - firstX) / dilationX)) | 0;
    for (let p = 0, y = firstY; p < kernelHeight; p++, y += dilationY) {
      const isInside = y >= 0 && y < height && start < end;
      const inner = isInside ? start : kernelWidth;
      for (const stop = at + inner * depth; at < stop; at++) rows[at] = 0;
      if (!isInside) continue;
      let pixel = i + (y * width + firstX + start * dilationX) * channels + group * depth;
      if (isContiguous) {
        const length = (end - start) * depth;
        if (length >= longRun) {
          rows.set(x.subarray(pixel, pixel + length), at);
          at += length;
        } else for (const stop = at + length; at < stop; at++, pixel++) rows[at] = x[pixel]!;
      } else
        for (let q = start; q < end; q++, pixel += step)
          for (let channel = 0; channel < depth; channel++) rows[at++] = x[pixel + channel]!;
      for (const stop = at + (kernelWidth - end) * depth; at < stop; at++) rows[at] = 0;
    }
    if (++column === outWidth) {
      column = 0;
      firstY += strideY;
    }
  }
}

/**
 * Adds each row of a matrix to the window of an image from which `gatherWindows` would copy it. The function is the
 * adjoint of `gatherWindows` and has the same arguments. Entries in the padding are dropped.
 */
export function scatterWindows(
  rows: Data,
  o: number,
  x: Data,
  i: number,
  geometry: Geometry,
  group: number,
  from: number,
  to: number,
): void {
  const { height, width, channels, kernelHeight, kernelWidth, outWidth, groups } = geometry;
  const { strideY, strideX, dilationY, dilationX, top, left } = geometry;
  const depth = channels / groups;
  const isContiguous = dilationX === 1 && groups === 1;
  const step = dilationX * channels;
  const span = dilationX * (kernelWidth - 1) + 1;
  let at = o;
  let column = from % outWidth;
  let firstY = ((from - column) / outWidth) * strideY - top;
  for (let window = from; window < to; window++) {
    const firstX = column * strideX - left;
    const start = firstX >= 0 ? 0 : Math.min(kernelWidth, Math.ceil(-firstX / dilationX)) | 0;
    const end = firstX + span <= width ? kernelWidth : Math.max(start, Math.ceil((width - firstX) / dilationX)) | 0;
    for (let p = 0, y = firstY; p < kernelHeight; p++, y += dilationY, at += kernelWidth * depth) {
      if (y < 0 || y >= height) continue;
      let pixel = i + (y * width + firstX + start * dilationX) * channels + group * depth;
      let entry = at + start * depth;
      if (isContiguous) for (const stop = at + end * depth; entry < stop; entry++, pixel++) x[pixel]! += rows[entry]!;
      else
        for (let q = start; q < end; q++, pixel += step)
          for (let channel = 0; channel < depth; channel++) x[pixel + channel]! += rows[entry++]!;
    }
    if (++column === outWidth) {
      column = 0;
      firstY += strideY;
    }
  }
}
