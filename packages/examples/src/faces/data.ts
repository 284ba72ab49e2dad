import { existsSync } from "node:fs";
import { DataError, OutOfRangeError, type Tensor, tensor } from "@wengert/core";
import { readImages, readNpy } from "@wengert/data";
import { cast, div, max, min } from "@wengert/ops";
import { InputError } from "../shared/options.ts";

const [debian, downloaded] = [
  "/usr/lib/python3/dist-packages/skimage/data/lfw_subset.npy",
  "out/lfw_subset.npy",
] as const;

/**
 * The path of scikit-image's `lfw_subset`: 100 faces and 100 other crops, 25 × 25 pixels each, from Labeled Faces in the Wild
 * (G. Huang, M. Ramesh, T. Berg, E. Learned-Miller 2007). This repository does not include the images, because no license
 * permits redistribution of the news photographs. Debian packages the images.
 */
export const lfw: string = existsSync(debian) ? debian : downloaded;

export interface Faces {
  /** The images, float32 [N, height, width], with pixels from 0 (black) to 1 (white). */
  readonly images: Tensor;
  /** int32 [N] */
  readonly labels: Tensor;
  readonly classes: readonly string[];
  /** The name of each image. */
  readonly names: readonly string[];
  /** The files that could not be read, and the reason for each. */
  readonly leftOut: readonly string[];
}

interface Wanted {
  readonly images: string;
  readonly labels: string;
  readonly classes: string;
  readonly size: number;
}

/** Reads images from a folder or from one `.npy` file. @throws InputError if the images are invalid */
export async function readFaces(wanted: Wanted): Promise<Faces> {
  if (wanted.images === downloaded && !existsSync(downloaded))
    throw new InputError(
      `${downloaded} does not exist. It is one file of Debian's python3-skimage; extract it with:

  apt-get download python3-skimage
  dpkg --fsys-tarfile python3-skimage_*.deb | tar -xO .${debian} > ${downloaded}

Or pass your own images: --images FOLDER, with one sub-folder per class.`,
    );
  try {
    return await (wanted.images.endsWith(".npy") ? ofStack(wanted) : ofFolder(wanted));
  } catch (error) {
    if (error instanceof DataError || error instanceof OutOfRangeError) throw new InputError(`${error.message}.`);
    throw error;
  }
}

async function ofFolder({ images: folder, size }: Wanted): Promise<Faces> {
  const { images, labels, classes, files, skipped } = await readImages(folder, { size: [size, size], grayscale: true });
  return { images, labels, classes, names: files, leftOut: skipped.map(({ file, reason }) => `${file}: ${reason}`) };
}

async function ofStack({ images: path, labels: labelPath, classes: classNames }: Wanted): Promise<Faces> {
  const stack = await readNpy(path);
  if (stack.shape.length !== 3 || stack.size === 0)
    throw new InputError(`${path} has shape [${stack.shape}]; a stack of gray images is [N, height, width].`);
  const [least, most] = [min(stack).item(), max(stack).item()];
  if (!(least >= 0 && most <= 255))
    throw new InputError(
      `${path} holds numbers from ${least} to ${most}; pixels must be from 0 to 1, or from 0 to 255.`,
    );
  const single = cast(stack, { dtype: "float32" });
  const images = most > 1 ? div(single, 255) : single;
  const count = images.shape[0]!;
  const names = Array.from({ length: count }, (_, i) => `image ${i + 1}`);
  return {
    images,
    names,
    leftOut: [],
    ...(labelPath === "" ? counted(classNames, count) : await read(labelPath, classNames, count)),
  };
}

/**
 * Makes labels for images that are sorted by class, from a text such as "face:100,other:100": 100 images of each class.
 */
function counted(classNames: string, count: number): Pick<Faces, "labels" | "classes"> {
  const parts = [...classNames.matchAll(/([^:,]+):(\d+)(?:,|$)/g)].map(([, name, size]) => ({
    name: name!,
    size: Number(size),
  }));
  const isWhole = parts.map(({ name, size }) => `${name}:${size}`).join(",") === classNames;
  if (!isWhole || parts.length < 2)
    throw new InputError(`--classes must be names with counts, such as face:100,other:100, got "${classNames}".`);
  const total = parts.reduce((sum, { size }) => sum + size, 0);
  if (total !== count) throw new InputError(`--classes ${classNames} counts ${total} images, but there are ${count}.`);
  const labels = parts.flatMap(({ size }, k) => new Array<number>(size).fill(k));
  return { labels: tensor(labels, { dtype: "int32", label: "labels" }), classes: parts.map(({ name }) => name) };
}

/**
 * Reads labels from a file. If `classNames` does not have one name for each class in the labels, the index of a class
 * is its name.
 */
async function read(path: string, classNames: string, count: number): Promise<Pick<Faces, "labels" | "classes">> {
  const labels = await readNpy(path, { dtype: "int32" });
  if (String(labels.shape) !== String([count]))
    throw new InputError(`${path} has shape [${labels.shape}]; labels of ${count} images have shape [${count}].`);
  const K = max(labels).item() + 1;
  if (min(labels).item() < 0 || K > 1000)
    throw new InputError(
      `${path} holds labels from ${min(labels).item()} to ${K - 1}; classes must be numbered from 0 to at most 999.`,
    );
  const names = classNames.split(",").map((name) => name.replace(/:\d+$/, ""));
  return { labels, classes: names.length === K ? names : Array.from({ length: K }, (_, k) => String(k)) };
}
