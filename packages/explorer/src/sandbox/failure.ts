import type { Failure } from "./protocol.ts";

/**
 * Describes a value of any type that a program threw. The line number is that of the innermost stack frame in the
 * user's program. `nameHint` returns a hint for an undefined variable.
 */
export function failureOf(thrown: unknown, nameHint: (name: string) => string = () => ""): Failure {
  try {
    if (!(thrown instanceof Error)) return { name: "Error", message: `the program threw ${String(thrown)}` };
    const { name, message } = thrown;
    if (thrown instanceof RangeError && message.includes("call stack"))
      return { name, message: "the program calls itself without end or too deeply", ...placeOf(thrown) };
    if (thrown instanceof RangeError && /allocation|(array|string) length|buffer|memory/i.test(message))
      return { name, message: `out of memory: ${message}`, ...placeOf(thrown) };
    const [, undefinedName] = (thrown instanceof ReferenceError && /^([\w$]+) is not defined$/.exec(message)) || [];
    if (undefinedName) return { name, message: message + nameHint(undefinedName), ...placeOf(thrown) };
    return { name: String(thrown.constructor?.name || name), message: String(message), ...placeOf(thrown) };
  } catch {
    return { name: "Error", message: "the program threw something that cannot be read" };
  }
}

function placeOf({ stack }: Error): { line?: number; column?: number } {
  const found = /program\.ts:(\d+):(\d+)/.exec(String(stack));
  return found ? { line: Number(found[1]), column: Number(found[2]) } : {};
}
