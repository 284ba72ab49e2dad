import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { ArgumentError, DataError, WengertError } from "@wengert/core";
import { asBytes, builtin, pathOf, show } from "@wengert/core/extend";

/**
 * Writes text or bytes to a file atomically: a reader sees either the old or the new content, even after a crash or a
 * power failure. The function writes a temporary file in the same folder, syncs it to disk and renames it. File
 * permissions are kept. If the path is a symbolic link, the link's target is replaced. The next write to the same file
 * removes the temporary files of killed processes.
 * @throws DataError if the file cannot be written, with the system's error as `cause`; the old content is unchanged
 * @throws ArgumentError unless `path` is a path or a file: URL, and `content` a string or bytes
 */
export async function writeFileAtomic(path: string | URL, content: string | Uint8Array): Promise<void> {
  const caller = "writeFileAtomic";
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : asBytes(caller, content);
  if (bytes === undefined)
    throw new ArgumentError(`${caller}: content must be a string or bytes, got ${show(content)}`);
  await writeParts(caller, pathOf(caller, path, "make a Blob and offer it as a download"), [bytes]);
}

/**
 * Writes the chunks of an iterable to a file atomically, like `writeFileAtomic`. Each chunk is generated only after the
 * previous chunk has been written.
 */
export async function writeParts(caller: string, path: string, parts: Iterable<Uint8Array>): Promise<void> {
  try {
    await replaceFile(caller, path, parts);
  } catch (error) {
    if (error instanceof WengertError) throw error; // generating the data failed, not writing
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError(`${caller}: ${path} cannot be written (${reason}); its old content is unchanged`, {
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
  if (existing) await access(target, constants.W_OK); // rename would replace a write-protected file in a writable folder
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

/**
 * Writes directly into a pipe or a device, because the atomic method would replace the pipe or device by a renamed
 * file.
 */
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

/** Follows symbolic links and returns the path of the target file. */
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
      if (["EINVAL", "ENOENT", "UNKNOWN"].includes(codeOf(error))) return place; // not a symbolic link
      throw error;
    }
  }
  return realpath(path); // throws ELOOP (too many symbolic links)
}

/** Copies the permissions of the existing file to the new file, and its owner if the system allows it. */
async function copyPermissions(file: FileHandle, { mode, uid, gid }: Stats): Promise<void> {
  const temporaryStats = await file.stat();
  if (temporaryStats.uid !== uid || temporaryStats.gid !== gid) await file.chown(uid, gid).catch(() => {});
  await file.chmod(mode & 0o7777);
}

async function writeAll(file: FileHandle, parts: Iterable<Uint8Array>): Promise<void> {
  const maxWrite = 2 ** 24; // operating systems write at most 2 GB at once
  for (const part of parts)
    for (let at = 0; at < part.length; ) {
      const { bytesWritten } = await file.write(part, at, Math.min(maxWrite, part.length - at));
      at += bytesWritten;
    }
}

/**
 * Syncs the folder to disk, because the renaming of a file survives a power failure only after the folder is synced.
 */
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
    if (["EINVAL", "EPERM", "EISDIR", "EACCES", "ENOTSUP", "EBADF"].includes(codeOf(error))) return; // this operating system cannot sync folders
    throw new DataError(
      `${caller}: ${target} is written, but its folder could not be synced, so a power failure may undo the write (${error})`,
      {
        cause: error,
      },
    );
  }
}

/**
 * Returns the path of a temporary file. The file name contains the target's name, a hash of host name and target, and
 * the process id.
 */
export function temporaryPath(caller: string, target: string): string {
  const { dirname, join } = builtin<typeof import("node:path")>(caller, "node:path");
  const random = Math.random().toString(36).slice(2, 10);
  return join(dirname(target), `${temporaryPrefix(caller, target)}${process.pid}.${random}.tmp`);
}

function temporaryPrefix(caller: string, target: string): string {
  const name = builtin<typeof import("node:path")>(caller, "node:path").basename(target);
  return `.${name.slice(0, 40)}.${hashOf(`${hostName(caller)}/${name}`)}.`; // shortened, because a file name has at most 255 bytes
}

function hostName(caller: string): string {
  try {
    return builtin<typeof import("node:os")>(caller, "node:os").hostname();
  } catch {
    return ""; // Deno denies the host name without a permission
  }
}

/** Removes the temporary files of `target` that belong to an exited process or are older than an hour. */
async function removeStaleFiles(caller: string, target: string, now: number): Promise<void> {
  const { readdir, rm, stat } = builtin<typeof import("node:fs/promises")>(caller, "node:fs/promises");
  const { dirname, join } = builtin<typeof import("node:path")>(caller, "node:path");
  const start = temporaryPrefix(caller, target);
  const temporaryPattern = /^(\..*\.[0-9a-f]{8}\.)(\d+)\.[0-9a-z]+\.tmp$/;
  const shared = start.slice(0, -9); // the prefix without the hash of the machine
  try {
    for (const name of await readdir(dirname(target))) {
      const [, prefix, pid] = (name.startsWith(shared) && temporaryPattern.exec(name)) || [];
      if (prefix === undefined || prefix.length !== start.length) continue;
      const path = join(dirname(target), name);
      const isOld = async () => (await stat(path)).mtimeMs < now - 3_600_000;
      if ((prefix === start && hasExited(Number(pid))) || (await isOld())) await rm(path, { force: true });
    }
  } catch {} // another process may have removed it; leftover files do no harm
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

/** Returns the FNV-1a hash as 8 hexadecimal digits. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
