import type { FileHandle } from "node:fs/promises";
import { ArgumentError, DataError, type Tensor } from "@wengert/core";
import { builtin, show } from "@wengert/core/extend";
import { allocateBytes, asBytes, type Bytes, copyBytes } from "./bytes.ts";
import { headerLength } from "./header.ts";
import {
  type AnyTree,
  type CompleteLoadOptions,
  type Loaded,
  type LoadOptions,
  layoutOf,
  loadOptions,
} from "./layout.ts";
import { pathOf } from "./path.ts";

/** Something that is read in pieces. */
interface Source {
  /** How messages call it. */
  readonly name: string;
  readonly size: number;
  /** The bytes from `begin` to `end` in memory of their own. @throws DataError if they cannot be read */
  read(begin: number, end: number): Promise<Bytes>;
}

/**
 * The tree in a safetensors file, and its metadata: a path, or in a page a Blob, such as a File that was chosen, or bytes. What another
 * program wrote comes as a record of tensors by their names, as Python's `load_file` gives it, or in the structure of `like`. The
 * header is checked before there is memory for anything; then each tensor is read straight into its own.
 * @throws DataError for what cannot be read or is no safetensors file, for a dtype that there is not here, and for other tensors than
 * those of `like`
 */
export async function load<T = AnyTree>(
  source: string | URL | Blob | ArrayBuffer | Uint8Array,
  options?: LoadOptions<T>,
): Promise<Loaded<T>> {
  const caller = "load";
  const settings = loadOptions(caller, options);
  const bytes = asBytes(source);
  if (bytes) return loadFrom(caller, sourceOfBytes(caller, bytes), settings);
  if (source instanceof Blob) return loadFrom(caller, sourceOfBlob(caller, source), settings);
  if (typeof source !== "string" && !(source instanceof URL))
    throw new ArgumentError(`${caller}: expected a path, a Blob or an ArrayBuffer, got ${show(source)}`);
  const path = pathOf(caller, source, "give a Blob: a File that was chosen, or await (await fetch(url)).blob()");
  const name = `${caller}: ${path}`;
  const { open, stat } = builtin<typeof import("node:fs/promises")>(caller, "node:fs/promises");
  const isFile = (await readOrThrow(name, () => stat(path))).isFile();
  if (!isFile) throw new DataError(`${name} is no file; of a pipe or a device give the bytes`);
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

function sourceOfBytes(caller: string, bytes: Uint8Array): Source {
  const name = `${caller}: the array of ${bytes.length} bytes`;
  return { name, size: bytes.length, read: async (begin, end) => copyBytes(name, bytes, begin, end) };
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
      const maxRead = Math.min(2 ** 30, bytes.length - at); // systems read no more than 2 GB at once
      const { bytesRead } = await readOrThrow(name, () => file.read(bytes, at, maxRead, begin + at));
      if (bytesRead === 0) throw new DataError(`${name} became shorter while it was read; load it again`);
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
