import { ArgumentError, DataError } from "@wengert/core";
import { builtin, show } from "@wengert/core/extend";
import type { Source } from "./source.ts";

/** A folder with one sub-folder a class: its path where there are files, or the Files of one that was chosen in a page. */
export type Folder = string | URL | Iterable<File>;

/** A file of a folder. */
export interface FolderFile {
  /** From the folder on: "anna/1.jpg". */
  readonly path: string;
  readonly source: Source;
}

/**
 * What lies in a folder, sorted by path; nothing whose name begins with a point. @throws DataError for what cannot be read;
 * ArgumentError for what is no folder.
 */
export async function listFiles(
  caller: string,
  folder: Folder,
): Promise<{ readonly prefix: string; readonly all: readonly FolderFile[] }> {
  const listing =
    typeof folder === "string" || folder instanceof URL
      ? await walkFolder(caller, folder)
      : filesOfInput(caller, folder);
  const all = listing.all.filter(({ path }) => !path.split("/").some((part) => part.startsWith(".")));
  return { prefix: listing.prefix, all: all.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

async function walkFolder(caller: string, folder: string | URL): Promise<{ prefix: string; all: FolderFile[] }> {
  const { readdir, realpath, stat } = builtin<typeof import("node:fs/promises")>(caller, "node:fs/promises");
  const { join } = builtin<typeof import("node:path")>(caller, "node:path");
  const root =
    folder instanceof URL ? builtin<typeof import("node:url")>(caller, "node:url").fileURLToPath(folder) : folder;
  const prefix = `${caller}: ${root}`;
  const all: FolderFile[] = [];
  const visited = new Set<string>(); // a link may lead up again

  async function visit(path: string, parent: string): Promise<void> {
    const real = await realpath(path);
    if (visited.has(real)) return;
    visited.add(real);
    for (const name of await readdir(path)) {
      if (name.startsWith(".")) continue;
      const [source, relativePath] = [join(path, name), parent === "" ? name : `${parent}/${name}`];
      const kind = await stat(source).catch(() => undefined); // a link that leads nowhere
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

/** Files of a folder that was chosen in a page have its own name first. */
function filesOfInput(caller: string, files: Iterable<File>): { prefix: string; all: FolderFile[] } {
  if (typeof files !== "object" || files === null || !(Symbol.iterator in files))
    throw new ArgumentError(`${caller}: expected the path of a folder, or the Files of one, got ${show(files)}`);
  const all = Array.from(files, (file) => {
    if (!(file instanceof File)) throw new ArgumentError(`${caller}: expected Files, got ${show(file)} among them`);
    const { webkitRelativePath } = file as { readonly webkitRelativePath?: string }; // only pages have it
    const path = webkitRelativePath || file.name;
    return { path: path.slice(path.indexOf("/") + 1), source: file };
  });
  return { prefix: `${caller}: the folder`, all };
}
