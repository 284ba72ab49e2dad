import { accessSync, constants, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { DataError } from "@wengert/core";
import { writeFileAtomic as write } from "@wengert/train";
import { InputError } from "./options.ts";

/** What mends data that came with an npm package. */
export const reinstall = "delete node_modules and start again, which installs it anew";

/** Where a file of an npm package lies, whose path from the folder of `entry` is known, a module that can be imported. */
export const inPackage = (entry: string, path: string): string =>
  join(dirname(createRequire(import.meta.url).resolve(entry)), path);

/** A file of data in an npm package. */
export function readFromPackage(entry: string, path: string): Buffer {
  try {
    return readFileSync(inPackage(entry, path));
  } catch (error) {
    throw new InputError(`${basename(path)} cannot be read (${(error as Error).message}); ${reinstall}.`);
  }
}

/** Makes the folder, so that a path which cannot be written stops a command before its work, not after it. */
export function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new InputError(`cannot write into ${folder}: ${(error as Error).message}`);
  }
}

/** Writes a file whole or not at all: whoever reads it meanwhile sees the old one. Returns its path. */
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
