import { decodeJpeg, isJpeg } from "./jpeg.ts";
import { decodePng, isPng } from "./png.ts";

/** Pixels as a file has them, row by row. */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and opacity of each, 0 to 255. */
  readonly rgba: Uint8Array;
  /** How they are to be turned, as EXIF says: 1 is upright. */
  readonly orientation: number;
}

/** The pixels of a PNG or JPEG, of at most `maxPixels`. @throws Error, which says what is wrong: "it is cut off" */
export async function decode(bytes: Uint8Array, maxPixels: number): Promise<Bitmap> {
  if (bytes.length === 0) throw new Error("it is empty");
  if (isPng(bytes)) return await decodePng(bytes, maxPixels);
  if (isJpeg(bytes)) return await decodeJpeg(bytes, maxPixels);
  throw new Error(`it is no PNG and no JPEG${Object.entries(others).find(([, isIt]) => isIt(bytes))?.[0] ?? ""}`);
}

const says = (bytes: Uint8Array, at: number, text: string): boolean =>
  Array.from(text).every((letter, i) => bytes[at + i] === letter.charCodeAt(0));
const others: Readonly<Record<string, (bytes: Uint8Array) => boolean>> = {
  ", but a WebP": (bytes) => says(bytes, 0, "RIFF") && says(bytes, 8, "WEBP"),
  ", but a GIF": (bytes) => says(bytes, 0, "GIF8"),
  ", but a BMP": (bytes) => says(bytes, 0, "BM"),
  ", but a TIFF": (bytes) => says(bytes, 0, "II*\0") || says(bytes, 0, "MM\0*"),
  ", but an AVIF or HEIC": (bytes) => says(bytes, 4, "ftyp"),
};
