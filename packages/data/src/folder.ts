import { ArgumentError, DataError } from "@wengert/core";
import { builtin, isFile, isUrl, pathOf, show } from "@wengert/core/extend";
import type { Source } from "./source.ts";

/** A folder that has a subfolder for each class: a path, or in a browser the list of Files that the user selected. */
export type Folder = string | URL | Iterable<File>;

/** A file inside a folder. */
export interface FolderFile {
  /** The path relative to the folder, such as "anna/1.jpg". */
  readonly path: string;
  readonly source: Source;
}

/**
 * Lists the files of a folder, sorted by path. Files and folders whose name begins with a dot are skipped.
 * @throws DataError if the folder cannot be read
 * @throws ArgumentError unless `folder` is a path or a list of Files
 */
export async function listFiles(
  caller: string,
  folder: Folder,
): Promise<{ readonly prefix: string; readonly all: readonly FolderFile[] }> {
  const listing =
    typeof folder === "string" || isUrl(folder) ? await walkFolder(caller, folder) : filesOfInput(caller, folder);
  const all = listing.all.filter(({ path }) => !path.split("/").some((part) => part.startsWith(".")));
  return { prefix: listing.prefix, all: all.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

async function walkFolder(caller: string, folder: string | URL): Promise<{ prefix: string; all: FolderFile[] }> {
  const root = pathOf(caller, folder, "pass the Files that the user selected");
  const { readdir, realpath, stat } = builtin<typeof import("node:fs/promises")>(caller, "node:fs/promises");
  const { join } = builtin<typeof import("node:path")>(caller, "node:path");
  const prefix = `${caller}: ${root}`;
  const all: FolderFile[] = [];
  const visited = new Set<string>(); // a symbolic link may point to a parent folder

  async function visit(path: string, parent: string): Promise<void> {
    const real = await realpath(path);
    if (visited.has(real)) return;
    visited.add(real);
    for (const name of await readdir(path)) {
      if (name.startsWith(".")) continue;
      const [source, relativePath] = [join(path, name), parent === "" ? name : `${parent}/${name}`];
      const kind = await stat(source).catch(() => undefined); // a broken symbolic link
      if (kind?.isDirectory()) await visit(source, relativePath);
      else all.push({ path: relativePath, source });
    }
  }
  try {
    await visit(root, "");
  } catch (cause) {
    throw new DataError(`${prefix} cannot be read: ${(cause as Error).message}`, { cause });
  }
  return { prefix, all };
}

/**
 * Lists the Files of a folder that the user selected in a page. Removes the folder's own name from their relative
 * paths.
 */
function filesOfInput(caller: string, files: Iterable<File>): { prefix: string; all: FolderFile[] } {
  if (typeof files !== "object" || files === null || !(Symbol.iterator in files))
    throw new ArgumentError(`${caller}: expected the path of a folder, or its Files, got ${show(files)}`);
  const all = Array.from(files, (file) => {
    if (!isFile(file)) throw new ArgumentError(`${caller}: expected a list of Files, got ${show(file)} as an entry`);
    const { webkitRelativePath } = file as { readonly webkitRelativePath?: string }; // only pages have it
    const path = webkitRelativePath || file.name;
    return { path: path.slice(path.indexOf("/") + 1), source: file };
  });
  return { prefix: `${caller}: the folder`, all };
}
