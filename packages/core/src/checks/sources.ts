import { ArgumentError, show } from "./errors.ts";
import { builtin } from "./platform.ts";

// This file recognizes the sources of data that readers accept: paths, buffers, files and responses. `instanceof`
// rejects objects of another realm, such as an iframe, so the code compares the objects' `Symbol.toStringTag`.

const tagOf = (x: unknown): string => Object.prototype.toString.call(x).slice(8, -1);

// The properties of URL, Blob and other web types that the code uses. Core compiles without the type declarations of
// browsers and Node, so it declares these types itself.
interface UrlLike {
  readonly href: string;
  readonly protocol: string;
}
interface BlobLike {
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}
interface FileLike extends BlobLike {
  readonly name: string;
}
export const isUrl = (x: unknown): x is UrlLike => tagOf(x) === "URL" && "href" in (x as object);
export const isBlob = (x: unknown): x is BlobLike => /^(Blob|File)$/.test(tagOf(x)) && "arrayBuffer" in (x as object);
export const isFile = (x: unknown): x is FileLike => isBlob(x) && "name" in x;

/**
 * Returns a view of the bytes of a Uint8Array or an ArrayBuffer, without a copy; `undefined` for other values.
 * @throws ArgumentError if the memory was transferred to another thread
 */
export function asBytes(caller: string, x: unknown): Uint8Array | undefined {
  const tag = tagOf(x);
  if (!/^(Uint8Array|ArrayBuffer)$/.test(tag)) return undefined;
  try {
    const { buffer = x as ArrayBuffer, byteOffset, byteLength } = x as Uint8Array;
    return new Uint8Array(new DataView(buffer).buffer, byteOffset, byteLength); // a DataView throws without memory
  } catch {
    throw new ArgumentError(`${caller}: the memory of the ${tag} was transferred; pass a copy`);
  }
}

/**
 * Returns the path from a string or a file: URL.
 * @throws ArgumentError for other values, and on hosts without a file system, where the message suggests `instead`
 */
export function pathOf(caller: string, path: unknown, instead?: string): string {
  const { fileURLToPath } = builtin<{ fileURLToPath(href: string): string }>(caller, "node:url", instead);
  if (typeof path === "string" && path !== "" && !path.includes("\0")) return path;
  if (!isUrl(path)) throw new ArgumentError(`${caller}: expected a path or a file: URL, got ${show(path)}`);
  const isFileUrl = path.protocol === "file:";
  try {
    if (isFileUrl) return fileURLToPath(path.href);
  } catch {} // it has a host, or an encoded slash
  throw new ArgumentError(
    `${caller}: expected a path or a file: URL of this machine, got ${path.href.slice(0, 80)}; ${isFileUrl ? "write file:///path" : instead}`,
  );
}
