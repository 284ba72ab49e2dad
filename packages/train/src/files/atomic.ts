import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { ArgumentError, DataError, WengertError } from "@wengert/core";
import { builtin, show } from "@wengert/core/extend";
import { asBytes } from "./bytes.ts";
import { pathOf } from "./path.ts";

/**
 * Writes a text or bytes into a file, whole or not at all. Whoever reads it meanwhile, or after a crash or a loss of power at any
 * moment, finds the old content or the new: it goes into a temporary file in the same folder, is brought to the disk, and takes the
 * place of the old. Permissions stay, and so does a symbolic link, whose file is replaced. What a killed process left behind is
 * removed by the next that writes the same file.
 * @throws DataError if it cannot be written, with the error of the system as `cause`; the old content is then as it was
 */
export async function writeFileAtomic(path: string | URL, content: string | Uint8Array): Promise<void> {
  const caller = "writeFileAtomic";
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : asBytes(content);
  if (bytes === undefined) throw new ArgumentError(`${caller}: expected a text or bytes, got ${show(content)}`);
  await writeParts(caller, pathOf(caller, path, "make a Blob, and let it be downloaded"), [bytes]);
}

/** The same for bytes in parts. Each part is made when the one before it is written. */
export async function writeParts(caller: string, path: string, parts: Iterable<Uint8Array>): Promise<void> {
  try {
    await replaceFile(caller, path, parts);
  } catch (error) {
    if (error instanceof WengertError) throw error; // of the parts: they could not be made
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError(`${caller}: ${path} cannot be written (${reason}); what was there is as it was`, {
      cause: error,
    });
  }
}

async function replaceFile(caller: string, path: string, parts: Iterable<Uint8Array>): Promise<void> {
  const { access, constants, open, rename, rm } = builtin<typeof import("node:fs/promises")>(
    caller,
    "node:fs/promises",
  );
  const existing = await statIfExists(caller, path);
  if (existing && !existing.isFile()) return overwrite(caller, path, parts);
  const target = await resolveTarget(caller, path);
  if (existing) await access(target, constants.W_OK); // who may write to the folder could replace what is write-protected
  const temporary = temporaryPath(caller, target);
  const file = await open(temporary, "wx");
  try {
    try {
      await removeStaleFiles(caller, target, (await file.stat()).mtimeMs);
      if (existing) await copyPermissions(file, existing);
      await writeAll(file, parts);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(caller, target);
}

/** A pipe or a device: no file could take its place. */
async function overwrite(caller: string, path: string, parts: Iterable<Uint8Array>): Promise<void> {
  const file = await builtin<typeof import("node:fs/promises")>(caller, "node:fs/promises").open(path, "w");
  try {
    await writeAll(file, parts);
  } finally {
    await file.close();
  }
}

async function statIfExists(caller: string, path: string): Promise<Stats | undefined> {
  try {
    return await builtin<typeof import("node:fs/promises")>(caller, "node:fs/promises").stat(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** The path of the file itself, behind symbolic links. */
async function resolveTarget(caller: string, path: string): Promise<string> {
  const { readlink, realpath } = builtin<typeof import("node:fs/promises")>(caller, "node:fs/promises");
  const { basename, dirname, join, resolve } = builtin<typeof import("node:path")>(caller, "node:path");
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

/** Copies the mode of the existing file, and its owner if permitted. */
async function copyPermissions(file: FileHandle, { mode, uid, gid }: Stats): Promise<void> {
  const temporaryStats = await file.stat();
  if (temporaryStats.uid !== uid || temporaryStats.gid !== gid) await file.chown(uid, gid).catch(() => {});
  await file.chmod(mode & 0o7777);
}

async function writeAll(file: FileHandle, parts: Iterable<Uint8Array>): Promise<void> {
  const maxWrite = 2 ** 24; // systems write no more than 2 GB at once
  for (const part of parts)
    for (let at = 0; at < part.length; ) {
      const { bytesWritten } = await file.write(part, at, Math.min(maxWrite, part.length - at));
      at += bytesWritten;
    }
}

/** The entry of a new name is on the disk when its folder is. */
async function syncFolder(caller: string, target: string): Promise<void> {
  const { open } = builtin<typeof import("node:fs/promises")>(caller, "node:fs/promises");
  const { dirname } = builtin<typeof import("node:path")>(caller, "node:path");
  try {
    const folder = await open(dirname(target), "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    if (["EINVAL", "EPERM", "EISDIR", "EACCES", "ENOTSUP", "EBADF"].includes(codeOf(error))) return; // there it cannot be asked for
    throw new DataError(`${caller}: ${target} is written, but a loss of power might undo it (${error})`, {
      cause: error,
    });
  }
}

/** The path of a temporary file. Its name holds the target, the machine and the process. */
export function temporaryPath(caller: string, target: string): string {
  const { dirname, join } = builtin<typeof import("node:path")>(caller, "node:path");
  const random = Math.random().toString(36).slice(2, 10);
  return join(dirname(target), `${temporaryPrefix(caller, target)}${process.pid}.${random}.tmp`);
}

function temporaryPrefix(caller: string, target: string): string {
  const name = builtin<typeof import("node:path")>(caller, "node:path").basename(target);
  return `.${name.slice(0, 40)}.${hashOf(`${hostName(caller)}/${name}`)}.`; // names have 255 bytes at most
}

function hostName(caller: string): string {
  try {
    return builtin<typeof import("node:os")>(caller, "node:os").hostname();
  } catch {
    return ""; // Deno wants a permission for it
  }
}

/** Removes temporary files of `target` whose process has exited, and those older than an hour. */
async function removeStaleFiles(caller: string, target: string, now: number): Promise<void> {
  const { readdir, rm, stat } = builtin<typeof import("node:fs/promises")>(caller, "node:fs/promises");
  const { dirname, join } = builtin<typeof import("node:path")>(caller, "node:path");
  const start = temporaryPrefix(caller, target);
  const temporaryPattern = /^(\..*\.[0-9a-f]{8}\.)(\d+)\.[0-9a-z]+\.tmp$/;
  const shared = start.slice(0, -9); // of other machines too
  try {
    for (const name of await readdir(dirname(target))) {
      const [, prefix, pid] = (name.startsWith(shared) && temporaryPattern.exec(name)) || [];
      if (prefix === undefined || prefix.length !== start.length) continue;
      const path = join(dirname(target), name);
      const isOld = async () => (await stat(path)).mtimeMs < now - 3_600_000;
      if ((prefix === start && hasExited(Number(pid))) || (await isOld())) await rm(path, { force: true });
    }
  } catch {} // another may have been quicker; they do no harm
}

function hasExited(pid: number): boolean {
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
