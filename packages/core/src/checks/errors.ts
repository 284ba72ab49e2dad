/**
 * The base class of all errors of this library. Each message names the caller, the problem, the value and the fix.
 * Functions throw before they change any state. The stack begins with the user's own call.
 */
export class WengertError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    const frames = userFrames();
    if (frames.length > 0) this.stack = [`${this.name}: ${message}`, ...frames].join("\n");
  }
}

/** Runs `body`. If `body` throws a WengertError without a caller, puts `caller` in front of the message. */
export function prefixErrors<T>(caller: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw withCaller(caller, error);
  }
}

/**
 * Returns the error with `caller` in front of its message. Helper functions that many ops share throw errors without
 * the caller's name.
 */
export function withCaller(caller: string, error: unknown): unknown {
  if (!(error instanceof WengertError) || prefixedErrors.has(error) || error.message.startsWith(`${caller}: `))
    return error;
  prefixedErrors.add(error);
  setMessage(error, `${caller}: ${error.message}`);
  return error;
}

/** Replaces the message of an error, also at the beginning of its stack. */
export function setMessage(error: Error, text: string): void {
  const { message } = error;
  const stack: unknown = error.stack; // Error.prepareStackTrace may return anything
  const at = typeof stack === "string" ? stack.indexOf(message) : -1;
  error.message = text;
  if (typeof stack === "string" && at >= 0) error.stack = stack.slice(0, at) + text + stack.slice(at + message.length);
}

/** The errors whose message already begins with the caller's name. */
const prefixedErrors = new WeakSet<WengertError>();

/** V8 reads the maximum number of stack frames from the property `Error.stackTraceLimit`. */
const engine = Error as { stackTraceLimit?: number | undefined };

/**
 * Returns the stack frames as text, such as `at f (file:line:column)`, starting at the user's innermost call. Skips the
 * frames of this library, and Node's internal frames after an await. A stack can be long, because functions recurse
 * through trees of up to 100 levels.
 */
export function userFrames(): readonly string[] {
  const { stackTraceLimit } = engine;
  const frames = allFrames();
  // The path of the library's packages, taken from the innermost stack frame, which is in this file. A bundle has no
  // such path.
  const packagesPath = /([^\s(@]*)core[\\/](src|dist)[\\/]/.exec(frames[0] ?? "")?.[1];
  const isLibraryFrame = (call: string) =>
    /\bnode:internal\/|\(unknown:/.test(call) || // Bun lists implicit constructors as `(unknown:`
    (/[\\/](core|ops|compile|nn|train|data|report|onnx|mpi)[\\/](src|dist)[\\/]/.test(call) &&
      ((packagesPath !== undefined && call.includes(packagesPath)) || /@wengert[\\/]/.test(call)));
  const first = frames.findIndex((call) => !isLibraryFrame(call));
  return first < 0 ? [] : frames.slice(first).slice(0, stackTraceLimit);
}

/**
 * Returns the path of this file, which differs between copies of the library, or "" if the engine has no stack traces.
 */
export const ownPath = (): string => /[^\s(@]+(?=:\d+:\d+\)?$)/.exec(allFrames()[0] ?? "")?.[0] ?? "";

/** Returns up to 200 frames of the current stack, or none if the program has changed the format of stack traces. */
function allFrames(): readonly string[] {
  const { stackTraceLimit } = engine;
  const isFrozen = Object.isFrozen(Error); // as under `node --frozen-intrinsics`; then the limit cannot change
  try {
    if (!isFrozen) engine.stackTraceLimit = 200;
    const { stack } = new Error();
    return typeof stack === "string" ? stack.split("\n").filter((line) => /:\d+:\d+\)?$/.test(line)) : [];
  } catch {
    return []; // Error.prepareStackTrace may throw
  } finally {
    if (!isFrozen) engine.stackTraceLimit = stackTraceLimit; // also after a stack overflow
  }
}

/** Thrown for incompatible shapes, or an invalid size. */
export class ShapeError extends WengertError {}

/** Thrown for a dtype that the function does not accept. The message suggests a cast. */
export class DTypeError extends WengertError {}

/** Thrown if an axis, an index, a class label or another integer is out of range. */
export class OutOfRangeError extends WengertError {}

/** Thrown if code reads the values of a tensor during a trace, where tensors have no values. */
export class TracedValueError extends WengertError {}

/**
 * Thrown if a leaf of a tree is not a tensor, or two trees have different structures. The message contains the paths.
 */
export class TreeError extends WengertError {}

/** Thrown if an argument is missing or of the wrong kind, such as an asynchronous function. */
export class ArgumentError extends WengertError {}

/**
 * Thrown if a file or table cannot be read or written, or has invalid contents. The message names the file, and the row
 * and column, the line, or the tensor if known. `cause` is the system's error, if the system raised one.
 */
export class DataError extends WengertError {}

/** Thrown if the values of a tensor were modified through its `.data`. */
export class MutationError extends WengertError {}

/** Returns a short description of an unexpected value, for error messages. Never throws an error. */
export function show(value: unknown): string {
  try {
    return showUnguarded(value);
  } catch {
    return "an unreadable value"; // any access to a proxy may throw
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

/** Returns whether `x` is an array. Returns false for a revoked proxy, where `Array.isArray` throws. */
export function isArray(x: unknown): x is readonly unknown[] {
  try {
    return Array.isArray(x);
  } catch {
    return false;
  }
}

/** Returns whether `x` is an array without holes. */
export function isList(x: unknown): x is readonly unknown[] {
  if (!isArray(x)) return false;
  for (let i = 0; i < x.length; i++) if (!(i in x)) return false;
  return true;
}

/** Returns a hint for an invalid value, or an empty string. */
export function hintFor(value: unknown): string {
  if (value === undefined) return "; is a name misspelled, or a return missing?";
  if (typeof value === "function") return "; call it first";
  return isPromise(value) ? "; await it first" : "";
}

function isPromise(value: unknown): boolean {
  try {
    return typeof (value as { then?: unknown } | null)?.then === "function";
  } catch {
    return false; // any access to a proxy may throw
  }
}
