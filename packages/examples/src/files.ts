import { accessSync, constants, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "./options.ts";

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
export function writeWhole(folder: string, name: string, content: string): string {
  const target = join(folder, name);
  const draft = `${target}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, content);
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new InputError(`cannot write ${target}: ${(error as Error).message}`);
  }
  return target;
}
