import { ArgumentError, DataError, fromNdarray, type Tensor } from "@wengert/core";
import { allocateArray, type Complete, type Data, isList, ndarray, show, withDefaults } from "@wengert/core/extend";
import { decode } from "./decode.ts";
import { type Folder, listFiles } from "./folder.ts";
import { resizeImage } from "./resize.ts";
import { checkMaxBytes, open } from "./source.ts";

export interface ImageOptions {
  /** What all images are made: [height, width]. */
  readonly size: readonly [height: number, width: number];
  /** One number a pixel, its luma 0.299 R + 0.587 G + 0.114 B (Rec. 601, as Pillow has it). Default: false, three colors. */
  readonly grayscale?: boolean | undefined;
  /** Whether the middle part is taken that has the proportions of `size`; else images are stretched to them. Default: true. */
  readonly crop?: boolean | undefined;
  /** float32 or float64. Default: "float32". */
  readonly dtype?: "float32" | "float64" | undefined;
  /** Images of more pixels are skipped before they are decoded. Default: 2^25, 33 megapixels. */
  readonly maxPixels?: number | undefined;
  /** Files of more bytes are skipped before they are read. Default: 2^26. */
  readonly maxBytes?: number | undefined;
  /** Called after each file. */
  readonly progress?: ((done: number, of: number) => void) | undefined;
}

export interface ImageSet {
  /** [N, height, width, 3], or [N, height, width] in gray: from 0, black, to 1. */
  readonly images: Tensor;
  /** int32 [N], the places of classes. */
  readonly labels: Tensor;
  /** The names of the sub-folders, sorted. */
  readonly classes: readonly string[];
  /** Where each image is from: "anna/1.jpg". */
  readonly files: readonly string[];
  readonly skipped: readonly SkippedFile[];
}

/** A file that could not be read as an image. */
export interface SkippedFile {
  readonly file: string;
  /** "it is cut off" */
  readonly reason: string;
}

/**
 * The PNG and JPEG images of a folder, one sub-folder a class (what lies deeper belongs to it too): all of one size, upright as
 * their EXIF says, on white where one can see through. Classes and files are in the order of their names, by the codes of
 * characters. Files that are damaged or no images are skipped and listed.
 *
 * @throws DataError for a folder that cannot be read or has no sub-folders, and for a class without an image;
 * OutOfRangeError where there is no memory for all of them.
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
    .map(({ path }) => ({ file: path, reason: "it lies in no sub-folder" }));
  if (classes.length === 0)
    throw new DataError(
      `${prefix} has no classes: expected one sub-folder a class, anna/1.jpg, ben/1.jpg; got ${skippedText(skipped) || "no files"}`,
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
      `readImages: size is [height, width] in pixels, such as { size: [32, 32] }, up to ${maxSide}; got ${isList(size) ? JSON.stringify(size) : show(size)}`,
    );
  for (const [name, value] of Object.entries({ grayscale, crop }))
    if (typeof value !== "boolean") throw new ArgumentError(`readImages: ${name} is true or false; got ${show(value)}`);
  if (dtype !== "float32" && dtype !== "float64")
    throw new ArgumentError(`readImages: dtype is "float32" or "float64"; got ${show(dtype)}`);
  if (!(maxPixels! > 0)) throw new ArgumentError(`readImages: maxPixels is a number above 0; got ${show(maxPixels)}`);
  checkMaxBytes("readImages", maxBytes);
  if (progress !== undefined && typeof progress !== "function")
    throw new ArgumentError(`readImages: progress is a function of (done, of); got ${show(progress)}`);
  return options as Settings;
}

const maxSide = 4096;

/** Bytes as numbers from 0 to 1. */
function writePixels(rgb: Uint8Array, out: Data, gray: boolean): void {
  if (!gray) for (let i = 0; i < out.length; i++) out[i] = rgb[i]! / 255;
  else
    for (let i = 0, at = 0; i < out.length; i++, at += 3)
      out[i] = (0.299 * rgb[at]! + 0.587 * rgb[at + 1]! + 0.114 * rgb[at + 2]!) / 255;
}

/** Our own messages begin with "it"; messages of libraries get a prefix. */
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
  throw new DataError(`${prefix}: there is no image in ${names}; ${skippedText(skippedHere)}`);
}

const skippedText = (files: readonly SkippedFile[]): string =>
  files
    .slice(0, 3)
    .map(({ file, reason }) => `${file}: ${reason}`)
    .join("; ") + (files.length > 3 ? ` (and ${files.length - 3} more)` : "");
