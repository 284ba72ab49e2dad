// Hints for programs that use operators or methods on tensors.

/**
 * Returns code as the user wrote it. sucrase rewrites calls of imported functions: it turns `mul(x, x)` into
 * `_ops.mul.call(void 0, x, x)`.
 */
export const asWritten = (code: string): string =>
  code.replaceAll(/\b_\w+\.(\w+)\.call\(void 0, /g, "$1(").replaceAll(/\b_\w+\.(\w+)/g, "$1");

const opOf: Readonly<Record<string, string>> = { "*": "mul", "/": "div", "+": "add", "-": "sub", "**": "pow" };
const operand = "([\\w.$]+(?:\\([^()]*\\))?)";
const binary = new RegExp(`${operand}\\s*(\\*\\*|[*/+-])\\s*${operand}`, "g");
const negative = new RegExp(`(?:^|[=(,:?>]|return)\\s*-\\s*${operand}`, "g");

/**
 * Returns what to write instead of the operator at a column of a line, such as `mul(x, x)` for `x * x`. Undefined if the
 * operands are not names, numbers or calls.
 */
export function callFor(line: string, column: number): string | undefined {
  const covers = ({ 0: { length }, index }: RegExpExecArray) => index < column && column <= index + length;
  const found = [...line.matchAll(binary)].find(covers);
  if (found) return asWritten(`${opOf[found[2]!]}(${found[1]}, ${found[3]})`);
  const minus = [...line.matchAll(negative)].find(covers);
  return minus && asWritten(`neg(${minus[1]})`);
}
