import { ArgumentError } from "./errors.ts";

const insteadOfPath = "pass a Blob, such as a File that the user chose, or an ArrayBuffer";

/**
 * Returns a built-in module of Node, Deno or Bun, such as `node:fs`: `builtin<typeof import("node:fs")>(caller, "node:fs")`.
 * The module is looked up when it is needed and not imported, so that the same file runs in a page and no bundler looks for it.
 *
 * @throws ArgumentError in a page, where there are no files: `caller` was given a path; `instead` says what to do.
 */
export function builtin<Module>(caller: string, name: `node:${string}`, instead: string = insteadOfPath): Module {
  const runtime = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process;
  const builtinModule = runtime?.getBuiltinModule?.(name);
  if (builtinModule) return builtinModule as Module;
  throw new ArgumentError(
    `${caller}: a path was given, but there are no files here (it needs Node 20.16, Deno 2 or Bun): ${instead}`,
  );
}
