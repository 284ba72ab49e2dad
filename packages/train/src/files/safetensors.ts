import { ArgumentError, type Tensor } from "@wengert/core";
import { show, type TreesOnly } from "@wengert/core/extend";
import { asBytes, type Bytes, copyBytes } from "./bytes.ts";
import { headerLength } from "./header.ts";
import { type AnyTree, type Loaded, type LoadOptions, layoutOf, loadOptions } from "./layout.ts";
import { planOf, type SaveOptions } from "./plan.ts";

/**
 * Returns a tree of tensors as the bytes of a safetensors file. Each tensor is named by its path, `layers.0.W`. The
 * metadata store the structure of the tree, and `fromSafetensors` restores it.
 * @throws TreeError unless `tree` is a tree of tensors
 * @throws TracedValueError while a program is traced
 * @throws ArgumentError unless metadata are strings
 * @throws DataError if names and metadata exceed 100 MB
 */
export function toSafetensors<T>(tree: T & TreesOnly<T>, options?: SaveOptions): Bytes {
  const { size, parts } = planOf("toSafetensors", tree, options);
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts()) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * Returns the tree and the metadata from the bytes of a safetensors file. For a file from another program, returns a
 * record of tensors by name, as Python's `load_file` does. With `like`, returns a tree with the structure of `like`.
 * Copies the bytes.
 * @throws DataError if the bytes are not a safetensors file, have an unsupported dtype, or do not match `like`
 */
export function fromSafetensors<T = AnyTree>(bytes: Uint8Array | ArrayBuffer, options?: LoadOptions<T>): Loaded<T> {
  const caller = "fromSafetensors";
  const input = asBytes(bytes);
  if (input === undefined)
    throw new ArgumentError(`${caller}: expected a Uint8Array or an ArrayBuffer, got ${show(bytes)}`);
  const settings = loadOptions(caller, options);
  const file = `${caller}: the array of ${input.length} bytes`;
  const read = (begin: number, end: number) => copyBytes(file, input, begin, end);
  const begin = 8 + headerLength(file, read(0, Math.min(8, input.length)), input.length);
  const { entries, makeTensor, buildTree } = layoutOf(caller, file, read(8, begin), input.length - begin, settings);
  const tensors = new Map<string, Tensor>();
  for (const entry of entries) tensors.set(entry.name, makeTensor(entry, read(begin + entry.begin, begin + entry.end)));
  return buildTree(tensors);
}
