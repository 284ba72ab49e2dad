import type { Bitmap } from "./bitmap.ts";
import { unpackUpTo } from "./unpack.ts";

interface Chunk {
  readonly type: string;
  /** The complete PNG chunk: length, type, data and checksum. */
  readonly bytes: Uint8Array;
  readonly data: Uint8Array;
}

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
export const isPng = (bytes: Uint8Array): boolean => signature.every((byte, i) => bytes[i] === byte);

const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
/**
 * The chunk types that define the image, with the maximum data length of each. For example, a palette has at most 256
 * colors.
 */
const maxLength: Readonly<Record<string, number>> = { IHDR: 13, PLTE: 3 * 256, tRNS: 256, IEND: 0 };

/**
 * Decodes a PNG with fast-png. fast-png would also decompress metadata of any size, so it receives only the chunks that
 * define the image. Before that, the decompressed rows must have the length that the header declares.
 * @throws Error for an invalid file
 */
export async function decodePng(bytes: Uint8Array, maxPixels: number): Promise<Bitmap> {
  const chunks = [...chunksOf(bytes)].filter(({ type }) => type === "IDAT" || Object.hasOwn(maxLength, type));
  const header = chunks[0];
  if (header?.type !== "IHDR" || header.data.length !== 13) throw new Error("it has no header");
  if (chunks.at(-1)!.type !== "IEND") throw new Error("it is truncated");
  const tooLong = chunks.find(({ type, data }) => data.length > (maxLength[type] ?? Number.POSITIVE_INFINITY));
  if (tooLong) throw new Error(`its ${tooLong.type} is too long`);
  const view = new DataView(header.data.buffer, header.data.byteOffset);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  checkSize(width, height, maxPixels);
  const [depth, channels, isInterlaced] = [header.data[8]!, channelsOf[header.data[9]!] ?? 0, header.data[12] === 1];
  if (isInterlaced && depth < 8) throw new Error(`it is interlaced with ${depth} bits, which is not supported`);

  const packedRows = concatBytes(chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data));
  const expectedSize = isInterlaced
    ? adam7.reduce((sum, [x, y, dx, dy]) => {
        return sum + rowBytes(Math.ceil((width - x) / dx), Math.ceil((height - y) / dy), depth * channels);
      }, 0)
    : rowBytes(width, height, depth * channels);
  const { bytes: rows } = await unpackUpTo({ prefix: "it", bytes: packedRows }, expectedSize, "deflate");
  if (rows.length !== expectedSize)
    throw new Error(`its rows are ${rows.length > expectedSize ? "longer" : "shorter"} than its header declares`);

  const { decode } = await import("fast-png");
  const image = decode(concatBytes([Uint8Array.from(signature), ...chunks.map(({ bytes: each }) => each)]), {
    checkCrc: true,
  });
  return { width, height, rgba: rgbaOf(image, header.data[9] === 3), orientation: 1 };
}

/** Yields the chunks of a PNG up to IEND, or up to the last complete chunk if the file is truncated. */
function* chunksOf(bytes: Uint8Array): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = signature.length; at + 12 <= bytes.length; ) {
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length) return;
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    yield { type, bytes: bytes.subarray(at, end), data: bytes.subarray(at + 8, end - 4) };
    if (type === "IEND") return;
    at = end;
  }
}

function checkSize(width: number, height: number, maxPixels: number): void {
  if (width === 0 || height === 0) throw new Error(`it is ${width} × ${height} pixels`);
  if (width * height > maxPixels)
    throw new Error(`it is ${width} × ${height} pixels, more than { maxPixels: ${maxPixels} }`);
}

// The seven passes of an interlaced PNG: offset x, offset y, step x, step y (PNG specification, section 8).
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Returns the size in bytes of an image's packed rows. Each row begins with one filter byte. */
const rowBytes = (width: number, height: number, bits: number): number =>
  width > 0 && height > 0 ? height * (1 + Math.ceil((width * bits) / 8)) : 0;

function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

interface DecodedPng {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly depth: number;
  readonly data: ArrayLike<number>;
  readonly palette?: readonly (readonly number[])[];
  readonly transparency?: ArrayLike<number>;
}

/** Converts a decoded PNG of any pixel format to RGBA, four bytes per pixel. */
function rgbaOf(image: DecodedPng, isIndexed: boolean): Uint8Array {
  const { width, height, channels, depth, data, palette, transparency } = image;
  const out = new Uint8Array(4 * width * height);
  const maxSample = 2 ** depth - 1;
  const toByte = (sample: number) => Math.round((255 * sample) / maxSample);
  const perRow = depth < 8 ? 8 * Math.ceil((width * depth) / 8) : 0; // bits in a row of samples smaller than a byte; rows begin at a whole byte
  const sampleAt = (x: number, y: number) => {
    const bit = y * perRow + x * depth;
    return (data[bit >> 3]! >> (8 - depth - (bit & 7))) & maxSample;
  };
  for (let y = 0, i = 0, to = 0; y < height; y++)
    for (let x = 0; x < width; x++, i += channels, to += 4) {
      const first = perRow > 0 ? sampleAt(x, y) : data[i]!;
      if (isIndexed) {
        const color = palette?.[first];
        if (color === undefined) throw new Error("it has a color that is not in its palette");
        out.set(color, to);
        out[to + 3] = color[3] ?? 255;
        continue;
      }
      const isGray = channels < 3;
      const [green, blue] = isGray ? [first, first] : [data[i + 1]!, data[i + 2]!];
      out[to] = toByte(first);
      out[to + 1] = toByte(green);
      out[to + 2] = toByte(blue);
      const isClear =
        transparency !== undefined &&
        first === transparency[0] &&
        (isGray || (green === transparency[1] && blue === transparency[2]));
      out[to + 3] = isClear ? 0 : channels % 2 === 0 ? toByte(data[i + channels - 1]!) : 255;
    }
  return out;
}
