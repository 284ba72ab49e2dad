import { ArgumentError, show } from "@wengert/core";
import { DataError } from "../errors.ts";
import { builtin } from "../platform.ts";
import type { Source } from "./source.ts";

/** A folder with one sub-folder a class: its path where there are files, or the Files of one that was chosen in a page. */
export type Folder = string | URL | Iterable<File>;

/** A file of a folder. */
export interface Placed {
  /** From the folder on: "anna/1.jpg". */
  readonly path: string;
  readonly source: Source;
}

/**
 * What lies in a folder, sorted by path; nothing whose name begins with a point. @throws DataError for what cannot be read;
 * ArgumentError for what is no folder.
 */
export async function filesIn(
  who: string,
  folder: Folder,
): Promise<{ readonly called: string; readonly all: readonly Placed[] }> {
  const found = typeof folder === "string" || folder instanceof URL ? await walk(who, folder) : chosen(who, folder);
  const all = found.all.filter(({ path }) => !path.split("/").some((part) => part.startsWith(".")));
  return { called: found.called, all: all.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

async function walk(who: string, folder: string | URL): Promise<{ called: string; all: Placed[] }> {
  const { readdir, realpath, stat } = builtin(who, "node:fs/promises");
  const { join } = builtin(who, "node:path");
  const top = folder instanceof URL ? builtin(who, "node:url").fileURLToPath(folder) : folder;
  const called = `${who}: ${top}`;
  const all: Placed[] = [];
  const seen = new Set<string>(); // a link may lead up again

  async function visit(path: string, from: string): Promise<void> {
    const real = await realpath(path);
    if (seen.has(real)) return;
    seen.add(real);
    for (const name of await readdir(path)) {
      if (name.startsWith(".")) continue;
      const [source, place] = [join(path, name), from === "" ? name : `${from}/${name}`];
      const kind = await stat(source).catch(() => undefined); // a link that leads nowhere
      if (kind?.isDirectory()) await visit(source, place);
      else all.push({ path: place, source });
    }
  }
  try {
    await visit(top, "");
  } catch (cause) {
    throw new DataError(`${called} cannot be read: ${(cause as Error).message}`, { cause });
  }
  return { called, all };
}

/** Files of a folder that was chosen in a page have its own name first. */
function chosen(who: string, files: Iterable<File>): { called: string; all: Placed[] } {
  if (typeof files !== "object" || files === null || !(Symbol.iterator in files))
    throw new ArgumentError(`${who}: expected the path of a folder, or the Files of one, got ${show(files)}`);
  const all = Array.from(files, (file) => {
    if (!(file instanceof File)) throw new ArgumentError(`${who}: expected Files, got ${show(file)} among them`);
    const { webkitRelativePath } = file as { readonly webkitRelativePath?: string }; // only pages have it
    const path = webkitRelativePath || file.name;
    return { path: path.slice(path.indexOf("/") + 1), source: file };
  });
  return { called: `${who}: the folder`, all };
}
