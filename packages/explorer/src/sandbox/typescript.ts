import { transform } from "sucrase";
import type { Failure } from "./protocol.ts";

/**
 * Converts a TypeScript program to JavaScript for the sandbox: removes types and replaces imports by `require` calls.
 * sucrase keeps line numbers, does not check types, and is twenty times smaller than a compiler.
 */
export function toJavaScript(code: string): { javascript: string; error?: Failure } {
  try {
    const { code: javascript } = transform(code, {
      transforms: ["typescript", "imports"], // import() becomes a promise of the result of `require`
      disableESTransforms: true,
    });
    return { javascript };
  } catch (error) {
    const message = String((error as Error).message);
    const [, what = message, line, column] =
      /^(?:Error transforming [^:]*: )?(.*?)(?: \((\d+):(\d+)\))?$/s.exec(message) ?? [];
    const place = line ? { line: Number(line), column: Number(column) } : {};
    return { javascript: "", error: { name: "SyntaxError", message: what, ...place } };
  }
}
