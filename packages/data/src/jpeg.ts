import type { Bitmap } from "./bitmap.ts";

export const isJpeg = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xd8;

const pixelsPerByte = 512; // an upper bound: a block of 8 × 8 pixels takes at least 1 bit
const maxScans = 200; // a progressive JPEG has about ten scans; each can cost as much as the whole image

interface DecodedJpeg {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  /** Options of the library jpeg-js that its type declarations do not contain. */
  readonly exifBuffer?: Uint8Array | undefined;
}

/**
 * Decodes a baseline or progressive JPEG image.
 * @throws Error for an invalid file
 */
export async function decodeJpeg(bytes: Uint8Array, maxPixels: number): Promise<Bitmap> {
  let scans = 0;
  for (let i = bytes.indexOf(0xff); i >= 0; i = bytes.indexOf(0xff, i + 1)) if (bytes[i + 1] === 0xda) scans++;
  if (scans === 0) throw new Error("it is truncated before its first pixel");
  if (scans > maxScans) throw new Error(`it has ${scans} scans, more than ${maxScans}`);
  const { default: jpeg } = await import("jpeg-js");
  const pixelLimit = Math.min(maxPixels, pixelsPerByte * bytes.length);
  let image: DecodedJpeg;
  try {
    image = jpeg.decode(bytes, {
      useTArray: true,
      tolerantDecoding: false,
      maxResolutionInMP: pixelLimit / 1e6,
      maxMemoryUsageInMB: 64 + (40 * pixelLimit) / 2 ** 20,
    });
  } catch (cause) {
    if (!(cause as Error).message.startsWith("maxResolutionInMP")) throw cause;
    const limit = pixelLimit < maxPixels ? `its ${bytes.length} bytes can hold` : `{ maxPixels: ${maxPixels} }`;
    throw new Error(`its header declares more pixels than ${limit}`, { cause });
  }
  const { width, height, data, exifBuffer } = image;
  return { width, height, rgba: data, orientation: exifBuffer ? orientationIn(exifBuffer) : 1 };
}

/**
 * Returns the EXIF orientation of a JPEG, from 1 to 8, or 1 (upright) if the file has no orientation. The orientation
 * is tag 0x112 in the first EXIF directory (CIPA DC-008, section 4.6). jpeg-js puts one zero byte before the TIFF data.
 */
function orientationIn(exif: Uint8Array): number {
  const view = new DataView(exif.buffer, exif.byteOffset + 1, Math.max(0, exif.byteLength - 1));
  if (view.byteLength < 8) return 1;
  const isLittle = view.getUint8(0) === 0x49;
  const directory = view.getUint32(4, isLittle);
  if (directory + 2 > view.byteLength) return 1;
  const count = view.getUint16(directory, isLittle);
  for (let i = 0, at = directory + 2; i < count && at + 12 <= view.byteLength; i++, at += 12) {
    if (view.getUint16(at, isLittle) !== 0x112) continue;
    const value = view.getUint16(at + 8, isLittle);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}
