import { ArgumentError, DataError } from "@wengert/core";
import { isUrl, pathOf, show, type TreesOnly } from "@wengert/core/extend";
import { writeParts } from "./atomic.ts";
import { planOf, type SaveOptions } from "./plan.ts";

/**
 * Saves a tree of tensors as a safetensors file, which Python can read. Each tensor is named by its path, `layers.0.W`.
 * The metadata store the structure of the tree, and `load` restores it. Files are written atomically, as by
 * `writeFileAtomic`. Tensors are written one at a time, so the tree is never copied as a whole. A stream receives
 * chunks of at most a megabyte and is closed at the end. In a page, use a stream of the File System API, or `new
 * Blob([toSafetensors(tree)])`.
 * @throws TreeError unless `tree` is a tree of tensors
 * @throws TracedValueError while a program is traced
 * @throws ArgumentError unless metadata are strings
 * @throws ShapeError for more than 64 axes
 * @throws DataError if the target cannot be written
 */
export async function save<T>(
  target: string | URL | WritableStream<Uint8Array>,
  tree: T & TreesOnly<T>,
  options?: SaveOptions,
): Promise<void> {
  const caller = "save";
  if (typeof target === "string" || isUrl(target)) {
    const path = pathOf(caller, target, "pass a WritableStream, or make a Blob: new Blob([toSafetensors(tree)])");
    return writeParts(caller, path, planOf(caller, tree, options).parts());
  }
  if (typeof (target as { getWriter?: unknown } | undefined)?.getWriter !== "function")
    throw new ArgumentError(
      `${caller}: expected a path or a WritableStream, got ${show(target)}; convert a Node stream with Writable.toWeb(stream)`,
    );
  const { parts } = planOf(caller, tree, options);
  const writer = target.getWriter();
  try {
    for (const part of parts())
      for (let at = 0; at < part.length; at += 2 ** 20) await writer.write(part.slice(at, at + 2 ** 20)); // a copy, because the stream may transfer its memory
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => {});
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError(`${caller}: the stream cannot be written (${reason})`, { cause: error });
  }
}
