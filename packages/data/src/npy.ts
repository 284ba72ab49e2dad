import { ArgumentError, DataError, type DType, ShapeError, Tensor } from "@wengert/core";
import {
  allocateArray,
  checkDType,
  prefixErrors,
  ravel,
  shapeText,
  show,
  valuesOf,
  withDefaults,
} from "@wengert/core/extend";
import { countOf, isLittleEndian, maxAxes, type NumberFormat, numberFormats, toTensor } from "./numbers.ts";
import { bytesText, checkMaxBytes, type Origin, open, type Source } from "./source.ts";

export interface NpyOptions {
  /**
   * The dtype of the result. Default: float64, float32, int32 and bool are kept. float16 becomes float32; uint8, int8,
   * uint16 and int16 become int32. Unsigned 32-bit and all 64-bit integers require a dtype, and each number must fit.
   */
  readonly dtype?: DType | undefined;
  /** The maximum size of the file in bytes. Default: 2^30. */
  readonly maxBytes?: number | undefined;
}

/**
 * Reads the array in a `.npy` file, as `numpy.save` writes it: formats 1.0 to 3.0, either byte order, C or Fortran
 * order. Format: numpy.lib.format and NumPy Enhancement Proposal 1.
 *
 * @throws DataError for a truncated or invalid file, for a type that no dtype represents exactly, and for a number that
 * `dtype` cannot represent; the message says how to convert the array in Python
 * @throws ArgumentError for invalid options
 */
export async function readNpy(source: Source, options?: NpyOptions): Promise<Tensor> {
  const settings = withDefaults<NpyOptions>("readNpy", options, { dtype: undefined, maxBytes: undefined });
  if (settings.dtype !== undefined) prefixErrors("readNpy", () => checkDType(settings.dtype));
  const file = await open("readNpy", source, checkMaxBytes("readNpy", settings.maxBytes));
  const { prefix } = file;
  const { length, header } = splitHeader(file);
  const { descr, isFortran, shape } = parseHeader(prefix, header);
  const { kind, isLittle } = parseDescr(prefix, descr);
  const dtype = settings.dtype ?? kind.dtype;
  if (dtype === undefined)
    throw new DataError(
      `${prefix} holds ${kind.name}, which no dtype represents exactly; read it with { dtype: "int32" }, which checks each number, or write a.astype(numpy.int32)`,
    );
  const count = countOf(shape) ?? Number.POSITIVE_INFINITY;
  const bytes = file.bytes.subarray(length);
  if (bytes.length !== count * kind.bytes)
    throw new DataError(
      `${prefix} declares ${kind.name} [${shape.join(", ")}] (${bytesText(count * kind.bytes)}), got ${bytesText(bytes.length)}; it is damaged, truncated, or holds more than one array`,
    );
  return toTensor("readNpy", { prefix, bytes, kind, isLittle, shape, isFortran }, dtype);
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
const maxHeaderLength = 10_000; // in characters, as in NumPy; longer headers could overload the parser

function splitHeader({ prefix, bytes }: Origin): { readonly length: number; readonly header: string } {
  if (magic.some((byte, i) => bytes[i] !== byte))
    throw new DataError(
      bytes[0] === 0x50 && bytes[1] === 0x4b
        ? `${prefix} is an .npz archive; unpack it and read one of its .npy files`
        : `${prefix} is not a .npy file: it must begin with \\x93NUMPY; write one with numpy.save`,
    );
  const version = bytes[6] ?? 0;
  if (version < 1 || version > 3)
    throw new DataError(`${prefix} has format version ${version}.${bytes[7] ?? 0}; supported are 1.0, 2.0 and 3.0`);
  const start = version === 1 ? 10 : 12;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < start) throw new DataError(`${prefix} ends in its header, after ${bytesText(bytes.length)}`);
  const size = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (size > maxHeaderLength)
    throw new DataError(`${prefix} declares a header of ${bytesText(size)}; the maximum is ${maxHeaderLength}`);
  if (bytes.length < start + size)
    throw new DataError(`${prefix} ends in its header, after ${bytesText(bytes.length)}`);
  const header = new TextDecoder().decode(bytes.subarray(start, start + size));
  return { length: start + size, header };
}

interface Header {
  readonly descr: string;
  readonly isFortran: boolean;
  readonly shape: readonly number[];
}

// Matches one entry of a .npy header, which NumPy writes as a Python dictionary.
const entry =
  /\s*'(descr|fortran_order|shape)'\s*:\s*('[^'\\]*'|True|False|\(\s*(?:\d{1,16}L?\s*(?:,\s*|(?=\))))*\))\s*(?:,|(?=\}))/y;

function parseHeader(prefix: string, header: string): Header {
  const found = new Map<string, string>();
  const text = header.trim();
  let end = 1;
  entry.lastIndex = end;
  for (let match = entry.exec(text); match && !found.has(match[1]!); match = entry.exec(text)) {
    found.set(match[1]!, match[2]!);
    end = entry.lastIndex;
  }
  const [descr, order, shape] = ["descr", "fortran_order", "shape"].map((key) => found.get(key));
  const isComplete =
    text.startsWith("{") &&
    descr?.startsWith("'") &&
    /^[TF]/.test(order ?? "") &&
    shape?.startsWith("(") &&
    text.slice(end).trim() === "}";
  if (!isComplete) {
    const isRecord = /'descr'\s*:\s*\[/.test(text);
    throw new DataError(
      isRecord
        ? `${prefix} holds records with several fields; save each field separately: numpy.save(file, a["x"])`
        : `${prefix} has an invalid header: expected {'descr': ..., 'fortran_order': ..., 'shape': ...}, got ${JSON.stringify(text.slice(0, 80))}`,
    );
  }
  const sizes = (shape!.match(/\d+/g) ?? []).map(Number);
  if (sizes.length > maxAxes)
    throw new DataError(`${prefix} has ${sizes.length} axes; a tensor has at most ${maxAxes}`);
  return { descr: descr!.slice(1, -1), isFortran: order === "True", shape: sizes };
}

const types: Readonly<Record<string, NumberFormat>> = {
  b1: numberFormats.bool,
  u1: numberFormats.uint8,
  i1: numberFormats.int8,
  u2: numberFormats.uint16,
  i2: numberFormats.int16,
  u4: numberFormats.uint32,
  i4: numberFormats.int32,
  u8: numberFormats.uint64,
  i8: numberFormats.int64,
  f2: numberFormats.float16,
  f4: numberFormats.float32,
  f8: numberFormats.float64,
};

/** The unsupported type letters of NumPy, each with the Python code that converts the array. */
const unsupported: Readonly<Record<string, string>> = {
  f: "long doubles; write a.astype(numpy.float64)",
  c: "complex numbers; save a.real and a.imag",
  O: "Python objects, which are pickled code and are not read; save an array of numbers",
  U: "strings; save numbers, such as those of numpy.unique(a, return_inverse=True)",
  S: "strings; save numbers, such as those of numpy.unique(a, return_inverse=True)",
  M: "dates; write a.astype(numpy.float64)",
  m: "time differences; write a.astype(numpy.float64)",
  V: "raw bytes; save an array of numbers",
};

/**
 * Parses the `descr` entry of a .npy header: a byte order (`<` little, `>` big, `|` neither), a type letter and a size
 * in bytes.
 */
function parseDescr(prefix: string, descr: string): { readonly kind: NumberFormat; readonly isLittle: boolean } {
  const match = /^([<>|=]?)([a-zA-Z]\d*)/.exec(descr);
  const [, order = "", type = ""] = match ?? [];
  if (match?.[0] === descr && Object.hasOwn(types, type)) return { kind: types[type]!, isLittle: order !== ">" };
  const meaning = Object.hasOwn(unsupported, type[0] ?? "") ? unsupported[type[0]!] : "an unknown type";
  throw new DataError(`${prefix} holds ${JSON.stringify(descr)}: ${meaning}`);
}

/**
 * Returns a tensor as the bytes of a `.npy` file, which `numpy.load` reads: format 1.0, C order, with the tensor's
 * dtype.
 * @throws ArgumentError unless `t` is a tensor
 * @throws ShapeError for more than 64 axes
 * @throws TracedValueError while a program is traced
 */
export function toNpy(t: Tensor): Uint8Array {
  if (!(t instanceof Tensor)) throw new ArgumentError(`toNpy: expected a tensor, got ${show(t)}`);
  const data = ravel(valuesOf("toNpy", t), "toNpy");
  if (t.shape.length > maxAxes || countOf(t.shape) === undefined)
    throw new ShapeError(`toNpy: a file holds at most ${maxAxes} axes and 2^53 elements, got ${shapeText(t.shape)}`);
  const order = isLittleEndian ? "<" : ">";
  const descr = { float64: `${order}f8`, float32: `${order}f4`, int32: `${order}i4`, bool: "|b1" }[t.dtype];
  const shape = t.shape.length === 1 ? `${t.shape[0]},` : t.shape.join(", ");
  const entries = { descr: `'${descr}'`, fortran_order: "False", shape: `(${shape})` };
  const header = `{${Object.entries(entries)
    .map(([key, value]) => `'${key}': ${value}, `)
    .join("")}}`;
  const size = 64 * Math.ceil((10 + header.length + 1) / 64) - 10; // the data begin at a multiple of 64 bytes
  const bytes = allocateArray(Uint8Array, "toNpy", [10 + size + data.byteLength]) as Uint8Array;
  bytes.set([...magic, 1, 0, size & 255, size >> 8]);
  bytes.set(new TextEncoder().encode(`${header.padEnd(size - 1)}\n`), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + size);
  return bytes;
}
