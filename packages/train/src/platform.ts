import { ArgumentError } from "@wengert/core";

interface Builtins {
  "node:fs": typeof import("node:fs");
  "node:fs/promises": typeof import("node:fs/promises");
  "node:os": typeof import("node:os");
  "node:path": typeof import("node:path");
  "node:url": typeof import("node:url");
}

const blob = "give a Blob, such as a File that was chosen, or an ArrayBuffer";

/**
 * A module of Node's, Deno's or Bun's. Asked for when it is needed, not imported: so the same file runs in a page, and no
 * bundler looks for it.
 *
 * @throws ArgumentError where there are no files, in a page: `who` was given a path; what to do is `instead`.
 */
export function builtin<Name extends keyof Builtins>(who: string, name: Name, instead: string = blob): Builtins[Name] {
  const runtime = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process;
  const found = runtime?.getBuiltinModule?.(name);
  if (found) return found as Builtins[Name];
  throw new ArgumentError(
    `${who}: a path was given, but there are no files here (it needs Node 20.16, Deno 2 or Bun): ${instead}`,
  );
}
