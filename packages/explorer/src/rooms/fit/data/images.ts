import { DataError } from "@wengert/core";
import { type Dataset, maxClasses, minClasses } from "./dataset.ts";

const maxImages = 10_000;

/** A file and its path, such as "faces/anna/1.jpg". */
export interface Placed {
  readonly path: string;
  readonly file: File;
}

export const placedByInput = (files: FileList): Placed[] =>
  Array.from(files, (file) => ({ path: file.webkitRelativePath || file.name, file }));

/** Returns the files that the user dropped, including all files in dropped folders. */
export async function placedByDrop(items: DataTransferItemList): Promise<Placed[]> {
  const entries = Array.from(items, (item) => item.webkitGetAsEntry()).filter((entry) => entry !== null); // before any await, which would clear the items
  const found = (await Promise.all(entries.map(walk))).flat();
  // If the user drops several folders at once, each folder is a class.
  const isOne = entries.length === 1 && entries[0]!.isDirectory;
  return isOne ? found : found.map(({ path, file }) => ({ path: `dropped/${path}`, file }));
}

async function walk(entry: FileSystemEntry): Promise<Placed[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\//, ""), file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const all: Placed[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all; // readEntries returns at most a hundred entries per call
    all.push(...(await Promise.all(some.map(walk))).flat());
  }
}

/**
 * Reads the images of a folder with one sub-folder per class. Each image is cropped to its middle square, scaled to
 * `side` × `side` pixels and converted to gray. Files that are not images are skipped and reported. The browser decodes
 * the images, because it supports more formats than `readImages` of @wengert/data.
 * @throws DataError unless the folder has images of enough classes
 */
export async function readImages(
  all: readonly Placed[],
  side: number,
  progress: (done: number, of: number) => void,
): Promise<Dataset> {
  const leftOut: string[] = [];
  const inClasses = all
    .filter(({ path }) => !path.split("/").some((part) => part.startsWith("."))) // hidden files, such as .DS_Store
    .flatMap(({ path, file }) => {
      const [, name, ...rest] = path.split("/");
      if (rest.length > 0) return [{ path, file, name: name! }];
      leftOut.push(`${path}: it is not in a sub-folder`);
      return [];
    })
    .sort((a, b) => a.path.localeCompare(b.path, "en", { numeric: true }));
  const names = [...new Set(inClasses.map(({ name }) => name))];
  const wanted =
    "Expected a folder with one sub-folder per class, each with its images (faces/anna/1.jpg, faces/ben/1.jpg)";
  if (names.length < minClasses || names.length > maxClasses)
    throw new DataError(
      `${wanted}; got ${all.length === 1 ? "1 file" : `${all.length} files`} in ${names.length === 1 ? "1 sub-folder" : `${names.length} sub-folders`}. ${names.length > maxClasses ? `Choose at most ${maxClasses} classes.` : "Choose the parent folder."}`,
    );
  if (inClasses.length > maxImages)
    throw new DataError(`Expected at most ${maxImages} images, got ${inClasses.length} files. Remove some.`);
  const decoded: { readonly name: string; readonly pixels: Uint8Array }[] = [];
  for (const [i, { path, file, name }] of inClasses.entries()) {
    const pixels = await pixelsOf(file, side);
    if (pixels) decoded.push({ name, pixels });
    else leftOut.push(`${path}: the browser cannot read it as an image`);
    progress(i + 1, inClasses.length);
  }
  const classes = names.filter((name) => decoded.some((each) => each.name === name));
  if (classes.length < minClasses)
    throw new DataError(
      `${wanted}; of ${inClasses.length} files in ${names.length} sub-folders ${decoded.length} can be read as images, of ${classes.length === 1 ? "1 class" : `${classes.length} classes`}. Use PNG, JPEG, WebP, GIF, AVIF or BMP.`,
    );
  const rows = new Uint8Array(decoded.length * side * side);
  decoded.forEach(({ pixels }, i) => {
    rows.set(pixels, i * side * side);
  });
  return {
    title: `${decoded.length.toLocaleString("en")} images of ${all[0]!.path.split("/")[0]}`,
    rows,
    labels: Int32Array.from(decoded, ({ name }) => classes.indexOf(name)),
    classes,
    features: { width: side, height: side },
    center: rows.reduce((sum, byte) => sum + byte, 0) / rows.length / 255,
    leftOut,
  };
}

/** Decodes the middle square of an image in gray. Returns `undefined` if the browser cannot decode the file. */
export async function pixelsOf(file: Blob, side: number): Promise<Uint8Array | undefined> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return undefined;
  }
  const square = Math.min(bitmap.width, bitmap.height);
  const context = new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#fff"; // transparent pixels become white
  context.fillRect(0, 0, side, side);
  context.drawImage(
    bitmap,
    (bitmap.width - square) / 2,
    (bitmap.height - square) / 2,
    square,
    square,
    0,
    0,
    side,
    side,
  );
  bitmap.close();
  const { data } = context.getImageData(0, 0, side, side);
  // Luma weights of Rec. 709.
  return Uint8Array.from({ length: side * side }, (_, i) =>
    Math.round(0.2126 * data[4 * i]! + 0.7152 * data[4 * i + 1]! + 0.0722 * data[4 * i + 2]!),
  );
}
