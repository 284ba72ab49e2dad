import { ArgumentError, isArray, isList, show } from "./errors.ts";

/** The type of complete options: every option of `O` with its default, or `undefined` if it has no fixed default. */
export type Complete<O> = { readonly [K in keyof O]-?: O[K] | undefined };

/**
 * Maps the names of options in other libraries to a text: the option's name in this library or, if the text has spaces,
 * a hint for the error message. The names of other libraries are written in lower case, without characters other than
 * letters.
 */
export type OtherNames = Readonly<Record<string, string>>;

/**
 * Returns the options of a call, with defaults for those that are missing or `undefined`. The error for an unknown
 * option suggests a name from `otherNames`, or the option with the most similar name.
 * @throws ArgumentError unless the options are one plain object with known names
 */
export function withDefaults<O>(
  caller: string,
  options: unknown,
  defaults: Complete<O>,
  otherNames: OtherNames = {},
): Complete<O> {
  if (options === undefined) return defaults;
  if (!isPlain(options)) throw notAnOptionsObject(caller, options, Object.keys(defaults ?? {}));
  const complete: Record<string, unknown> = { ...defaults };
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(complete, name)) throw unknownOption(caller, name, Object.keys(complete), otherNames);
    const value = (options as Record<string, unknown>)[name];
    if (value !== undefined) complete[name] = value;
  }
  return complete as Complete<O>;
}

/**
 * Returns whether `x` is a plain object, even of another realm such as an iframe. The prototype of a plain object is
 * null, or is an object whose own prototype is null.
 */
export function isPlain(x: unknown): x is object {
  if (typeof x !== "object" || x === null || isArray(x)) return false;
  const prototype = prototypeOf(x);
  return prototype === null || (prototype !== undefined && prototypeOf(prototype) === null);
}

/** Returns whether `x` is an object and not a revoked proxy. */
export const isReadable = (x: unknown): x is object =>
  typeof x === "object" && x !== null && prototypeOf(x) !== undefined;

/** Returns the prototype of `x`, or `undefined` if `x` is a proxy that throws. */
export function prototypeOf(x: object): object | null | undefined {
  try {
    return Object.getPrototypeOf(x);
  } catch {
    return undefined;
  }
}

/**
 * The error for options that are not an object. The usual mistake is to pass an option without its name, such as sum(x,
 * 1).
 */
function notAnOptionsObject(caller: string, options: unknown, names: readonly string[]): ArgumentError {
  if (names.length === 0)
    return new ArgumentError(`${caller}: takes no options, got ${show(options)} after the inputs; leave it out`);
  const kind = isList(options) ? "list" : typeof options;
  const suggestion = Object.keys(optionKinds).find((name) => names.includes(name) && optionKinds[name]!.includes(kind));
  const isShort = isList(options)
    ? options.length < 9 && options.every((entry) => typeof entry === "number")
    : typeof options !== "string" || options.length < 20;
  const value = suggestion && isShort ? JSON.stringify(options).replaceAll(",", ", ") : "...";
  const isArgument = names[0] === "argnums" && kind === "object"; // grad(f, x)
  const hint = isArgument ? `write ${caller}(f)(...)` : `write { ${suggestion ?? names[0]}: ${value} }`;
  return new ArgumentError(`${caller}: options must be one object, got ${show(options)}; ${hint}`);
}

/**
 * The types of value that each option of the ops accepts. Options that an op requires come first, because the error
 * message suggests the first option that fits.
 */
const optionKinds: Readonly<Record<string, readonly string[]>> = {
  count: ["number", "list"],
  shift: ["number", "list"],
  sections: ["number", "list"],
  axis: ["number", "list"],
  shape: ["list"],
  axes: ["list"],
  widths: ["list"],
  dtype: ["string"],
  reduction: ["string"],
  numClasses: ["number"],
  argnums: ["number", "list"],
};

function unknownOption(caller: string, name: string, names: readonly string[], otherNames: OtherNames): ArgumentError {
  if (names.length === 0) return new ArgumentError(`${caller}: takes no options, got ${name}; leave it out`);
  const normalize = (text: string) => text.toLowerCase().replace(/[^a-z]/g, "");
  const table = { ...aliases, ...otherNames };
  const meant = Object.hasOwn(table, normalize(name)) ? table[normalize(name)]! : name;
  const isSimilar = (known: string, name: string) =>
    name.length > 1 ? known.includes(name) || name.includes(known) : known.startsWith(name);
  const find = (is: (known: string, name: string) => boolean) =>
    names.find((known) => is(normalize(known), normalize(meant)));
  const suggestion = find(isSimilar) ?? find(isTypo);
  const list = `ptions are ${names.join(", ")}`;
  const guess = suggestion === undefined ? `o${list}` : `did you mean ${suggestion}? O${list}`;
  return new ArgumentError(
    `${caller}: there is no option ${name}; ${meant !== name && meant.includes(" ") ? meant : guess}`,
  );
}

/**
 * Returns whether two texts of at least three characters differ by one added, missing or changed character, or by two
 * exchanged neighbors.
 */
function isTypo(a: string, b: string): boolean {
  if (Math.min(a.length, b.length) < 3) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const [x, y] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  return Math.max(x.length, y.length) < 2 || (x.length === 2 && y.length === 2 && x[0] === y[1] && x[1] === y[0]);
}

/**
 * Maps common variants of option names, and names from other libraries, to a text: the option's name in this library
 * or, if the text has spaces, a hint for the error message.
 */
const aliases: Readonly<Record<string, string>> = {
  dim: "axis",
  dims: "axis",
  axes: "axis",
  perm: "axes",
  depth: "numclasses",
  begin: "start",
  grey: "grayscale",
  reverse: "descending",
  mean: "add it to the result",
  loc: "add it to the result",
  std: "multiply the result by it",
  scale: "multiply the result by it",
};
