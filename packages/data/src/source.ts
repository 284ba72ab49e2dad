import { ArgumentError, DataError } from "@wengert/core";
import { builtin, show } from "@wengert/core/extend";

/** What is read: a path or a `file:` URL where there are files; a Blob, such as a File that was chosen; or bytes. */
export type Source = string | URL | Blob | ArrayBuffer | Uint8Array;

/** Bytes that came from somewhere, and how a message begins that finds fault with them: "readIdx: labels.gz". */
export interface Origin {
  readonly prefix: string;
  readonly bytes: Uint8Array;
}

/** What a reader takes at most, unless told otherwise: 1 GB, of a file and of what is packed in it. */
const defaultMaxBytes: number = 2 ** 30;

/** `maxBytes`, if it is a number of bytes. @throws ArgumentError */
export function checkMaxBytes(caller: string, maxBytes: number | undefined): number {
  if (maxBytes === undefined) return defaultMaxBytes;
  if (typeof maxBytes === "number" && maxBytes > 0) return maxBytes;
  throw new ArgumentError(`${caller}: maxBytes is a number of bytes above 0; got ${show(maxBytes)}`);
}

/**
 * The bytes of a file, whose size is looked at before there is memory for it.
 * @throws DataError for what cannot be read, or is larger than `maxBytes`; ArgumentError for what is no source.
 */
export async function open(caller: string, source: Source, maxBytes: number): Promise<Origin> {
  if (typeof source === "string" || source instanceof URL) return await openPath(caller, source, maxBytes);
  if (source instanceof Blob) {
    const prefix = `${caller}: ${(source as Partial<File>).name ?? "Blob"}`;
    checkLength(prefix, source.size, maxBytes);
    try {
      return { prefix, bytes: new Uint8Array(await source.arrayBuffer()) };
    } catch (cause) {
      throw unreadable(prefix, cause);
    }
  }
  const bytes = source instanceof ArrayBuffer ? new Uint8Array(source) : source;
  if (!(bytes instanceof Uint8Array))
    throw new ArgumentError(
      `${caller}: expected a path, a URL, a Blob, an ArrayBuffer or a Uint8Array, got ${show(source)}`,
    );
  const prefix = `${caller}: the data`;
  checkLength(prefix, bytes.length, maxBytes);
  return { prefix, bytes };
}

async function openPath(caller: string, path: string | URL, maxBytes: number): Promise<Origin> {
  if (path instanceof URL && path.protocol !== "file:")
    throw new ArgumentError(
      `${caller}: ${path} is no file: fetch it, and give what came: await (await fetch(url)).blob()`,
    );
  const { open, stat } = builtin<typeof import("node:fs/promises")>(caller, "node:fs/promises");
  const prefix = `${caller}: ${path instanceof URL ? builtin<typeof import("node:url")>(caller, "node:url").fileURLToPath(path) : path}`;
  try {
    const { size } = await checkedStat(); // before it is opened: to open a pipe waits for who writes to it
    checkLength(prefix, size, maxBytes);
    const file = await open(path);
    try {
      const bytes = new Uint8Array(size);
      let read = 0;
      while (read < size) {
        const { bytesRead } = await file.read(bytes, read, size - read, read);
        if (bytesRead === 0) break; // it has become shorter: what is missing will be missed
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
      `${prefix} is ${stats.isDirectory() ? "a folder" : "no regular file"}; give the path of a file`,
    );
  }
}

function checkLength(prefix: string, size: number, maxBytes: number): void {
  if (size > maxBytes) throw new DataError(`${prefix} holds ${bytesText(size)}; ${limitText(maxBytes)}`);
}

export const limitText = (maxBytes: number): string =>
  `at most ${bytesText(maxBytes)} are read: { maxBytes } sets the limit`;

export const bytesText = (size: number): string => `${size.toLocaleString("en")} ${size === 1 ? "byte" : "bytes"}`;

const unreadable = (prefix: string, cause: unknown): DataError =>
  new DataError(`${prefix} cannot be read: ${(cause as Error).message}`, { cause });
