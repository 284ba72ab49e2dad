import { ArgumentError, type Tensor, type TensorLike } from "@wengert/core";
import { isList, show, toTensors } from "@wengert/core/extend";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { add, div, mul, neg, sub } from "../elementwise/arithmetic.ts";
import { square } from "../elementwise/functions.ts";
import { pow } from "../elementwise/pow.ts";
import { matmul } from "../products/matmul.ts";
import { caretLines, withLines } from "./caret.ts";
import { type Formula, type Infix, parse, type Token, tokensOf } from "./parse.ts";

interface CallSite {
  readonly tokens: readonly Token[];
  readonly formula: Formula;
}

/**
 * A cache of parsed formulas, one for each place in the source where a template is written. JavaScript passes the same
 * array of texts each time it evaluates the same template, so this array is the key.
 */
const callSites: WeakMap<readonly string[], CallSite> = /* @__PURE__ */ new WeakMap();

/**
 * Evaluates a formula in a template literal. expr`${X} @ ${W} + ${b}` is add(matmul(X, W), b). The operators are + - *
 * /,
 * @ (matmul), ** (pow; square for an exponent 2) and unary minus, with Python's precedence. Operators on plain numbers
 * give plain numbers. An error shows the formula with a caret below the failing operator.
 * @throws ArgumentError for a formula with anything else than numbers, operands, operators and parentheses
 */
export const expr: Sampled<Expr> = /* @__PURE__ */ withSamples<Expr>(
  (strings, ...operands) => {
    let site = callSites.get(strings);
    if (site === undefined) {
      if (!isTemplate(strings, operands.length))
        throw new ArgumentError(`expr: expected a template literal, got ${show(strings)}; write expr\`\${a} + \${b}\``);
      const tokens = tokensOf(strings);
      const formula = parse(tokens, (position, expected) => syntaxError(tokens, position, expected, operands));
      site = { tokens, formula };
      callSites.set(strings, site);
    }
    return toTensors("expr", [evaluate(site.formula, site.tokens, operands)])[0]!;
  },
  () => [[["-(", " @ ", ")"], irregular([2, 1]), irregular([1, 3], 2)]],
);
type Expr = (strings: readonly string[], ...operands: readonly TensorLike[]) => Tensor;

const isTemplate = (strings: unknown, operands: number): boolean =>
  isList(strings) && strings.length === operands + 1 && strings.every((text) => typeof text === "string");

function evaluate(formula: Formula, tokens: readonly Token[], operands: readonly TensorLike[]): TensorLike {
  if (formula.kind === "number") return formula.value;
  if (formula.kind === "operand") return operands[formula.index]!;
  const inner = formula.kind === "negative" ? [formula.of] : [formula.left, formula.right];
  const [a, b] = inner.map((each) => evaluate(each, tokens, operands)) as [TensorLike, TensorLike];
  try {
    return formula.kind === "negative" ? negative(a) : apply(formula.operator, a, b);
  } catch (error) {
    throw withLines(error, caretLines(tokens, formula.position, operands));
  }
}

const negative = (a: TensorLike): TensorLike => (typeof a === "number" ? -a : neg(a));

function apply(operator: Infix, a: TensorLike, b: TensorLike): TensorLike {
  // An operation on two plain numbers gives a plain number. If it gave a float64 tensor, its dtype might differ from
  // that of the other tensors in the formula.
  const areNumbers = typeof a === "number" && typeof b === "number";
  switch (operator) {
    case "+":
      return areNumbers ? a + b : add(a, b);
    case "-":
      return areNumbers ? a - b : sub(a, b);
    case "*":
      return areNumbers ? a * b : mul(a, b);
    case "/":
      return areNumbers ? a / b : div(a, b);
    case "**":
      return areNumbers ? a ** b : b === 2 ? square(a) : pow(a, b);
    case "@":
      return matmul(a, b);
  }
}

function syntaxError(
  tokens: readonly Token[],
  position: number,
  expected: string,
  operands: readonly unknown[],
): ArgumentError {
  const token = tokens[position];
  const got = token === undefined ? "the end" : typeof token === "number" ? "an operand" : `"${token}"`;
  const isName = typeof token === "string" && /^[\p{L}_$]/u.test(token);
  const hint = isName ? `write \${${token}}` : `use only \${operands}, numbers, + - * / @ ** and parentheses`;
  return new ArgumentError(`expr: expected ${expected}, got ${got}; ${hint}${caretLines(tokens, position, operands)}`);
}
