import { ArgumentError, show, type Tensor, type TreesOnly } from "@wengert/core";
import { type Bytes, bytesIn, copyOf } from "./bytes.ts";
import { headerLength } from "./header.ts";
import { type AnyTree, type Loaded, type LoadOptions, layoutOf, wantedIn } from "./layout.ts";
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
  const who = "fromSafetensors";
  const all = bytesIn(bytes);
  if (all === undefined) throw new ArgumentError(`${who}: expected a Uint8Array or an ArrayBuffer, got ${show(bytes)}`);
  const wanted = wantedIn(who, options);
  const file = `${who}: the array of ${all.length} bytes`;
  const read = (begin: number, end: number) => copyOf(file, all, begin, end);
  const begin = 8 + headerLength(file, read(0, Math.min(8, all.length)), all.length);
  const { entries, tensor, loaded } = layoutOf(who, file, read(8, begin), all.length - begin, wanted);
  const tensors = new Map<string, Tensor>();
  for (const entry of entries) tensors.set(entry.name, tensor(entry, read(begin + entry.begin, begin + entry.end)));
  return loaded(tensors);
}
