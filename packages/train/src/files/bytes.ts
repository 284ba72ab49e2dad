import { DataError } from "@wengert/core";

/**
 * The type `Uint8Array<ArrayBuffer>`, written so that TypeScript before 5.7, where `Uint8Array` takes no type argument,
 * accepts it too.
 */
export type Bytes = ReturnType<Uint8Array["slice"]>;

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
    throw new DataError(`${file}: cannot allocate ${size} bytes`, { cause });
  }
}
