/**
 * What every error of Wengert is. Its message says who speaks, what was expected, what came, and what to do; it is
 * thrown before anything has changed.
 */
export class WengertError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    const frames = userFrames();
    if (frames.length > 0) this.stack = [`${this.name}: ${message}`, ...frames].join("\n");
  }
}

/** Runs `body`. An error of Wengert that it throws gets `caller` in front of its message, unless another caller is there. */
export function prefixErrors<T>(caller: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw withCaller(caller, error);
  }
}

/** The error with `caller` in front of its message. Helpers that many ops share throw errors without a caller. */
export function withCaller(caller: string, error: unknown): unknown {
  if (!(error instanceof WengertError) || prefixedErrors.has(error) || error.message.startsWith(`${caller}: `))
    return error;
  prefixedErrors.add(error);
  const { message, stack = "" } = error;
  const at = stack.indexOf(message);
  error.message = `${caller}: ${message}`;
  if (at >= 0) error.stack = stack.slice(0, at) + error.message + stack.slice(at + message.length);
  return error;
}

/** The errors whose message begins with a caller that was put there. */
const prefixedErrors = new WeakSet<WengertError>();

/** Where the engine, if it is V8, keeps how many calls a stack shows. */
const engine = Error as { stackTraceLimit?: number | undefined };

/**
 * The calls that led here, from the innermost on that is not in Wengert's own files, nor where Node goes on after an await:
 * `at f (file:line:column)`. It may lie below many of those, as trees are walked 100 deep.
 */
export function userFrames(): readonly string[] {
  const { stackTraceLimit } = engine;
  engine.stackTraceLimit = 200;
  const { stack } = new Error();
  engine.stackTraceLimit = stackTraceLimit;
  const frames = stack?.split("\n").filter((line) => /:\d+:\d+\)?$/.test(line)) ?? [];
  // Where the packages lie, as this engine writes it: the innermost call is here. Unknown in a bundle, which has no such files.
  const packagesPath = /([^\s(@]*)core[\\/](src|dist)[\\/]/.exec(frames[0] ?? "")?.[1];
  const isLibraryFrame = (call: string) =>
    /\bnode:internal\/|\(unknown:/.test(call) || // the latter in Bun: constructors that classes have without writing them
    (/[\\/](core|ops|compile|nn|train|data|report|onnx|mpi)[\\/](src|dist)[\\/]/.test(call) &&
      ((packagesPath !== undefined && call.includes(packagesPath)) || /@wengert[\\/]/.test(call)));
  const first = frames.findIndex((call) => !isLibraryFrame(call));
  return first < 0 ? [] : frames.slice(first).slice(0, stackTraceLimit);
}

/** Incompatible shapes, or an invalid size. */
export class ShapeError extends WengertError {}

/** A dtype that cannot be used here; the message holds the cast to write. */
export class DTypeError extends WengertError {}

/** A number outside its range: an axis, an index, a class, an integer. */
export class OutOfRangeError extends WengertError {}

/** The value of a tensor was read while a program is traced, when it has none. */
export class TracedValueError extends WengertError {}

/** A leaf that is not a tensor, or two trees of different structure. The message holds the paths. */
export class TreeError extends WengertError {}

/** An argument that is missing or of the wrong kind, a function that is asynchronous. */
export class ArgumentError extends WengertError {}

/**
 * A file or a table that cannot be read or written, or whose contents are invalid. The message names the file, and the row and
 * column, the line or the tensor if there is one. `cause` is the system's error, if there was one.
 */
export class DataError extends WengertError {}

/** A tensor was written to through its `.data`. */
export class MutationError extends WengertError {}

/** How a message shows a value that is not what was expected: short, and never throwing itself. */
export function show(value: unknown): string {
  try {
    return showUnguarded(value);
  } catch {
    return "something that cannot be read"; // a proxy may throw whatever is asked of it
  }
}

function showUnguarded(value: unknown): string {
  if (typeof value === "string")
    return `the string ${JSON.stringify(value.length > 20 ? `${value.slice(0, 20)}…` : value)}`;
  if (typeof value === "function") return value.name ? `the function ${value.name}` : "a function";
  if (typeof value === "bigint") return `the bigint ${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name !== "string" || name === "Object" ? "an object" : `a ${name}`;
}

/** Whether `x` is an array. False for a proxy that cannot be read. */
export function isArray(x: unknown): x is readonly unknown[] {
  try {
    return Array.isArray(x);
  } catch {
    return false;
  }
}

/** Whether `x` is a dense array (no holes): a sparse one may have any length. */
export function isList(x: unknown): x is readonly unknown[] {
  if (!isArray(x)) return false;
  for (let i = 0; i < x.length; i++) if (!(i in x)) return false;
  return true;
}

/** A hint for an invalid value. */
export function hintFor(value: unknown): string {
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
