import { DataError } from "@wengert/core";
import { readIdx as read } from "@wengert/data";
import { type Dataset, maxClasses, minClasses } from "./dataset.ts";

const defaultMaxBytes = 2 ** 28; // as float32, the numbers take four times as much memory
const maxPixels = 128 * 128;

interface Idx {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly bytes: Uint8Array;
}

/**
 * Reads two IDX files, one of images and one of labels, in either order. The files may be gzipped.
 * @throws DataError unless one file has images and the other file has labels
 */
export async function readIdx(files: readonly File[]): Promise<Dataset> {
  const wanted =
    "Choose two files at once: the images (like train-images-idx3-ubyte.gz) and their labels (like train-labels-idx1-ubyte.gz).";
  if (files.length !== 2) throw new DataError(`Expected two IDX files, got ${files.length}. ${wanted}`);
  const both = await Promise.all(files.map(readOne));
  const images = both.find(({ sizes }) => sizes.length === 3);
  const labels = both.find(({ sizes }) => sizes.length === 1);
  if (!images || !labels)
    throw new DataError(
      `Expected one file of images (3 axes) and one of labels (1 axis), got ${both.map(({ name, sizes }) => `${name} with ${axes(sizes.length)}`).join(" and ")}. ${wanted}`,
    );
  const [count, height, width] = images.sizes as [number, number, number];
  if (labels.sizes[0] !== count)
    throw new DataError(
      `${images.name} holds ${count} images, but ${labels.name} ${labels.sizes[0]} labels. Choose two files that belong together.`,
    );
  if (count === 0 || width === 0 || height === 0)
    throw new DataError(`${images.name} holds no images. Choose another file.`);
  if (width * height > maxPixels)
    throw new DataError(
      `${images.name} holds images of ${width} × ${height} pixels; expected at most ${maxPixels} pixels each. Choose smaller images.`,
    );
  const found = [...new Set(labels.bytes)].sort((a, b) => a - b);
  if (found.length < minClasses || found.length > maxClasses)
    throw new DataError(
      `${labels.name} holds ${found.length} different labels; expected ${minClasses} to ${maxClasses} classes.`,
    );
  return {
    title: `${count.toLocaleString("en")} images of ${images.name}`,
    rows: images.bytes,
    labels: Int32Array.from(labels.bytes, (label) => found.indexOf(label)),
    classes: found.map(String),
    features: { width, height },
    areDrawn: true,
  };
}

async function readOne(file: File): Promise<Idx> {
  const { name } = file;
  const { dtype, shape, array } = await read(file, { maxBytes: defaultMaxBytes });
  const numbers = array!.data;
  const bytes = Uint8Array.from(numbers);
  if (dtype !== "int32" || bytes.some((byte, i) => byte !== numbers[i]))
    throw new DataError(
      `${name} holds ${dtype === "int32" ? "numbers beyond 0 to 255" : dtype}; expected unsigned bytes.`,
    );
  return { name, sizes: shape, bytes };
}

const axes = (rank: number): string => (rank === 1 ? "1 axis" : `${rank} axes`);
