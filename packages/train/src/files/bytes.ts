import { DataError } from "@wengert/core";

/**
 * The type `Uint8Array<ArrayBuffer>`, written so that TypeScript before 5.7, where `Uint8Array` takes no type argument,
 * accepts it too.
 */
export type Bytes = ReturnType<Uint8Array["slice"]>;

/**
 * Returns a view of the given bytes without copying, or `undefined` if `x` holds no bytes. Also accepts byte arrays of
 * another realm, such as an iframe.
 */
export function asBytes(x: unknown): Uint8Array | undefined {
  const kind = Object.prototype.toString.call(x).slice(8, -1);
  if (kind === "ArrayBuffer") return new Uint8Array(x as ArrayBuffer);
  if (kind !== "Uint8Array") return undefined;
  const { buffer, byteOffset, byteLength } = x as Uint8Array; // a Uint8Array, because Buffer.slice does not copy
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/**
 * Copies the bytes from `begin` up to but not including `end`.
 * @throws DataError if memory is insufficient
 */
export function copyBytes(file: string, bytes: Uint8Array, begin: number, end: number): Bytes {
  const copy = allocateBytes(file, end - begin);
  copy.set(bytes.subarray(begin, end));
  return copy;
}

export function allocateBytes(file: string, size: number): Bytes {
  try {
    return new Uint8Array(size);
  } catch (cause) {
    throw new DataError(`${file}: cannot allocate ${size} bytes for a tensor`, { cause });
  }
}
