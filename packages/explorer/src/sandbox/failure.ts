import type { Failure } from "./protocol.ts";

/**
 * Returns hints, which are appended to the error messages of a program. A hint is empty, or begins with a semicolon.
 */
export interface Hints {
  /** For an undefined variable. */
  readonly name: (name: string) => string;
  /** Returns a hint for a method that tensors do not have, such as `x.mul`. */
  readonly method: (name: string) => string;
  /**
   * Returns a hint for an operator, such as `*`, between tensors. The operator is at `line` and `column` of the
   * program.
   */
  readonly operator: (line: number, column: number) => string;
}
const noHints: Hints = { name: () => "", method: () => "", operator: () => "" };

/**
 * Describes a value of any type that a program threw. The line number is that of the innermost stack frame in the
 * user's program.
 */
export function failureOf(thrown: unknown, hints: Hints = noHints): Failure {
  try {
    if (!(thrown instanceof Error)) return { name: "Error", message: `the program threw ${String(thrown)}` };
    const { name, message } = thrown;
    if (thrown instanceof RangeError && message.includes("call stack"))
      return { name, message: "the program calls itself without end or too deeply", ...placeOf(thrown) };
    if (thrown instanceof RangeError && /allocation|(array|string) length|buffer|memory/i.test(message))
      return { name, message: `out of memory: ${message}`, ...placeOf(thrown) };
    const [, undefinedName] = (thrown instanceof ReferenceError && /^([\w$]+) is not defined$/.exec(message)) || [];
    if (undefinedName) return { name, message: message + hints.name(undefinedName), ...placeOf(thrown) };
    const [, method] = (thrown instanceof TypeError && /\.(\w+) is not a function$/.exec(message)) || [];
    if (method) return { name, message: message + hints.method(method), ...placeOf(thrown) };
    if (message.includes("operators do not work on tensors")) {
      const place = placeOf(thrown);
      const hint = hints.operator(place.line ?? 0, place.column ?? 0);
      return { name: thrown.constructor.name, message: message + hint, ...place };
    }
    return { name: String(thrown.constructor?.name || name), message: String(message), ...placeOf(thrown) };
  } catch {
    return { name: "Error", message: "the program threw something that cannot be read" };
  }
}

function placeOf({ stack }: Error): { line?: number; column?: number } {
  const found = /program\.ts:(\d+):(\d+)/.exec(String(stack));
  return found ? { line: Number(found[1]), column: Number(found[2]) } : {};
}
