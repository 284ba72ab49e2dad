import { DataError, type DType, fromNdarray, type Tensor } from "@wengert/core";
import { allocateArray, type Data, isFloat, ndarray, ravel } from "@wengert/core/extend";

/** A number format of a file, such as float16 or uint8. */
export interface NumberFormat {
  /** NumPy's name of the format. */
  readonly name: string;
  readonly bytes: number;
  /** The dtype that represents every number of this format exactly, if such a dtype exists. */
  readonly dtype: DType | undefined;
  /** Reads the number at a byte offset. Returns NaN for an integer that float64 cannot represent exactly. */
  readonly read: (view: DataView, place: number, isLittle: boolean) => number;
}

const exactNumber = (big: bigint): number => {
  const x = Number(big);
  return Number.isSafeInteger(x) ? x : Number.NaN;
};

type KindName = `${"" | "u"}int${8 | 16 | 32 | 64}` | `float${16 | 32 | 64}` | "bool";

export const numberFormats: Readonly<Record<KindName, NumberFormat>> = {
  bool: { name: "bool", bytes: 1, dtype: "bool", read: (view, i) => view.getUint8(i) },
  uint8: { name: "uint8", bytes: 1, dtype: "int32", read: (view, i) => view.getUint8(i) },
  int8: { name: "int8", bytes: 1, dtype: "int32", read: (view, i) => view.getInt8(i) },
  uint16: { name: "uint16", bytes: 2, dtype: "int32", read: (view, i, little) => view.getUint16(i, little) },
  int16: { name: "int16", bytes: 2, dtype: "int32", read: (view, i, little) => view.getInt16(i, little) },
  uint32: { name: "uint32", bytes: 4, dtype: undefined, read: (view, i, little) => view.getUint32(i, little) },
  int32: { name: "int32", bytes: 4, dtype: "int32", read: (view, i, little) => view.getInt32(i, little) },
  uint64: {
    name: "uint64",
    bytes: 8,
    dtype: undefined,
    read: (view, i, little) => exactNumber(view.getBigUint64(i, little)),
  },
  int64: {
    name: "int64",
    bytes: 8,
    dtype: undefined,
    read: (view, i, little) => exactNumber(view.getBigInt64(i, little)),
  },
  float16: {
    name: "float16",
    bytes: 2,
    dtype: "float32",
    read: (view, i, little) => parseFloat16(view.getUint16(i, little)),
  },
  float32: { name: "float32", bytes: 4, dtype: "float32", read: (view, i, little) => view.getFloat32(i, little) },
  float64: { name: "float64", bytes: 8, dtype: "float64", read: (view, i, little) => view.getFloat64(i, little) },
};

/** Decodes a float16 number (IEEE 754 binary16): a sign bit, 5 bits of exponent, 10 bits of fraction. */
function parseFloat16(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** The numbers of a file, not yet decoded. The length of `bytes` has already been checked against `shape`. */
export interface StoredArray {
  readonly prefix: string;
  readonly bytes: Uint8Array;
  readonly kind: NumberFormat;
  readonly isLittle: boolean;
  readonly shape: readonly number[];
  /** Whether the array is in Fortran order, where the first index varies fastest. */
  readonly isFortran?: boolean;
}

const storage = { float64: Float64Array, float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/**
 * Converts the numbers of a file to a tensor of `dtype`, divided by `divisor`. Numbers are rounded only for float32.
 * @throws DataError for a number that the dtype cannot represent; the message contains its index
 * @throws OutOfRangeError if memory is insufficient
 */
export function toTensor(caller: string, stored: StoredArray, dtype: DType, divisor = 1): Tensor {
  const { shape, isFortran } = stored;
  const data = numbersOf(caller, stored, dtype);
  if (divisor !== 1) for (let i = 0; i < data.length; i++) data[i]! /= divisor;
  if (!isFortran) return fromNdarray(ndarray(data, shape));
  let step = 1;
  const stride = shape.map((n) => {
    step *= n;
    return step / n;
  });
  const view = data.length === 0 ? ndarray(data, shape) : ndarray(data, shape, stride);
  return fromNdarray(ndarray(ravel(view, caller), shape)); // row-major, which ops read fastest
}

export const isLittleEndian: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function numbersOf(
  caller: string,
  { prefix, bytes, kind, isLittle, shape, isFortran }: StoredArray,
  dtype: DType,
): Data {
  const count = bytes.length / kind.bytes;
  const out = allocateArray(storage[dtype], caller, [count]);
  if (kind === numberFormats.uint8 && dtype !== "bool") {
    out.set(bytes); // the fast path for images
    return out;
  }
  if (kind.name === dtype && dtype !== "bool" && isLittle === isLittleEndian) {
    new Uint8Array(out.buffer).set(bytes);
    return out;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { read, bytes: step } = kind;
  const mayRound = isFloat(kind.dtype ?? "int32") && isFloat(dtype);
  for (let i = 0; i < count; i++) {
    const x = read(view, i * step, isLittle);
    out[i] = x;
    if (mayRound || (out[i] === x && (dtype !== "bool" || x <= 1))) continue;
    if (dtype === "float32" && Number.isFinite(x)) continue;
    const what = Number.isNaN(x) && !isFloat(kind.dtype ?? "int32") ? "an integer beyond 2^53" : String(x);
    const index = unravelIndex(i, isFortran ? shape.toReversed() : shape);
    throw new DataError(
      `${prefix} holds ${what} at [${(isFortran ? index.reverse() : index).join(", ")}], which ${dtype} cannot represent; choose another { dtype }`,
    );
  }
  return out;
}

/** Returns the multi-dimensional index of element `i` in row-major order. */
function unravelIndex(i: number, shape: readonly number[]): number[] {
  const place: number[] = [];
  let rest = i;
  for (const n of shape.toReversed()) {
    place.unshift(rest % n);
    rest = Math.floor(rest / n);
  }
  return place;
}

export const maxAxes = 64; // the limit of tensors

/**
 * Returns the number of elements of an array with these sizes, or `undefined` if the number is above 2^53. If an axis
 * has size 0, the product of the other sizes must also be at most 2^53, as in NumPy, because strides are such products.
 */
export function countOf(sizes: readonly number[]): number | undefined {
  const product = sizes.reduce((count, size) => (size > 0 ? count * size : count), 1);
  if (!Number.isSafeInteger(product)) return undefined;
  return sizes.includes(0) ? 0 : product;
}
