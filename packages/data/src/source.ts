import { ArgumentError, DataError } from "@wengert/core";
import { asBytes, builtin, isBlob, isUrl, pathOf, show } from "@wengert/core/extend";

/**
 * A source of bytes: a path or `file:` URL, a Blob (such as a File in a page), or the bytes. Paths and URLs require a
 * host with a file system.
 */
export type Source = string | URL | Blob | ArrayBuffer | Uint8Array;

/** The bytes of a file, and the prefix of error messages about this file, such as "readIdx: labels.gz". */
export interface Origin {
  readonly prefix: string;
  readonly bytes: Uint8Array;
}

/** The default size limit, 1 GB, of a file and of its decompressed content. */
const defaultMaxBytes: number = 2 ** 30;

/**
 * Returns the option `maxBytes`, or the default if it is `undefined`.
 * @throws ArgumentError unless `maxBytes` is a number > 0
 */
export function checkMaxBytes(caller: string, maxBytes: number | undefined): number {
  if (maxBytes === undefined) return defaultMaxBytes;
  if (typeof maxBytes === "number" && maxBytes > 0) return maxBytes;
  throw new ArgumentError(`${caller}: maxBytes must be a number of bytes > 0, got ${show(maxBytes)}`);
}

/**
 * Reads the bytes of a source. The size of a file is checked before memory is allocated.
 * @throws DataError if the source cannot be read or is larger than `maxBytes`
 * @throws ArgumentError if `source` is not a Source, is a URL of another machine, or is bytes whose memory was
 * transferred
 */
export async function open(caller: string, source: Source, maxBytes: number): Promise<Origin> {
  if (typeof source === "string" || isUrl(source)) return await openPath(caller, source, maxBytes);
  if (isBlob(source)) {
    const prefix = `${caller}: ${(source as Partial<File>).name ?? "Blob"}`;
    checkLength(prefix, source.size, maxBytes);
    try {
      return { prefix, bytes: new Uint8Array(await source.arrayBuffer()) };
    } catch (cause) {
      throw unreadable(prefix, cause);
    }
  }
  const bytes = asBytes(caller, source);
  if (bytes === undefined)
    throw new ArgumentError(
      `${caller}: expected a path, a URL, a Blob, an ArrayBuffer or a Uint8Array, got ${show(source)}`,
    );
  const prefix = `${caller}: the data`;
  checkLength(prefix, bytes.length, maxBytes);
  return {
    prefix,
    get bytes() {
      return asBytes(caller, source)!; // throws if the caller transferred them in the meantime
    },
  };
}

async function openPath(caller: string, source: string | URL, maxBytes: number): Promise<Origin> {
  const path = pathOf(caller, source, "pass a Blob: a File from an input, or await (await fetch(url)).blob()");
  const { open, stat } = builtin<typeof import("node:fs/promises")>(caller, "node:fs/promises");
  const prefix = `${caller}: ${path}`;
  try {
    const { size } = await checkedStat(); // before opening, because opening a pipe blocks until a writer opens it
    checkLength(prefix, size, maxBytes);
    const file = await open(path);
    try {
      const bytes = new Uint8Array(size);
      let read = 0;
      while (read < size) {
        const { bytesRead } = await file.read(bytes, read, size - read, read);
        if (bytesRead === 0) break; // the file was truncated meanwhile; readers check the length
        read += bytesRead;
      }
      return { prefix, bytes: bytes.subarray(0, read) };
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw cause instanceof DataError ? cause : unreadable(prefix, cause);
  }

  async function checkedStat(): Promise<{ size: number }> {
    const stats = await stat(path);
    if (stats.isFile()) return stats;
    throw new DataError(
      `${prefix} is ${stats.isDirectory() ? "a folder" : "not a regular file"}; pass the path of a file`,
    );
  }
}

function checkLength(prefix: string, size: number, maxBytes: number): void {
  if (size > maxBytes) throw new DataError(`${prefix} has ${bytesText(size)}; ${limitText(maxBytes)}`);
}

export const limitText = (maxBytes: number): string =>
  `the limit is ${bytesText(maxBytes)}; raise it with { maxBytes }`;

export const bytesText = (size: number): string =>
  Number.isFinite(size) ? `${size.toLocaleString("en")} ${size === 1 ? "byte" : "bytes"}` : "more than 2^53 bytes";

const unreadable = (prefix: string, cause: unknown): DataError =>
  new DataError(`${prefix} cannot be read: ${(cause as Error).message}`, { cause });
