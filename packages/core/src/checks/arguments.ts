import { ArgumentError, isList, show } from "./errors.ts";

// What is checked, and said, in more than one place.

/** @throws ArgumentError for what cannot be called; `caller` takes a function first. */
export function mustBeFunction(caller: string, f: unknown): void {
  if (typeof f === "function") return;
  throw new ArgumentError(`${caller}: expected a function, got ${show(f)}; write ${caller}((x) => ...)`);
}

/** @throws ArgumentError for arguments that are not in a list. */
export function mustBeList(caller: string, name: string, args: unknown): void {
  if (isList(args)) return;
  throw new ArgumentError(`${caller}: ${name} is a list with one entry an argument, got ${show(args)}; write [...]`);
}
