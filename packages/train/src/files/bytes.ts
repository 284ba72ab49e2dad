import { DataError } from "@wengert/core";

/** Bytes that own their memory: `Uint8Array<ArrayBuffer>` in TypeScript 5.7 and later; 5.6 does not accept that name. */
export type Bytes = ReturnType<Uint8Array["slice"]>;

/** Returns a view of the given bytes, from this realm or another, without a copy; `undefined` for anything else. */
export function asBytes(x: unknown): Uint8Array | undefined {
  const kind = Object.prototype.toString.call(x).slice(8, -1);
  if (kind === "ArrayBuffer") return new Uint8Array(x as ArrayBuffer);
  if (kind !== "Uint8Array") return undefined;
  const { buffer, byteOffset, byteLength } = x as Uint8Array; // a Buffer's own slice does not copy
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Copies the bytes from `begin` to `end`. @throws DataError if memory is insufficient */
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
