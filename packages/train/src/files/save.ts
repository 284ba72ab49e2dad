import { ArgumentError, DataError } from "@wengert/core";
import { show, type TreesOnly } from "@wengert/core/extend";
import { writeParts } from "./atomic.ts";
import { pathOf } from "./path.ts";
import { planOf, type SaveOptions } from "./plan.ts";

/**
 * Saves a tree of tensors as a safetensors file, which Python and others read too: each tensor is named by its path, `layers.0.W`,
 * and the structure of the tree is kept among the metadata, so that `load` gives it back as it was. A file is written whole or not
 * at all (`writeFileAtomic`). The tensors are written one by one, without a copy of the whole; into a stream, which is closed then, in
 * parts of a megabyte. In a page: a stream of the File System API, or `new Blob([toSafetensors(tree)])`.
 * @throws TreeError for what is no tree of tensors, TracedValueError while a program is traced, ArgumentError for metadata that are
 * no texts, DataError if it cannot be written
 */
export async function save<T>(
  target: string | URL | WritableStream<Uint8Array>,
  tree: T & TreesOnly<T>,
  options?: SaveOptions,
): Promise<void> {
  const caller = "save";
  if (typeof target === "string" || target instanceof URL) {
    const path = pathOf(caller, target, "give a WritableStream, or make a Blob: new Blob([toSafetensors(tree)])");
    return writeParts(caller, path, planOf(caller, tree, options).parts());
  }
  if (typeof (target as { getWriter?: unknown } | undefined)?.getWriter !== "function")
    throw new ArgumentError(
      `${caller}: expected a path or a WritableStream, got ${show(target)}; of a stream of Node's make one by Writable.toWeb(stream)`,
    );
  const { parts } = planOf(caller, tree, options);
  const writer = target.getWriter();
  try {
    for (const part of parts())
      for (let at = 0; at < part.length; at += 2 ** 20) await writer.write(part.slice(at, at + 2 ** 20)); // a copy, since the receiver may transfer it
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => {});
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError(`${caller}: the stream cannot be written (${reason})`, { cause: error });
  }
}
