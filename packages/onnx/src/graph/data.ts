import type { DType } from "@wengert/core";
import type { Data } from "@wengert/core/extend";
import type { ElementType } from "../format/model.ts";

const isLittleEndian = /* @__PURE__ */ (() => new Uint8Array(Uint16Array.of(1).buffer)[0] === 1)();

const storage = {
  float64: Float64Array,
  float32: Float32Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
} as const;

/** Returns the elements of an array as little-endian bytes, the byte order of ONNX files. */
export function bytesOf(data: Data | BigInt64Array): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (isLittleEndian || data.BYTES_PER_ELEMENT === 1) return bytes;
  const swapped = bytes.slice();
  const size = data.BYTES_PER_ELEMENT;
  for (let i = 0; i < swapped.length; i += size) swapped.subarray(i, i + size).reverse();
  return swapped;
}

/** Encodes numbers as the bytes of an element type. */
export const encode = (type: ElementType, values: readonly number[]): Uint8Array =>
  type === "int64" ? bytesOf(BigInt64Array.from(values, BigInt)) : bytesOf(storage[type as DType].from(values));

/** Decodes little-endian bytes to a new typed array. This is the inverse of `bytesOf`. */
export function dataOf(type: ElementType, bytes: Uint8Array): Data | BigInt64Array {
  const ArrayClass = storage[type] as new (buffer: ArrayBuffer) => Data | BigInt64Array;
  const data = new ArrayClass(new Uint8Array(bytes).buffer);
  return isLittleEndian ? data : new ArrayClass(new Uint8Array(bytesOf(data)).buffer);
}
