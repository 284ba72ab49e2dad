import { DataError } from "@wengert/core";
import type { Bytes } from "./bytes.ts";
import { type JsonReader, jsonReader, quoted } from "./json.ts";
import { maxAxes } from "./shape.ts";

/** The entry of one tensor in a safetensors header. `begin` and `end` count bytes from the end of the header. */
export interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly metadata: Map<string, string>;
  readonly entries: readonly Entry[];
}

/** The largest header that the reference implementation of safetensors accepts, in bytes. */
const maxHeader = 100_000_000;

/**
 * Returns the safetensors header: its length, its JSON, and spaces that make the tensor data begin at a multiple of 8
 * bytes.
 */
export function headerBytes(caller: string, { metadata, entries }: Header): Bytes {
  const texts = [...metadata].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  const members = entries.map(
    ({ name, dtype, shape, begin, end }) =>
      `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`,
  );
  if (texts.length > 0) members.unshift(`"__metadata__":{${texts.join()}}`);
  const json = new TextEncoder().encode(`{${members.join()}}`); // built by hand, because JSON.stringify would put names such as "10" first
  const length = 8 * Math.ceil(json.length / 8);
  if (length > maxHeader)
    throw new DataError(
      `${caller}: the names, shapes and metadata of ${entries.length} tensors take ${length} bytes, but the header of a safetensors file holds at most ${maxHeader}; save the tree in parts`,
    );
  const bytes = new Uint8Array(8 + length).fill(0x20, 8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  return bytes;
}

/**
 * The first bytes of file formats other than safetensors. If a file begins with such bytes, the error message names the
 * format.
 */
const otherFormats: readonly { begins: readonly number[]; is: string }[] = [
  {
    begins: [0x50, 0x4b, 3, 4],
    is: "a ZIP archive, as torch.save and numpy.savez write; in Python, save with safetensors.torch.save_file(model.state_dict(), path)",
  },
  {
    begins: [0x80, 2],
    is: "a pickle, as old versions of torch.save write; in Python, save with safetensors.torch.save_file(model.state_dict(), path)",
  },
  { begins: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], is: "a NumPy array; read it with readNpy of @wengert/data" },
];

/**
 * Reads the header length from the first 8 bytes of a safetensors file. `size` is the file size in bytes.
 * @throws DataError for an invalid length
 */
export function headerLength(file: string, first: Bytes, size: number): number {
  const headerSize = size < 8 ? undefined : new DataView(first.buffer, first.byteOffset).getBigUint64(0, true);
  if (headerSize !== undefined && headerSize <= maxHeader && 8 + Number(headerSize) <= size) return Number(headerSize);
  const otherFormat = otherFormats.find(({ begins }) => begins.every((byte, i) => first[i] === byte));
  if (otherFormat) throw new DataError(`${file} is not a safetensors file but ${otherFormat.is}`);
  if (headerSize === undefined)
    throw damagedFile(file, `its first 8 bytes must hold the header's length, got a file of ${size} bytes`);
  if (headerSize > maxHeader)
    throw damagedFile(file, `a header has at most ${maxHeader} bytes, got a length of ${headerSize}`);
  throw damagedFile(file, `its header needs ${headerSize} bytes, but only ${size - 8} follow its length`);
}

/**
 * Parses a safetensors header.
 * @throws DataError unless the header is JSON with the structure that the format defines
 */
export function parseHeader(file: string, bytes: Uint8Array): Header {
  const json = jsonReader(textOf(file, bytes), (what) => damagedFile(file, `its header is invalid: ${what}`));
  if (bytes[0] !== 0x7b) throw json.unexpected('"{"'); // the format allows no space before the brace
  const metadata = new Map<string, string>();
  const entries: Entry[] = [];
  json.members((name) => {
    const isTaken = (key: string) => metadata.has(key);
    if (name === "__metadata__") json.members((key) => metadata.set(key, json.string()), isTaken);
    else entries.push(entryOf(json, name));
  });
  json.end();
  return { metadata, entries };
}

function textOf(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw damagedFile(file, "its header is not UTF-8 text");
  }
}

function entryOf(json: JsonReader, name: string): Entry {
  const readCounts = (maxCount: number): number[] => {
    const found: number[] = [];
    json.list((i) => {
      if (i === maxCount) throw json.unexpected(`no more than ${maxCount} numbers`);
      found.push(json.count());
    });
    return found;
  };
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  const isTaken = (field: string) =>
    (field === "dtype" && dtype !== undefined) ||
    (field === "shape" && shape !== undefined) ||
    (field === "data_offsets" && offsets !== undefined);
  json.members((field) => {
    if (field === "dtype") dtype = json.string();
    else if (field === "shape") shape = readCounts(maxAxes);
    else if (field === "data_offsets") offsets = readCounts(2);
    else throw json.unexpected(`no ${quoted(field)} among dtype, shape and data_offsets of ${quoted(name)}`);
  }, isTaken);
  if (dtype === undefined || shape === undefined || offsets?.length !== 2)
    throw json.unexpected(`dtype, shape and two data_offsets of ${quoted(name)}`);
  return { name, dtype, shape, begin: offsets[0]!, end: offsets[1]! };
}

export const damagedFile = (file: string, what: string): DataError =>
  new DataError(`${file} is not a safetensors file, or is damaged: ${what}; save or download it again`);
