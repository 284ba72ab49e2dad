import { ArgumentError, isList, show } from "./errors.ts";

/** @throws ArgumentError unless `f`, the first argument of `caller`, is a function. */
export function mustBeFunction(caller: string, f: unknown): void {
  if (typeof f === "function") return;
  throw new ArgumentError(`${caller}: expected a function, got ${show(f)}; write ${caller}((x) => ...)`);
}

/**
 * Checks that `args` is a dense array. Error messages start with the name `caller` of the public function, and call the
 * array `name`.
 * @throws ArgumentError
 */
export function mustBeList(caller: string, name: string, args: unknown): void {
  if (isList(args)) return;
  throw new ArgumentError(
    `${caller}: ${name} must be a list with one entry per argument, got ${show(args)}; write [...]`,
  );
}
