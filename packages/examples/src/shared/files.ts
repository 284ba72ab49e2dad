import { accessSync, constants, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { DataError } from "@wengert/core";
import { writeFileAtomic as write } from "@wengert/train";
import { InputError } from "./options.ts";

/** The advice at the end of each error message about a damaged data file. */
export const reinstall = "delete node_modules and start again, which reinstalls it";

/** Returns the path of a file in an npm package. `path` is relative to the folder of `entry`, a module of the package. */
export const inPackage = (entry: string, path: string): string =>
  join(dirname(createRequire(import.meta.url).resolve(entry)), path);

/** Reads a data file of an npm package. */
export function readFromPackage(entry: string, path: string): Buffer {
  try {
    return readFileSync(inPackage(entry, path));
  } catch (error) {
    throw new InputError(`${basename(path)} cannot be read (${(error as Error).message}); ${reinstall}.`);
  }
}

/**
 * Creates the output folder. Commands call this first, so that an unwritable path causes an error before a long
 * computation.
 */
export function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new InputError(`cannot write into ${folder}: ${(error as Error).message}`);
  }
}

/** Writes a file atomically, so concurrent readers see either the old file or the new file. Returns the path of the file. */
export async function writeWhole(folder: string, name: string, content: string): Promise<string> {
  const target = join(folder, name);
  try {
    await write(target, content);
  } catch (error) {
    if (error instanceof DataError) throw new InputError(error.message.replace(/^writeFileAtomic: /, ""));
    throw error;
  }
  return target;
}
