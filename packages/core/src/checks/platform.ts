import { ArgumentError } from "./errors.ts";

const insteadOfPath = "pass a Blob, such as a File that the user chose, or an ArrayBuffer";

/**
 * Returns a built-in module of Node, Deno or Bun, such as `node:fs`: `builtin<typeof import("node:fs")>(caller,
 * "node:fs")`. The function looks up the module at the time of the call, without an import. So the same file also runs
 * in a browser, and bundlers ignore the module.
 *
 * @throws ArgumentError in a browser, which has no files. The error message says that `caller` got a path, and suggests
 * `instead` as the fix.
 */
export function builtin<Module>(caller: string, name: `node:${string}`, instead: string = insteadOfPath): Module {
  const runtime = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process;
  const builtinModule = runtime?.getBuiltinModule?.(name);
  if (builtinModule) return builtinModule as Module;
  throw new ArgumentError(
    `${caller}: got a path, but only Node (20.16 or later), Deno 2 and Bun have files; ${instead}`,
  );
}
