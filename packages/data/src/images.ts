import { ArgumentError, DataError, fromNdarray, type Tensor } from "@wengert/core";
import { allocateArray, type Complete, type Data, isList, ndarray, show, withDefaults } from "@wengert/core/extend";
import { decode } from "./decode.ts";
import { type Folder, listFiles } from "./folder.ts";
import { resizeImage } from "./resize.ts";
import { checkMaxBytes, open } from "./source.ts";

export interface ImageOptions {
  /** The size of the returned images, [height, width]. Every image is scaled to this size. */
  readonly size: readonly [height: number, width: number];
  /**
   * Whether to convert the images to grayscale, 0.299 R + 0.587 G + 0.114 B (Rec. 601, as in Pillow). Default: false,
   * which returns RGB.
   */
  readonly grayscale?: boolean | undefined;
  /**
   * Whether to crop each image to the aspect ratio of `size`, around its center. If false, images are stretched.
   * Default: true.
   */
  readonly crop?: boolean | undefined;
  /** float32 or float64. Default: "float32". */
  readonly dtype?: "float32" | "float64" | undefined;
  /**
   * The maximum number of pixels of an image. Larger images are skipped before decoding. Default: 2^25 (33 megapixels).
   */
  readonly maxPixels?: number | undefined;
  /** The maximum file size in bytes. Larger files are skipped before reading. Default: 2^26. */
  readonly maxBytes?: number | undefined;
  /** A function that is called after each file, with the number of processed files and the total number. */
  readonly progress?: ((done: number, of: number) => void) | undefined;
}

export interface ImageSet {
  /** The images, [N, height, width, 3], or [N, height, width] in grayscale. Pixels range from 0 (black) to 1. */
  readonly images: Tensor;
  /** The class index of each image, int32 [N]. */
  readonly labels: Tensor;
  /** The class names: the names of the subfolders, sorted. */
  readonly classes: readonly string[];
  /** The relative path of each image, such as "anna/1.jpg". */
  readonly files: readonly string[];
  readonly skipped: readonly SkippedFile[];
}

/** A file that was skipped, because it could not be read as an image. */
export interface SkippedFile {
  readonly file: string;
  /** The reason for skipping the file, such as "it is truncated". */
  readonly reason: string;
}

/**
 * Reads the PNG and JPEG images of a folder that has a subfolder for each class. Subfolders are read recursively. All
 * images are scaled to one size and rotated upright by their EXIF orientation. Transparent pixels become white. Classes
 * and files are sorted by UTF-16 code units. Damaged files and other file types are skipped and listed in `skipped`.
 *
 * @throws DataError if the folder cannot be read or has no subfolders, or a class has no images
 * @throws OutOfRangeError if memory is insufficient
 * @throws ArgumentError for invalid options
 */
export async function readImages(folder: Folder, options: ImageOptions): Promise<ImageSet> {
  const settings = checkOptions(
    withDefaults<ImageOptions>("readImages", options, {
      size: undefined,
      grayscale: false,
      crop: true,
      dtype: "float32",
      maxPixels: 2 ** 25,
      maxBytes: 2 ** 26,
      progress: undefined,
    }),
  );
  const { prefix, all } = await listFiles("readImages", folder);
  const classFiles = all.filter(({ path }) => path.includes("/"));
  const classOf = (path: string) => path.slice(0, path.indexOf("/"));
  const classes = [...new Set(classFiles.map(({ path }) => classOf(path)))].sort();
  const skipped: SkippedFile[] = all
    .filter(({ path }) => !path.includes("/"))
    .map(({ path }) => ({ file: path, reason: "it is not in a subfolder" }));
  if (classes.length === 0)
    throw new DataError(
      `${prefix} has no classes: expected one subfolder per class (anna/1.jpg, ben/1.jpg), got ${skippedText(skipped) || "no files"}`,
    );

  const { size, grayscale, crop: isCropped, dtype, maxPixels, maxBytes, progress } = settings;
  const [height, width] = size;
  const perImage = height * width * (grayscale ? 1 : 3);
  const Kind = dtype === "float64" ? Float64Array : Float32Array;
  const pixels = allocateArray(Kind, "readImages", [classFiles.length, perImage]);
  const files: string[] = [];
  for (const [i, { path, source }] of classFiles.entries()) {
    try {
      const { bytes } = await open("readImages", source, maxBytes);
      const rgb = await resizeImage(await decode(bytes, maxPixels), { height, width, isCropped });
      writePixels(rgb, pixels.subarray(files.length * perImage, (files.length + 1) * perImage), grayscale);
      files.push(path);
    } catch (cause) {
      skipped.push({ file: path, reason: reasonOf(cause) });
    }
    progress?.(i + 1, classFiles.length);
  }
  const classIndex = new Map(classes.map((name, k) => [name, k]));
  const labels = Int32Array.from(files, (path) => classIndex.get(classOf(path))!);
  checkNoEmptyClass(prefix, classes, labels, skipped);
  const shape = grayscale ? [files.length, height, width] : [files.length, height, width, 3];
  const usedPixels = files.length === classFiles.length ? pixels : pixels.slice(0, files.length * perImage);
  return {
    images: fromNdarray(ndarray(usedPixels, shape), { label: "images" }),
    labels: fromNdarray(ndarray(labels, [files.length]), { label: "labels" }),
    classes,
    files,
    skipped,
  };
}

interface Settings extends ImageOptions {
  readonly grayscale: boolean;
  readonly crop: boolean;
  readonly maxPixels: number;
  readonly maxBytes: number;
}

function checkOptions(options: Complete<ImageOptions>): Settings {
  const { size, grayscale, crop, dtype, maxPixels, maxBytes, progress } = options;
  const isSide = (x: unknown) => Number.isInteger(x) && (x as number) > 0 && (x as number) <= maxSide;
  if (!isList(size) || size.length !== 2 || !size.every(isSide))
    throw new ArgumentError(
      `readImages: size must be [height, width] in pixels, each from 1 to ${maxSide}, got ${isList(size) ? JSON.stringify(size) : show(size)}; write { size: [32, 32] }`,
    );
  for (const [name, value] of Object.entries({ grayscale, crop }))
    if (typeof value !== "boolean")
      throw new ArgumentError(`readImages: ${name} must be true or false, got ${show(value)}`);
  if (dtype !== "float32" && dtype !== "float64")
    throw new ArgumentError(`readImages: dtype must be "float32" or "float64", got ${show(dtype)}`);
  if (!(maxPixels! > 0)) throw new ArgumentError(`readImages: maxPixels must be a number > 0, got ${show(maxPixels)}`);
  checkMaxBytes("readImages", maxBytes);
  if (progress !== undefined && typeof progress !== "function")
    throw new ArgumentError(`readImages: progress must be a function, got ${show(progress)}; write (done, of) => ...`);
  return options as Settings;
}

const maxSide = 4096;

/** Converts the bytes of an image's pixels (0 to 255) to numbers from 0 to 1. */
function writePixels(rgb: Uint8Array, out: Data, gray: boolean): void {
  if (!gray) for (let i = 0; i < out.length; i++) out[i] = rgb[i]! / 255;
  else
    for (let i = 0, at = 0; i < out.length; i++, at += 3)
      out[i] = (0.299 * rgb[at]! + 0.587 * rgb[at + 1]! + 0.114 * rgb[at + 2]!) / 255;
}

/**
 * Returns the reason for skipping a file, such as "it is truncated". Messages of this package already begin with "it";
 * messages of decoding libraries get the prefix "it is damaged".
 */
function reasonOf(cause: unknown): string {
  const { message } = cause as Error;
  return cause instanceof DataError
    ? message.replace(/^readImages: /, "")
    : message.startsWith("it ")
      ? message
      : `it is damaged: ${message}`;
}

function checkNoEmptyClass(
  prefix: string,
  classes: readonly string[],
  labels: Int32Array,
  skipped: readonly SkippedFile[],
): void {
  const classesFound = new Set(labels);
  const empty = classes.filter((_, k) => !classesFound.has(k));
  if (empty.length === 0) return;
  const skippedHere = skipped.filter(({ file }) => file.startsWith(`${empty[0]}/`));
  const names = empty.map((name) => JSON.stringify(name)).join(", ");
  throw new DataError(`${prefix}: each class needs an image, got none in ${names}; ${skippedText(skippedHere)}`);
}

const skippedText = (files: readonly SkippedFile[]): string =>
  files
    .slice(0, 3)
    .map(({ file, reason }) => `${file}: ${reason}`)
    .join("; ") + (files.length > 3 ? ` (and ${files.length - 3} more)` : "");
