import { ArgumentError, show } from "@wengert/core";
import { DataError } from "../errors.ts";
import { builtin } from "../platform.ts";

/** What is read: a path or a `file:` URL where there are files; a Blob, such as a File that was chosen; or bytes. */
export type Source = string | URL | Blob | ArrayBuffer | Uint8Array;

/** Bytes that came from somewhere, and how a message begins that finds fault with them: "readIdx: labels.gz". */
export interface Origin {
  readonly called: string;
  readonly bytes: Uint8Array;
}

/** What a reader takes at most, unless told otherwise: 1 GB, of a file and of what is packed in it. */
const mostBytes: number = 2 ** 30;

/** `maxBytes`, if it is a number of bytes. @throws ArgumentError */
export function checkMaxBytes(who: string, maxBytes: number | undefined): number {
  if (maxBytes === undefined) return mostBytes;
  if (typeof maxBytes === "number" && maxBytes > 0) return maxBytes;
  throw new ArgumentError(`${who}: maxBytes is a number of bytes above 0; got ${show(maxBytes)}`);
}

/**
 * The bytes of a file, whose size is looked at before there is memory for it.
 * @throws DataError for what cannot be read, or is larger than `maxBytes`; ArgumentError for what is no source.
 */
export async function open(who: string, source: Source, maxBytes: number): Promise<Origin> {
  if (typeof source === "string" || source instanceof URL) return await openPath(who, source, maxBytes);
  if (source instanceof Blob) {
    const called = `${who}: ${(source as Partial<File>).name ?? "Blob"}`;
    checkLength(called, source.size, maxBytes);
    try {
      return { called, bytes: new Uint8Array(await source.arrayBuffer()) };
    } catch (cause) {
      throw unreadable(called, cause);
    }
  }
  const bytes = source instanceof ArrayBuffer ? new Uint8Array(source) : source;
  if (!(bytes instanceof Uint8Array))
    throw new ArgumentError(
      `${who}: expected a path, a URL, a Blob, an ArrayBuffer or a Uint8Array, got ${show(source)}`,
    );
  const called = `${who}: the data`;
  checkLength(called, bytes.length, maxBytes);
  return { called, bytes };
}

async function openPath(who: string, path: string | URL, maxBytes: number): Promise<Origin> {
  if (path instanceof URL && path.protocol !== "file:")
    throw new ArgumentError(
      `${who}: ${path} is no file: fetch it, and give what came: await (await fetch(url)).blob()`,
    );
  const { open, stat } = builtin(who, "node:fs/promises");
  const called = `${who}: ${path instanceof URL ? builtin(who, "node:url").fileURLToPath(path) : path}`;
  try {
    const { size } = await checkedStat(); // before it is opened: to open a pipe waits for who writes to it
    checkLength(called, size, maxBytes);
    const file = await open(path);
    try {
      const bytes = new Uint8Array(size);
      let read = 0;
      while (read < size) {
        const { bytesRead } = await file.read(bytes, read, size - read, read);
        if (bytesRead === 0) break; // it has become shorter: what is missing will be missed
        read += bytesRead;
      }
      return { called, bytes: bytes.subarray(0, read) };
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw cause instanceof DataError ? cause : unreadable(called, cause);
  }

  async function checkedStat(): Promise<{ size: number }> {
    const found = await stat(path);
    if (found.isFile()) return found;
    throw new DataError(
      `${called} is ${found.isDirectory() ? "a folder" : "no regular file"}; give the path of a file`,
    );
  }
}

function checkLength(called: string, size: number, maxBytes: number): void {
  if (size > maxBytes) throw new DataError(`${called} holds ${inBytes(size)}; ${atMost(maxBytes)}`);
}

export const atMost = (maxBytes: number): string =>
  `at most ${inBytes(maxBytes)} are read: { maxBytes } sets the limit`;

export const inBytes = (size: number): string => `${size.toLocaleString("en")} ${size === 1 ? "byte" : "bytes"}`;

const unreadable = (called: string, cause: unknown): DataError =>
  new DataError(`${called} cannot be read: ${(cause as Error).message}`, { cause });
