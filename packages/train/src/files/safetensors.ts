import { ArgumentError, type Tensor } from "@wengert/core";
import { asBytes, show, type TreesOnly } from "@wengert/core/extend";
import { allocateBytes, type Bytes, copyBytes } from "./bytes.ts";
import { headerLength } from "./header.ts";
import {
  type AnyTree,
  type CompleteLoadOptions,
  type Loaded,
  type LoadOptions,
  layoutOf,
  loadOptions,
} from "./layout.ts";
import { planOf, type SaveOptions } from "./plan.ts";

/**
 * Returns a tree of tensors as the bytes of a safetensors file. Each tensor is named by its path, `layers.0.W`. The
 * metadata store the structure of the tree, and `fromSafetensors` restores it.
 * @throws TreeError unless `tree` is a tree of tensors
 * @throws TracedValueError while a program is traced
 * @throws ArgumentError unless metadata are strings
 * @throws ShapeError for more than 64 axes
 * @throws DataError if names and metadata exceed 100 MB
 */
export function toSafetensors<T>(tree: T & TreesOnly<T>, options?: SaveOptions): Bytes {
  const { size, parts } = planOf("toSafetensors", tree, options);
  const bytes = allocateBytes("toSafetensors", size);
  let at = 0;
  for (const part of parts()) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * Returns the tree and the metadata from the bytes of a safetensors file. For a file from another program, returns an
 * object of tensors by name, as Python's `load_file` does. With `like`, returns a tree with the structure of `like`.
 * Copies the bytes.
 * @throws DataError if the bytes are not a safetensors file, have an unsupported dtype, or do not match `like`
 * @throws ArgumentError for other values, for bytes whose memory was transferred, and for invalid options
 */
export function fromSafetensors<T = AnyTree>(bytes: Uint8Array | ArrayBuffer, options?: LoadOptions<T>): Loaded<T> {
  const caller = "fromSafetensors";
  const input = asBytes(caller, bytes);
  if (input === undefined)
    throw new ArgumentError(`${caller}: expected a Uint8Array or an ArrayBuffer, got ${show(bytes)}`);
  return loadBytes(caller, input, loadOptions(caller, options));
}

/** Loads a tree from bytes, which are copied. */
export function loadBytes<T>(caller: string, bytes: Uint8Array, settings: CompleteLoadOptions<T>): Loaded<T> {
  const file = `${caller}: the array of ${bytes.length} bytes`;
  const read = (begin: number, end: number) => copyBytes(file, bytes, begin, end);
  const begin = 8 + headerLength(file, read(0, Math.min(8, bytes.length)), bytes.length);
  const { entries, makeTensor, buildTree } = layoutOf(caller, file, read(8, begin), bytes.length - begin, settings);
  const tensors = new Map<string, Tensor>();
  for (const entry of entries) tensors.set(entry.name, makeTensor(entry, read(begin + entry.begin, begin + entry.end)));
  return buildTree(tensors);
}
