import type { Bitmap } from "./bitmap.ts";
import { decodeJpeg, isJpeg } from "./jpeg.ts";
import { decodePng, isPng } from "./png.ts";

/**
 * Decodes a PNG or JPEG image of at most `maxPixels` pixels.
 * @throws Error if the image cannot be decoded. The message is the reason, such as "it is truncated".
 */
export async function decode(bytes: Uint8Array, maxPixels: number): Promise<Bitmap> {
  if (bytes.length === 0) throw new Error("it is empty");
  if (isPng(bytes)) return await decodePng(bytes, maxPixels);
  if (isJpeg(bytes)) return await decodeJpeg(bytes, maxPixels);
  throw new Error(`it is not a PNG or JPEG${Object.entries(otherFormats).find(([, isIt]) => isIt(bytes))?.[0] ?? ""}`);
}

const hasAscii = (bytes: Uint8Array, at: number, text: string): boolean =>
  Array.from(text).every((letter, i) => bytes[at + i] === letter.charCodeAt(0));
const otherFormats: Readonly<Record<string, (bytes: Uint8Array) => boolean>> = {
  ", but a WebP": (bytes) => hasAscii(bytes, 0, "RIFF") && hasAscii(bytes, 8, "WEBP"),
  ", but a GIF": (bytes) => hasAscii(bytes, 0, "GIF8"),
  ", but a BMP": (bytes) => hasAscii(bytes, 0, "BM"),
  ", but a TIFF": (bytes) => hasAscii(bytes, 0, "II*\0") || hasAscii(bytes, 0, "MM\0*"),
  ", but an AVIF or HEIC": (bytes) => hasAscii(bytes, 4, "ftyp"),
};
