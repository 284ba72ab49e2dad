import { Tensor, WengertError } from "@wengert/core";
import { shapeText, show } from "@wengert/core/extend";
import { isNumber, type Token } from "./parse.ts";

/**
 * Returns two lines: the formula, with the label and the shape of each operand, and a caret under the token at
 * `position`. If `position` is after the last token, the caret is at the end of the formula.
 */
export function caretLines(tokens: readonly Token[], position: number, operands: readonly unknown[]): string {
  let line = "";
  let column: number | undefined;
  for (const [i, token] of tokens.entries()) {
    const text = typeof token === "number" ? operandText(operands[token]) : token;
    if (i > 0 && text !== ")" && tokens[i - 1] !== "(" && !isUnaryMinus(tokens, i - 1)) line += " ";
    if (i === position) column = line.length;
    line += text;
  }
  return `\n  ${line}\n  ${" ".repeat(column ?? line.length)}^`;
}

const operandText = (x: unknown): string => (x instanceof Tensor ? `${x.label ?? ""}${shapeText(x.shape)}` : show(x));

/**
 * Whether the token at `i` is a unary minus: a minus that does not follow an operand, a number or a closing
 * parenthesis.
 */
function isUnaryMinus(tokens: readonly Token[], i: number): boolean {
  const before = tokens[i - 1];
  return tokens[i] === "-" && typeof before !== "number" && before !== ")" && !isNumber(before);
}

/** Appends lines to the message of an error, if the error is a WengertError. Returns the error. */
export function withLines(error: unknown, lines: string): unknown {
  if (!(error instanceof WengertError)) return error;
  const { message, stack } = error;
  error.message = message + lines;
  // Node prints the stack of an error, and the stack repeats the message. So the message is also replaced in the stack.
  if (typeof stack === "string") error.stack = stack.replace(message, () => error.message);
  return error;
}
