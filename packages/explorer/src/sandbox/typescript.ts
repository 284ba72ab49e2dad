import { transform } from "sucrase";
import type { Failure } from "./protocol.ts";

/**
 * A program's TypeScript as JavaScript that the sandbox can run: without types, and with `require` for its imports. Lines
 * keep their numbers. sucrase checks no types and keeps every line where it is, for a twentieth of the size of a compiler.
 */
export function toJavaScript(code: string): { javascript: string; error?: Failure } {
  try {
    const { code: javascript } = transform(code, {
      transforms: ["typescript", "imports"], // import() too becomes a promise of what `require` gives
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
