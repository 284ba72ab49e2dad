import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { ArgumentError, show, WengertError } from "@wengert/core";
import { DataError } from "../errors.ts";
import { builtin } from "../platform.ts";
import { bytesIn } from "./bytes.ts";
import { pathOf } from "./path.ts";

/**
 * Writes a text or bytes into a file, whole or not at all. Whoever reads it meanwhile, or after a crash or a loss of power at any
 * moment, finds the old content or the new: it goes into a temporary file in the same folder, is brought to the disk, and takes the
 * place of the old. Permissions stay, and so does a symbolic link, whose file is replaced. What a killed process left behind is
 * removed by the next that writes the same file.
 * @throws DataError if it cannot be written, with the error of the system as `cause`; the old content is then as it was
 */
export async function writeWhole(path: string | URL, content: string | Uint8Array): Promise<void> {
  const who = "writeWhole";
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : bytesIn(content);
  if (bytes === undefined) throw new ArgumentError(`${who}: expected a text or bytes, got ${show(content)}`);
  await writeParts(who, pathOf(who, path, "make a Blob, and let it be downloaded"), [bytes]);
}

/** The same for bytes in parts, each of which is asked for when the one before it is written. */
export async function writeParts(who: string, path: string, parts: Iterable<Uint8Array>): Promise<void> {
  try {
    await replace(who, path, parts);
  } catch (error) {
    if (error instanceof WengertError) throw error; // of the parts: they could not be made
    const why = error instanceof Error ? error.message : String(error);
    throw new DataError(`${who}: ${path} cannot be written (${why}); what was there is as it was`, { cause: error });
  }
}

async function replace(who: string, path: string, parts: Iterable<Uint8Array>): Promise<void> {
  const { access, constants, open, rename, rm } = builtin(who, "node:fs/promises");
  const old = await found(who, path);
  if (old && !old.isFile()) return overwrite(who, path, parts);
  const target = await placeOf(who, path);
  if (old) await access(target, constants.W_OK); // who may write to the folder could replace what is write-protected
  const draft = draftOf(who, target);
  const file = await open(draft, "wx");
  try {
    try {
      await sweep(who, target, (await file.stat()).mtimeMs);
      if (old) await keepMode(file, old);
      await writeAll(file, parts);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(who, target);
}

/** A pipe or a device: no file could take its place. */
async function overwrite(who: string, path: string, parts: Iterable<Uint8Array>): Promise<void> {
  const file = await builtin(who, "node:fs/promises").open(path, "w");
  try {
    await writeAll(file, parts);
  } finally {
    await file.close();
  }
}

async function found(who: string, path: string): Promise<Stats | undefined> {
  try {
    return await builtin(who, "node:fs/promises").stat(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Where the file itself is, or is to be, behind symbolic links. */
async function placeOf(who: string, path: string): Promise<string> {
  const { readlink, realpath } = builtin(who, "node:fs/promises");
  const { basename, dirname, join, resolve } = builtin(who, "node:path");
  let place = resolve(path);
  for (let i = 0; i < 40; i++) {
    const folder = await realpath(dirname(place));
    place = join(folder, basename(place));
    try {
      place = resolve(folder, await readlink(place));
    } catch (error) {
      if (["EINVAL", "ENOENT", "UNKNOWN"].includes(codeOf(error))) return place; // it is no link
      throw error;
    }
  }
  return realpath(path); // which says that there are too many
}

/** As the old file has them; its owner too, if we may give files away. */
async function keepMode(file: FileHandle, { mode, uid, gid }: Stats): Promise<void> {
  const own = await file.stat();
  if (own.uid !== uid || own.gid !== gid) await file.chown(uid, gid).catch(() => {});
  await file.chmod(mode & 0o7777);
}

async function writeAll(file: FileHandle, parts: Iterable<Uint8Array>): Promise<void> {
  const most = 2 ** 24; // systems write no more than 2 GB at once
  for (const part of parts)
    for (let at = 0; at < part.length; ) {
      const { bytesWritten } = await file.write(part, at, Math.min(most, part.length - at));
      at += bytesWritten;
    }
}

/** The entry of a new name is on the disk when its folder is. */
async function syncFolder(who: string, target: string): Promise<void> {
  const { open } = builtin(who, "node:fs/promises");
  const { dirname } = builtin(who, "node:path");
  try {
    const folder = await open(dirname(target), "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    if (["EINVAL", "EPERM", "EISDIR", "EACCES", "ENOTSUP", "EBADF"].includes(codeOf(error))) return; // there it cannot be asked for
    throw new DataError(`${who}: ${target} is written, but a loss of power might undo it (${error})`, { cause: error });
  }
}

/** The name of a temporary file, which says whose it is: of which file, and of which process of which machine. */
export function draftOf(who: string, target: string): string {
  const { dirname, join } = builtin(who, "node:path");
  const random = Math.random().toString(36).slice(2, 10);
  return join(dirname(target), `${draftStart(who, target)}${process.pid}.${random}.tmp`);
}

function draftStart(who: string, target: string): string {
  const name = builtin(who, "node:path").basename(target);
  return `.${name.slice(0, 40)}.${hashOf(`${machine(who)}/${name}`)}.`; // names have 255 bytes at most
}

function machine(who: string): string {
  try {
    return builtin(who, "node:os").hostname();
  } catch {
    return ""; // Deno wants a permission for it
  }
}

/** Removes the temporary files of `target` whose processes are gone, and those that nobody has touched for an hour. */
async function sweep(who: string, target: string, now: number): Promise<void> {
  const { readdir, rm, stat } = builtin(who, "node:fs/promises");
  const { dirname, join } = builtin(who, "node:path");
  const start = draftStart(who, target);
  const drafts = /^(\..*\.[0-9a-f]{8}\.)(\d+)\.[0-9a-z]+\.tmp$/;
  const shared = start.slice(0, -9); // of other machines too
  try {
    for (const name of await readdir(dirname(target))) {
      const [, of, pid] = (name.startsWith(shared) && drafts.exec(name)) || [];
      if (of === undefined || of.length !== start.length) continue;
      const path = join(dirname(target), name);
      const isOld = async () => (await stat(path)).mtimeMs < now - 3_600_000;
      if ((of === start && isGone(Number(pid))) || (await isOld())) await rm(path, { force: true });
    }
  } catch {} // another may have been quicker; they do no harm
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return codeOf(error) === "ESRCH";
  }
}

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code);

/** FNV-1a */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
