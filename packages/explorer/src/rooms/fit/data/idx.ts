import { unzipped } from "./bytes.ts";
import { DataError, type Dataset, fewestClasses, mostClasses } from "./dataset.ts";

const kinds: Readonly<Record<number, string>> = {
  8: "bytes",
  9: "signed bytes",
  11: "16-bit integers",
  12: "32-bit integers",
  13: "32-bit floats",
  14: "64-bit floats",
};
const mostPixels = 128 * 128;

interface Idx {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly bytes: Uint8Array;
}

/** A file of images and one of labels, in either order, gzipped or not. @throws DataError */
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
  if (width * height > mostPixels)
    throw new DataError(
      `${images.name} holds images of ${width} × ${height} pixels; up to ${mostPixels} pixels each can be fitted here.`,
    );
  const found = [...new Set(labels.bytes)].sort((a, b) => a - b);
  if (found.length < fewestClasses || found.length > mostClasses)
    throw new DataError(
      `${labels.name} holds ${found.length} different labels; expected ${fewestClasses} to ${mostClasses} classes.`,
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

/** Two zero bytes, the type, the number of axes, one big-endian size an axis, the numbers. */
async function readOne(file: File): Promise<Idx> {
  const { name } = file;
  const raw = new Uint8Array(await file.arrayBuffer());
  const isZipped = raw[0] === 0x1f && raw[1] === 0x8b;
  const bytes = isZipped ? await unzipped(raw, "gzip", name) : raw;
  const [first, second, type, rank] = bytes;
  if (bytes.length < 4 || first !== 0 || second !== 0 || kinds[type!] === undefined)
    throw new DataError(
      `${name} is no IDX file: it should begin with 00 00 08, it begins with ${hex(bytes.subarray(0, 3))}. Choose a file of the MNIST family, gzipped or not.`,
    );
  if (type !== 0x08) throw new DataError(`${name} holds ${kinds[type!]}; expected unsigned bytes (type 08).`);
  const header = 4 * (1 + rank!);
  if (bytes.length < header)
    throw new DataError(`${name} ends in its header, after ${bytes.length} bytes. Get the file anew.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const sizes = Array.from({ length: rank! }, (_, axis) => view.getUint32(4 * (1 + axis)));
  const announced = sizes.reduce((product, size) => product * size, 1);
  const found = bytes.length - header;
  if (found !== announced)
    throw new DataError(
      `${name} announces ${sizes.join(" × ")} = ${announced} bytes, but ${found} follow: it is damaged or cut off. Get the file anew.`,
    );
  return { name, sizes, bytes: bytes.subarray(header) };
}

const axes = (rank: number): string => (rank === 1 ? "1 axis" : `${rank} axes`);

const hex = (bytes: Uint8Array): string =>
  bytes.length === 0 ? "nothing" : Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
