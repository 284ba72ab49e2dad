import type { Bitmap } from "./bitmap.ts";
import { unpackUpTo } from "./unpack.ts";

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
export const isPng = (bytes: Uint8Array): boolean => signature.every((byte, i) => bytes[i] === byte);

/** The channels and the allowed bits per sample of each color type (PNG specification, table 11.1). */
const colorTypes: ReadonlyMap<number, { readonly channels: number; readonly depths: readonly number[] }> = new Map([
  [0, { channels: 1, depths: [1, 2, 4, 8, 16] }], // gray
  [2, { channels: 3, depths: [8, 16] }], // red, green, blue
  [3, { channels: 1, depths: [1, 2, 4, 8] }], // indices into the palette
  [4, { channels: 2, depths: [8, 16] }], // gray and opacity
  [6, { channels: 4, depths: [8, 16] }], // red, green, blue and opacity
]);

/**
 * Decodes a PNG image with the library fast-png. fast-png accepts several headers, and unpacks color profiles and texts
 * of any size. So this function passes it a file of only the header and the compressed rows, after checking that the
 * rows have the declared length.
 * @throws Error for an invalid file
 */
export async function decodePng(bytes: Uint8Array, maxPixels: number): Promise<Bitmap> {
  const parts = partsOf(bytes, maxPixels);
  const { header, packedRows } = parts;
  const { width, height, colorType, depth, isInterlaced } = header;
  if (isInterlaced && depth < 8) throw new Error(`it is interlaced with ${depth} bits, which is not supported`);
  const bits = depth * colorTypes.get(colorType)!.channels;
  const expectedSize = isInterlaced
    ? adam7.reduce((sum, [x, y, dx, dy]) => {
        return sum + rowBytes(Math.ceil((width - x) / dx), Math.ceil((height - y) / dy), bits);
      }, 0)
    : rowBytes(width, height, bits);
  const { bytes: rows } = await unpackUpTo({ prefix: "it", bytes: packedRows }, expectedSize, "deflate");
  if (rows.length !== expectedSize)
    throw new Error(`its rows are ${rows.length > expectedSize ? "longer" : "shorter"} than its header declares`);

  const { decode } = await import("fast-png");
  const image = decode(fileOf(header.bytes, packedRows)); // partsOf has checked the checksums
  return { width, height, rgba: rgbaOf(image, parts), orientation: 1 };
}

interface Header {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colorType: number;
  readonly isInterlaced: boolean;
}

/** The chunks of a PNG file that define the image. */
interface Parts {
  readonly header: Header;
  /** The palette of a PNG image: the red, green and blue of each color. */
  readonly palette: Uint8Array | undefined;
  /**
   * For an image with a palette, the opacity of each color. For other images, the samples of the one transparent color.
   */
  readonly transparency: Uint8Array | undefined;
  /** The data of all IDAT chunks of a PNG file, which hold the compressed rows. */
  readonly packedRows: Uint8Array;
}

const order = ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"];
/**
 * In a PNG file, chunks whose type begins with an upper-case letter are required to decode the image. All other chunks
 * are optional.
 */
const isCritical = (type: string): boolean => !/^[a-z][A-Za-z]{3}$/.test(type);

/**
 * Reads the chunks of a PNG file that define the image, in the order that the PNG specification requires (section 5.6).
 * Other chunks are skipped; a file may have millions of them.
 * @throws Error for an invalid file
 */
function partsOf(bytes: Uint8Array, maxPixels: number): Parts {
  let header: Header | undefined;
  const found = new Map<string, Uint8Array>();
  let [last, lastDefining, rowsLength] = ["", 0, 0];
  for (const { type, begin, end } of chunksOf(bytes)) {
    if (header === undefined && type !== "IHDR") throw new Error("it has no header");
    const place = order.indexOf(type);
    if (place >= 0) {
      if (found.has(type) && type !== "IDAT") throw new Error(`it has a second ${type}`);
      if (place < lastDefining) throw new Error(`its ${type} is after its ${order[lastDefining]}`);
      if (found.has(type) && last !== type) throw new Error(`it has ${last} between two ${type}`);
      const data = bytes.subarray(begin, end);
      if (header === undefined) header = headerOf(data, maxPixels);
      else checkChunk(type, data, header, found.get("PLTE"));
      if (crc32(bytes.subarray(begin - 4, end)) !== viewOf(bytes).getUint32(end))
        throw new Error(`CRC mismatch in its ${type}`);
      found.set(type, data);
      lastDefining = place;
      if (type === "IDAT") rowsLength += data.length;
    } else if (isCritical(type)) throw new Error(`it has the chunk ${JSON.stringify(type)}, which is not supported`);
    last = type;
  }
  if (header === undefined || last !== "IEND") throw new Error("it is truncated");
  if (!found.has("IDAT")) throw new Error("it has no pixels");
  if (header.colorType === 3 && !found.has("PLTE")) throw new Error("it has no palette");

  const packedRows = new Uint8Array(rowsLength);
  let at = 0;
  for (const { type, begin, end } of chunksOf(bytes))
    if (type === "IDAT") {
      packedRows.set(bytes.subarray(begin, end), at);
      at += end - begin;
    }
  return { header, palette: found.get("PLTE"), transparency: found.get("tRNS"), packedRows };
}

/**
 * Yields the type of each chunk of a PNG file, and where the chunk's data begin and end, up to IEND or the last
 * complete chunk of a truncated file.
 */
function* chunksOf(
  bytes: Uint8Array,
): Generator<{ readonly type: string; readonly begin: number; readonly end: number }> {
  const view = viewOf(bytes);
  for (let begin = signature.length + 8; begin + 4 <= bytes.length; ) {
    const end = begin + view.getUint32(begin - 8);
    if (end + 4 > bytes.length) return;
    const type = String.fromCharCode(...bytes.subarray(begin - 4, begin));
    yield { type, begin, end };
    if (type === "IEND") return;
    begin = end + 12;
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function headerOf(data: Uint8Array, maxPixels: number): Header {
  if (data.length !== 13) throw new Error("it has no header");
  const view = viewOf(data);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  checkSize(width, height, maxPixels);
  const [depth, colorType, compression, filter, interlace] = data.subarray(8);
  if (!colorTypes.get(colorType!)?.depths.includes(depth!))
    throw new Error(`its header declares color type ${colorType} with ${depth} bits, which is invalid`);
  if (compression !== 0 || filter !== 0 || interlace! > 1)
    throw new Error(
      `its header declares compression ${compression}, filter ${filter} and interlace ${interlace}, which is invalid`,
    );
  return { bytes: data, width, height, depth: depth!, colorType: colorType!, isInterlaced: interlace === 1 };
}

/**
 * Checks the length of a chunk, and checks that an image of this color type may contain this type of chunk (PNG
 * specification, section 11).
 */
function checkChunk(type: string, { length }: Uint8Array, header: Header, palette: Uint8Array | undefined): void {
  const { colorType, depth } = header;
  const { channels } = colorTypes.get(colorType)!;
  const isGray = channels < 3 && colorType !== 3;
  const hasOpacity = channels % 2 === 0;
  if ((type === "PLTE" && isGray) || (type === "tRNS" && hasOpacity))
    throw new Error(`it has a ${type}, which images of color type ${colorType} may not have`);
  if (type === "tRNS" && colorType === 3 && palette === undefined) throw new Error("its tRNS is before its PLTE");
  const colors = 2 ** Math.min(depth, 8);
  const isValid =
    type === "PLTE"
      ? length > 0 && length % 3 === 0 && length <= 3 * (colorType === 3 ? colors : 256)
      : type === "tRNS"
        ? colorType === 3
          ? length <= palette!.length / 3
          : length === 2 * channels
        : type !== "IEND" || length === 0;
  if (!isValid) throw new Error(`its ${type} has ${length} bytes, which is invalid`);
}

const crcTable = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** The checksum of a chunk's type and data (PNG specification, annex D). */
function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) crc = crcTable[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Returns the bytes of a PNG file of three chunks, without checksums. */
function fileOf(header: Uint8Array, packedRows: Uint8Array): Uint8Array {
  const parts = Object.entries({ IHDR: header, IDAT: packedRows, IEND: new Uint8Array(0) });
  const file = new Uint8Array(parts.reduce((sum, [, { length }]) => sum + 12 + length, signature.length));
  file.set(signature);
  let at = signature.length;
  for (const [type, data] of parts) {
    viewOf(file).setUint32(at, data.length);
    file.set(new TextEncoder().encode(type), at + 4);
    file.set(data, at + 8);
    at += 12 + data.length;
  }
  return file;
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

/** Returns the size in bytes of the decompressed rows of a PNG image. Each row begins with a filter byte. */
const rowBytes = (width: number, height: number, bits: number): number =>
  width > 0 && height > 0 ? height * (1 + Math.ceil((width * bits) / 8)) : 0;

interface DecodedPng {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly depth: number;
  readonly data: ArrayLike<number>;
}

/** Converts an image of any pixel format to four bytes for each pixel (red, green, blue and alpha). */
function rgbaOf(image: DecodedPng, { header, palette, transparency }: Parts): Uint8Array {
  const { width, height, channels, depth, data } = image;
  const out = new Uint8Array(4 * width * height);
  const maxSample = 2 ** depth - 1;
  const toByte = (sample: number) => Math.round((255 * sample) / maxSample);
  const perRow = depth < 8 ? 8 * Math.ceil((width * depth) / 8) : 0; // bits in a row of samples smaller than a byte; rows begin at a whole byte
  const sampleAt = (x: number, y: number) => {
    const bit = y * perRow + x * depth;
    return (data[bit >> 3]! >> (8 - depth - (bit & 7))) & maxSample;
  };
  const isIndexed = header.colorType === 3;
  const isGray = channels < 3;
  // Returns a channel of the transparent color of a PNG image, as a sample of the image's bit depth.
  const clearAt = (c: number) => ((transparency![2 * c]! << 8) | transparency![2 * c + 1]!) & maxSample;
  const clear = transparency === undefined || isIndexed ? undefined : isGray ? [clearAt(0)] : [0, 1, 2].map(clearAt);
  for (let y = 0, i = 0, to = 0; y < height; y++)
    for (let x = 0; x < width; x++, i += channels, to += 4) {
      const first = perRow > 0 ? sampleAt(x, y) : data[i]!;
      if (isIndexed) {
        if (3 * first >= palette!.length) throw new Error("it has a color that is not in its palette");
        for (let c = 0; c < 3; c++) out[to + c] = palette![3 * first + c]!;
        out[to + 3] = transparency?.[first] ?? 255;
        continue;
      }
      const [green, blue] = isGray ? [first, first] : [data[i + 1]!, data[i + 2]!];
      out[to] = toByte(first);
      out[to + 1] = toByte(green);
      out[to + 2] = toByte(blue);
      const isClear =
        clear !== undefined && first === clear[0] && (isGray || (green === clear[1] && blue === clear[2]));
      out[to + 3] = isClear ? 0 : channels % 2 === 0 ? toByte(data[i + channels - 1]!) : 255;
    }
  return out;
}
