import { ArgumentError, checkDType, complete, type DType, isFloat, show, type Tensor } from "@wengert/core";
import { DataError } from "../errors.ts";
import { countOf, type Kind, kinds, mostAxes, toTensor } from "./numbers.ts";
import { atMost, checkMaxBytes, inBytes, type Origin, open, type Source } from "./source.ts";
import { isGzip, unpackedHead, unpackUpTo } from "./unpack.ts";

export interface IdxOptions {
  /** Default: float32 and float64 stay what they are, all whole numbers become int32; float32 where there is a divisor. */
  readonly dtype?: DType | undefined;
  /** Each number is divided by it: 255 makes the bytes of images lie between 0 and 1. Default: 1. */
  readonly divisor?: number | undefined;
  /** The most bytes that the file, and what is packed in it, may have. Default: 2^30. */
  readonly maxBytes?: number | undefined;
}

/**
 * The array in an IDX file, the format of MNIST, gzipped or not: `train-images-idx3-ubyte.gz` gives int32 [60000, 28, 28].
 * The format (Y. LeCun, C. Cortes and C. Burges, "The MNIST database"): two zero bytes, the type, the number of axes, a
 * big-endian size for each, the numbers.
 *
 * @throws DataError for a file that is not whole or is none, and for a number that `dtype` cannot hold, with its place.
 */
export async function readIdx(source: Source, options?: IdxOptions): Promise<Tensor> {
  const given = complete<IdxOptions>("readIdx", options, { dtype: undefined, divisor: 1, maxBytes: undefined });
  if (given.dtype !== undefined) checkDType("readIdx", given.dtype);
  const divisor = checkDivisor(given.divisor!, given.dtype);
  const maxBytes = checkMaxBytes("readIdx", given.maxBytes);
  const file = await open("readIdx", source, maxBytes);
  const isPacked = isGzip(file);
  const head = parseHead({ called: file.called, bytes: isPacked ? await unpackedHead(file, longestHead) : file.bytes });
  if (head.total > maxBytes) throw new DataError(`${file.called} announces ${head.told}; ${atMost(maxBytes)}`);
  const { bytes, isWhole } = isPacked ? await unpackUpTo(file, head.total) : { ...file, isWhole: true };
  if (bytes.length !== head.total)
    throw new DataError(
      `${file.called} announces ${head.told}, but ${isWhole ? inBytes(bytes.length - head.length) : "more"} came; it is damaged or cut off: get the file anew`,
    );
  const { kind, sizes: shape, length } = head;
  const own = kind.dtype!; // IDX has no others
  const dtype = given.dtype ?? (divisor !== 1 && !isFloat(own) ? "float32" : own);
  return toTensor(
    "readIdx",
    { called: file.called, bytes: bytes.subarray(length), kind, isLittle: false, shape },
    dtype,
    divisor,
  );
}

function checkDivisor(divisor: number, dtype: DType | undefined): number {
  if (!Number.isFinite(divisor) || divisor === 0)
    throw new ArgumentError(`readIdx: divisor is a finite number other than 0; got ${show(divisor)}`);
  if (divisor === 1 || dtype === undefined || isFloat(dtype)) return divisor;
  throw new ArgumentError(
    `readIdx: what is divided by ${divisor} is no ${dtype} any more; write { dtype: "float32", divisor: ${divisor} }`,
  );
}

const types: ReadonlyMap<number, Kind> = new Map([
  [0x08, kinds.uint8],
  [0x09, kinds.int8],
  [0x0b, kinds.int16],
  [0x0c, kinds.int32],
  [0x0d, kinds.float32],
  [0x0e, kinds.float64],
]);

const longestHead = 4 * (1 + 255);

interface Head {
  readonly kind: Kind;
  readonly sizes: readonly number[];
  readonly length: number;
  /** Bytes of the whole file. */
  readonly total: number;
  /** "28 × 28 numbers of 1 byte" */
  readonly told: string;
}

function parseHead({ called, bytes }: Origin): Head {
  const [first, second, type, rank] = bytes;
  const kind = types.get(type ?? -1);
  if (bytes.length < 4 || first !== 0 || second !== 0 || kind === undefined)
    throw new DataError(
      `${called} is no IDX file: it should begin with 00 00, a type (08, 09, 0b, 0c, 0d or 0e) and the number of axes; it begins with ${hex(bytes.subarray(0, 4))}`,
    );
  if (rank! > mostAxes) throw new DataError(`${called} announces ${rank} axes; a tensor has at most ${mostAxes}`);
  const length = 4 * (1 + rank!);
  if (bytes.length < length)
    throw new DataError(`${called} ends in its header, after ${inBytes(bytes.length)}; get the file anew`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sizes = Array.from({ length: rank! }, (_, axis) => view.getUint32(4 * (1 + axis)));
  const count = countOf(sizes) ?? Number.POSITIVE_INFINITY;
  const told = `${rank === 0 ? "one" : sizes.join(" × ")} ${kind.name} (${inBytes(count * kind.bytes)})`;
  return { kind, sizes, length, total: length + count * kind.bytes, told };
}

const hex = (bytes: Uint8Array): string =>
  bytes.length === 0 ? "nothing" : Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
