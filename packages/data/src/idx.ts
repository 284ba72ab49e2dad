import { ArgumentError, DataError, type DType, type Tensor } from "@wengert/core";
import { checkDType, isFloat, prefixErrors, show, withDefaults } from "@wengert/core/extend";
import { countOf, maxAxes, type NumberFormat, numberFormats, toTensor } from "./numbers.ts";
import { bytesText, checkMaxBytes, limitText, type Origin, open, type Source } from "./source.ts";
import { isGzip, unpackHead, unpackUpTo } from "./unpack.ts";

export interface IdxOptions {
  /**
   * The dtype of the result. Default: float32 and float64 are kept, integers become int32. With a divisor, integers
   * become float32.
   */
  readonly dtype?: DType | undefined;
  /**
   * The number by which each number of the file is divided. For example, 255 scales image bytes to the range 0 to 1.
   * Default: 1.
   */
  readonly divisor?: number | undefined;
  /** The maximum size of the file in bytes, both before and after decompression. Default: 2^30. */
  readonly maxBytes?: number | undefined;
}

/**
 * Reads the array in an IDX file, the format of MNIST, optionally gzipped: `train-images-idx3-ubyte.gz` gives int32
 * [60000, 28, 28]. The format (Y. LeCun, C. Cortes and C. Burges, "The MNIST database") is two zero bytes, the type,
 * the number of axes, the big-endian size of each axis, and the numbers.
 *
 * @throws DataError for a truncated or invalid file, and for a number that `dtype` cannot represent; the message
 * contains its index
 * @throws ArgumentError for invalid options
 */
export async function readIdx(source: Source, options?: IdxOptions): Promise<Tensor> {
  const settings = withDefaults<IdxOptions>("readIdx", options, { dtype: undefined, divisor: 1, maxBytes: undefined });
  if (settings.dtype !== undefined) prefixErrors("readIdx", () => checkDType(settings.dtype));
  const divisor = checkDivisor(settings.divisor!, settings.dtype);
  const maxBytes = checkMaxBytes("readIdx", settings.maxBytes);
  const file = await open("readIdx", source, maxBytes);
  const isCompressed = isGzip(file);
  const header = parseHeader({
    prefix: file.prefix,
    bytes: isCompressed ? await unpackHead(file, maxHeaderBytes) : file.bytes,
  });
  if (header.total > maxBytes)
    throw new DataError(`${file.prefix} declares ${header.description}; ${limitText(maxBytes)}`);
  const { bytes, isWhole } = isCompressed ? await unpackUpTo(file, header.total) : { ...file, isWhole: true };
  if (bytes.length !== header.total)
    throw new DataError(
      `${file.prefix} declares ${header.description}, got ${isWhole ? bytesText(bytes.length - header.length) : "more"}; the file is damaged or truncated, so download it again`,
    );
  const { kind, sizes: shape, length } = header;
  const storedDType = kind.dtype!; // each IDX type has a dtype
  const dtype = settings.dtype ?? (divisor !== 1 && !isFloat(storedDType) ? "float32" : storedDType);
  return toTensor(
    "readIdx",
    { prefix: file.prefix, bytes: bytes.subarray(length), kind, isLittle: false, shape },
    dtype,
    divisor,
  );
}

function checkDivisor(divisor: number, dtype: DType | undefined): number {
  if (!Number.isFinite(divisor) || divisor === 0)
    throw new ArgumentError(`readIdx: divisor must be a finite number other than 0, got ${show(divisor)}`);
  if (divisor === 1 || dtype === undefined || isFloat(dtype)) return divisor;
  throw new ArgumentError(
    `readIdx: a divisor of ${divisor} needs a float dtype, got ${dtype}; write { dtype: "float32", divisor: ${divisor} }`,
  );
}

const types: ReadonlyMap<number, NumberFormat> = new Map([
  [0x08, numberFormats.uint8],
  [0x09, numberFormats.int8],
  [0x0b, numberFormats.int16],
  [0x0c, numberFormats.int32],
  [0x0d, numberFormats.float32],
  [0x0e, numberFormats.float64],
]);

const maxHeaderBytes = 4 * (1 + 255);

interface Header {
  readonly kind: NumberFormat;
  readonly sizes: readonly number[];
  readonly length: number;
  /** The size in bytes that the file must have according to its header. */
  readonly total: number;
  /** A description of the file's content for error messages, such as "28 × 28 numbers of 1 byte". */
  readonly description: string;
}

function parseHeader({ prefix, bytes }: Origin): Header {
  const [first, second, type, rank] = bytes;
  const kind = types.get(type ?? -1);
  if (bytes.length < 4 || first !== 0 || second !== 0 || kind === undefined)
    throw new DataError(
      `${prefix} is not an IDX file: it must begin with 00 00, a type (08, 09, 0b, 0c, 0d or 0e) and the number of axes, got ${hex(bytes.subarray(0, 4))}`,
    );
  if (rank! > maxAxes) throw new DataError(`${prefix} has ${rank} axes; a tensor has at most ${maxAxes}`);
  const length = 4 * (1 + rank!);
  if (bytes.length < length)
    throw new DataError(`${prefix} ends in its header, after ${bytesText(bytes.length)}; download it again`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sizes = Array.from({ length: rank! }, (_, axis) => view.getUint32(4 * (1 + axis)));
  const count = countOf(sizes) ?? Number.POSITIVE_INFINITY;
  const description = `${rank === 0 ? "one" : sizes.join(" × ")} ${kind.name} (${bytesText(count * kind.bytes)})`;
  return { kind, sizes, length, total: length + count * kind.bytes, description };
}

const hex = (bytes: Uint8Array): string =>
  bytes.length === 0 ? "nothing" : Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
