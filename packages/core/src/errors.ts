/**
 * What every error of Wengert is. Its message says who speaks, what was expected, what came, and what to do; it is
 * thrown before anything has changed.
 */
export class WengertError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    const calls = usersCalls();
    if (calls.length > 0) this.stack = [`${this.name}: ${message}`, ...calls].join("\n");
  }
}

/** Where the engine, if it is V8, keeps how many calls a stack shows. */
const engine = Error as { stackTraceLimit?: number | undefined };

/**
 * The calls that led here, from the innermost on that is not in Wengert's own files, nor where Node goes on after an await:
 * `at f (file:line:column)`. It may lie below many of those, as trees are walked 100 deep.
 */
export function usersCalls(): readonly string[] {
  const { stackTraceLimit } = engine;
  engine.stackTraceLimit = 200;
  const { stack } = new Error();
  engine.stackTraceLimit = stackTraceLimit;
  const calls = stack?.split("\n").filter((line) => /:\d+:\d+\)?$/.test(line)) ?? [];
  // Where the packages lie, as this engine writes it: the innermost call is here. Unknown in a bundle, which has no such files.
  const house = /([^\s(@]*)core[\\/](src|dist)[\\/]/.exec(calls[0] ?? "")?.[1];
  const isOwn = (call: string) =>
    /\bnode:internal\/|\(unknown:/.test(call) || // the latter in Bun: constructors that classes have without writing them
    (/[\\/](core|ops|train|compile|onnx|mpi)[\\/](src|dist)[\\/]/.test(call) &&
      ((house !== undefined && call.includes(house)) || /@wengert[\\/]/.test(call)));
  const first = calls.findIndex((call) => !isOwn(call));
  return first < 0 ? [] : calls.slice(first).slice(0, stackTraceLimit);
}

/** Shapes that do not fit together, or a size that is none. */
export class ShapeError extends WengertError {}

/** A dtype that cannot be used here; the message holds the cast to write. */
export class DTypeError extends WengertError {}

/** A number outside its range: an axis, an index, a class, an integer. */
export class OutOfRangeError extends WengertError {}

/** The value of a tensor was asked for while a program is traced: there is none yet. */
export class TracedValueError extends WengertError {}

/** A leaf that is no tensor, or two trees of different structure; the message holds the paths. */
export class TreeError extends WengertError {}

/** An argument that is missing or of the wrong kind, a function that is asynchronous. */
export class ArgumentError extends WengertError {}

/** A tensor was written to through its `.data`. */
export class MutationError extends WengertError {}

/** How a message shows a value that is not what was expected: short, and never throwing itself. */
export function show(value: unknown): string {
  try {
    return shown(value);
  } catch {
    return "something that cannot be read"; // a proxy may throw whatever is asked of it
  }
}

function shown(value: unknown): string {
  if (typeof value === "string")
    return `the string ${JSON.stringify(value.length > 20 ? `${value.slice(0, 20)}…` : value)}`;
  if (typeof value === "function") return value.name ? `the function ${value.name}` : "a function";
  if (typeof value === "bigint") return `the bigint ${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name !== "string" || name === "Object" ? "an object" : `a ${name}`;
}

/** Whether `x` is an array; a proxy that cannot be read is none. */
export function isArray(x: unknown): x is readonly unknown[] {
  try {
    return Array.isArray(x);
  } catch {
    return false;
  }
}

/** Whether `x` is an array with an entry at each place: with holes it might be as long as one likes. */
export function isList(x: unknown): x is readonly unknown[] {
  if (!isArray(x)) return false;
  for (let i = 0; i < x.length; i++) if (!(i in x)) return false;
  return true;
}

/** What may have gone wrong where a value came that is none. */
export function cureOf(value: unknown): string {
  if (value === undefined) return "; is a name misspelt, or a return missing?";
  if (typeof value === "function") return "; call it first";
  return isPromise(value) ? "; await it first" : "";
}

function isPromise(value: unknown): boolean {
  try {
    return typeof (value as { then?: unknown } | null)?.then === "function";
  } catch {
    return false; // as with show
  }
}
