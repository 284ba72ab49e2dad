import { ArgumentError } from "@wengert/core";
import { builtin, show } from "@wengert/core/extend";

/**
 * Returns the path from a string or a file: URL.
 * @throws ArgumentError for any other value, and on hosts without a file system, where the message suggests `instead`
 */
export function pathOf(caller: string, path: unknown, instead?: string): string {
  const { fileURLToPath } = builtin<typeof import("node:url")>(caller, "node:url", instead);
  if (typeof path === "string" && path !== "" && !path.includes("\0")) return path;
  if (!(path instanceof URL)) throw new ArgumentError(`${caller}: expected a path or a file: URL, got ${show(path)}`);
  if (path.protocol === "file:") return fileURLToPath(path);
  throw new ArgumentError(`${caller}: the URL must be a file: URL, got ${path.href.slice(0, 80)}; ${instead}`);
}
