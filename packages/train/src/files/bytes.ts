import { DataError } from "@wengert/core";

/** Bytes in memory of their own: `Uint8Array<ArrayBuffer>`, as TypeScript calls it since 5.7; 5.6 would not take the name. */
export type Bytes = ReturnType<Uint8Array["slice"]>;

/** The bytes that are given, not copied; `undefined` for anything else. Those of another realm are bytes too. */
export function asBytes(x: unknown): Uint8Array | undefined {
  const kind = Object.prototype.toString.call(x).slice(8, -1);
  if (kind === "ArrayBuffer") return new Uint8Array(x as ArrayBuffer);
  if (kind !== "Uint8Array") return undefined;
  const { buffer, byteOffset, byteLength } = x as Uint8Array; // it may be a Buffer, whose slice copies nothing
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The bytes from `begin` to `end` in memory of their own. @throws DataError if there is none */
export function copyBytes(file: string, bytes: Uint8Array, begin: number, end: number): Bytes {
  const copy = allocateBytes(file, end - begin);
  copy.set(bytes.subarray(begin, end));
  return copy;
}

export function allocateBytes(file: string, size: number): Bytes {
  try {
    return new Uint8Array(size);
  } catch (cause) {
    throw new DataError(`${file}: there is no memory for a tensor of ${size} bytes`, { cause });
  }
}
