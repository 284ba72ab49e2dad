import { ArgumentError, isArray, isList, show } from "./errors.ts";

/** Every option of `O` with its default: `undefined` where it has none, or where another value decides. */
export type Complete<O> = { readonly [K in keyof O]-?: O[K] | undefined };

/**
 * The options of a call, those that are absent or `undefined` with their defaults.
 * @throws ArgumentError for options that are not one object, or have a name that is none.
 */
export function complete<O>(who: string, given: unknown, defaults: Complete<O>): Complete<O> {
  if (given === undefined) return defaults;
  if (!isPlain(given)) throw bareOption(who, given, Object.keys(defaults ?? {}));
  const options: Record<string, unknown> = { ...defaults };
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(options, name)) throw unknownOption(who, name, Object.keys(options));
    const value = (given as Record<string, unknown>)[name];
    if (value !== undefined) options[name] = value;
  }
  return options as Complete<O>;
}

/** Whether `x` is an object literal, of whichever realm: above it stands one prototype, or none. */
function isPlain(x: unknown): x is object {
  if (typeof x !== "object" || x === null || isArray(x)) return false;
  const prototype = prototypeOf(x);
  return prototype === null || (prototype !== undefined && prototypeOf(prototype) === null);
}

/** Whether `x` is an object, and no proxy that was revoked. */
export const isReadable = (x: unknown): x is object =>
  typeof x === "object" && x !== null && prototypeOf(x) !== undefined;

/** What stands above `x`; `undefined` for a proxy that cannot be read. */
export function prototypeOf(x: object): object | null | undefined {
  try {
    return Object.getPrototypeOf(x);
  } catch {
    return undefined;
  }
}

/** The usual mistake is an option without its name: sum(x, 1). */
function bareOption(who: string, given: unknown, names: readonly string[]): ArgumentError {
  if (names.length === 0)
    return new ArgumentError(`${who}: there are no options, got ${show(given)} after the inputs; leave it out`);
  const kind = isList(given) ? "list" : typeof given;
  const meant = names.find((name) => takenBy[name]?.includes(kind));
  const isShort = isList(given)
    ? given.length < 9 && given.every((entry) => typeof entry === "number")
    : typeof given !== "string" || given.length < 20;
  const value = meant && isShort ? JSON.stringify(given).replaceAll(",", ", ") : "...";
  const isArgument = names[0] === "argnums" && kind === "object"; // grad(f, x)
  const cure = isArgument ? `write ${who}(f)(...)` : `write { ${meant ?? names[0]}: ${value} }`;
  return new ArgumentError(`${who}: expected the options as one object, got ${show(given)}; ${cure}`);
}

/** What may be meant by a value of which kind. */
const takenBy: Readonly<Record<string, readonly string[]>> = {
  axis: ["number", "list"],
  shape: ["list"],
  axes: ["list"],
  widths: ["list"],
  dtype: ["string"],
  reduction: ["string"],
  numClasses: ["number"],
  argnums: ["number", "list"],
};

function unknownOption(who: string, name: string, names: readonly string[]): ArgumentError {
  if (names.length === 0) return new ArgumentError(`${who}: there are no options, got ${name}; leave it out`);
  const bare = (text: string) => text.toLowerCase().replace(/[^a-z]/g, "");
  const wanted = (Object.hasOwn(elsewhere, bare(name)) && elsewhere[bare(name)]) || bare(name);
  const meant = names.find((known) => bare(known).includes(wanted) || wanted.includes(bare(known)));
  const list = `ptions are ${names.join(", ")}`;
  const guess = meant === undefined ? `o${list}` : `did you mean ${meant}? O${list}`;
  return new ArgumentError(`${who}: there is no option ${name}; ${guess}`);
}

/** What other libraries call an option. */
const elsewhere: Readonly<Record<string, string>> = {
  dim: "axis",
  dims: "axis",
  axes: "axis",
  perm: "axes",
  lr: "rate",
};
