import { ArgumentError, type Tensor } from "@wengert/core";
import { show, type TreesOnly } from "@wengert/core/extend";
import { asBytes, type Bytes, copyBytes } from "./bytes.ts";
import { headerLength } from "./header.ts";
import { type AnyTree, type Loaded, type LoadOptions, layoutOf, loadOptions } from "./layout.ts";
import { planOf, type SaveOptions } from "./plan.ts";

/**
 * A tree of tensors as the bytes of a safetensors file. Each tensor is named by its path, `layers.0.W`; the structure of the tree
 * is kept among the metadata, so that `fromSafetensors` gives it back as it was.
 * @throws TreeError for what is no tree of tensors, TracedValueError while a program is traced, ArgumentError for metadata that are
 * no texts, DataError for names above 100 MB
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
 * The tree in the bytes of a safetensors file, and its metadata. What another program wrote comes as a record of tensors by their
 * names, as Python's `load_file` gives it, or in the structure of `like`. The bytes are copied.
 * @throws DataError for what is no safetensors file, a dtype that there is not here, or other tensors than those of `like`
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
