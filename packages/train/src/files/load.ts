import type { FileHandle } from "node:fs/promises";
import { ArgumentError, DataError, type Tensor } from "@wengert/core";
import { asBytes, builtin, isBlob, isUrl, pathOf, show } from "@wengert/core/extend";
import { allocateBytes, type Bytes } from "./bytes.ts";
import { headerLength } from "./header.ts";
import {
  type AnyTree,
  type CompleteLoadOptions,
  type Loaded,
  type LoadOptions,
  layoutOf,
  loadOptions,
} from "./layout.ts";
import { loadBytes } from "./safetensors.ts";

/** A file, Blob or byte array from which ranges of bytes are read. */
interface Source {
  /** The name of the source in error messages. */
  readonly name: string;
  readonly size: number;
  /**
   * Returns a copy of the bytes from `begin` up to but not including `end`.
   * @throws DataError if these bytes cannot be read
   */
  read(begin: number, end: number): Promise<Bytes>;
}

/**
 * Loads the tree and the metadata of a safetensors file: from a path, or from a Blob (such as a File in a page) or
 * bytes. For a file from another program, the tree is an object of tensors by name, as Python's `load_file` returns.
 * With `like`, the tree has the structure of `like`. The header is checked before tensor memory is allocated. Then each
 * tensor is read directly into its own memory.
 * @throws DataError if the source cannot be read, is not a safetensors file, has an unsupported dtype, or does not
 * match `like`
 * @throws ArgumentError for other values, for bytes whose memory was transferred, and for invalid options
 */
export async function load<T = AnyTree>(
  source: string | URL | Blob | ArrayBuffer | Uint8Array,
  options?: LoadOptions<T>,
): Promise<Loaded<T>> {
  const caller = "load";
  const settings = loadOptions(caller, options);
  const bytes = asBytes(caller, source);
  if (bytes) return loadBytes(caller, bytes, settings); // now: the caller may transfer the memory after the call
  if (isBlob(source)) return loadFrom(caller, sourceOfBlob(caller, source), settings);
  if (typeof source !== "string" && !isUrl(source))
    throw new ArgumentError(`${caller}: expected a path, a Blob, an ArrayBuffer or a Uint8Array, got ${show(source)}`);
  const path = pathOf(caller, source, "pass a Blob: a File from an input, or await (await fetch(url)).blob()");
  const name = `${caller}: ${path}`;
  const { open, stat } = builtin<typeof import("node:fs/promises")>(caller, "node:fs/promises");
  const isFile = (await readOrThrow(name, () => stat(path))).isFile();
  if (!isFile) throw new DataError(`${name} is not a regular file; read a pipe or device yourself and pass its bytes`);
  const file = await readOrThrow(name, () => open(path));
  try {
    return await loadFrom(caller, await sourceOfFile(name, file), settings);
  } finally {
    await file.close();
  }
}

async function loadFrom<T>(
  caller: string,
  { name, size, read }: Source,
  settings: CompleteLoadOptions<T>,
): Promise<Loaded<T>> {
  const begin = 8 + headerLength(name, await read(0, Math.min(8, size)), size);
  const { entries, makeTensor, buildTree } = layoutOf(caller, name, await read(8, begin), size - begin, settings);
  const tensors = new Map<string, Tensor>();
  for (const entry of entries)
    tensors.set(entry.name, makeTensor(entry, await read(begin + entry.begin, begin + entry.end)));
  return buildTree(tensors);
}

function sourceOfBlob(caller: string, blob: Blob): Source {
  const fileName = (blob as { readonly name?: unknown }).name;
  const name = `${caller}: ${typeof fileName === "string" ? fileName : `the Blob of ${blob.size} bytes`}`;
  return {
    name,
    size: blob.size,
    read: (begin, end) => readOrThrow(name, async () => new Uint8Array(await blob.slice(begin, end).arrayBuffer())),
  };
}

async function sourceOfFile(name: string, file: FileHandle): Promise<Source> {
  const { size } = await readOrThrow(name, () => file.stat());
  const read = async (begin: number, end: number): Promise<Bytes> => {
    const bytes = allocateBytes(name, end - begin);
    for (let at = 0; at < bytes.length; ) {
      const maxRead = Math.min(2 ** 30, bytes.length - at); // operating systems read at most 2 GB at once
      const { bytesRead } = await readOrThrow(name, () => file.read(bytes, at, maxRead, begin + at));
      if (bytesRead === 0) throw new DataError(`${name} was truncated while it was read; load it again`);
      at += bytesRead;
    }
    return bytes;
  };
  return { name, size, read };
}

async function readOrThrow<R>(name: string, read: () => Promise<R>): Promise<R> {
  try {
    return await read();
  } catch (error) {
    throw new DataError(`${name} cannot be read (${error instanceof Error ? error.message : String(error)})`, {
      cause: error,
    });
  }
}
