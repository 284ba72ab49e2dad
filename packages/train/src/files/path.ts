import { ArgumentError } from "@wengert/core";
import { builtin, show } from "@wengert/core/extend";

/**
 * The path that is given as one, or as a file: URL.
 * @throws ArgumentError for what is neither, and where there are no files: `instead` says what to do there
 */
export function pathOf(caller: string, path: unknown, instead?: string): string {
  const { fileURLToPath } = builtin<typeof import("node:url")>(caller, "node:url", instead);
  if (typeof path === "string" && path !== "" && !path.includes("\0")) return path;
  if (!(path instanceof URL)) throw new ArgumentError(`${caller}: expected a path, got ${show(path)}`);
  if (path.protocol === "file:") return fileURLToPath(path);
  throw new ArgumentError(`${caller}: only file: URLs name files, got ${path.href.slice(0, 80)}; ${instead}`);
}
