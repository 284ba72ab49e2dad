export type Infix = "+" | "-" | "*" | "/" | "@" | "**";

/** A parsed formula. `position` is the position of an operator in the list of tokens. */
export type Formula =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "operand"; readonly index: number }
  | { readonly kind: "negative"; readonly of: Formula; readonly position: number }
  | {
      readonly kind: "infix";
      readonly operator: Infix;
      readonly left: Formula;
      readonly right: Formula;
      readonly position: number;
    };

/**
 * A token of a formula: either text, such as a number or an operator, or the index of an operand that the template
 * inserts.
 */
export type Token = string | number;

const tokenPattern = /\*\*|(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|[\p{L}_$][\p{L}\d_$]*|\S/giu;

/** Splits the texts of a template into tokens. Operand i is between the texts i and i + 1. */
export const tokensOf = (texts: readonly string[]): readonly Token[] =>
  texts.flatMap((text, i) => [...(i > 0 ? [i - 1] : []), ...(text.match(tokenPattern) ?? [])]);

/** Whether a token is a number in the text of the formula, not the index of an inserted operand. */
export const isNumber = (token: Token | undefined): token is string =>
  typeof token === "string" && /^\.?\d/.test(token);

/**
 * Parses a formula with the precedence of Python. From loose to tight: + and −; then *, / and @; then unary minus; then
 * **. Equal precedence is left associative, but ** is right associative: −a ** b ** c is −(a ** (b ** c)).
 * @throws the result of `errorAt` for a formula outside the grammar
 */
export function parse(tokens: readonly Token[], errorAt: (position: number, expected: string) => unknown): Formula {
  let position = 0;
  const formula = parseSum();
  if (position < tokens.length) throw errorAt(position, "an operator");
  return formula;

  function parseLeftToRight(operators: readonly unknown[], parseOperand: () => Formula): Formula {
    let left = parseOperand();
    while (operators.includes(tokens[position])) {
      const operator = tokens[position] as Infix;
      left = { kind: "infix", operator, left, position: position++, right: parseOperand() };
    }
    return left;
  }

  function parseSum(): Formula {
    return parseLeftToRight(["+", "-"], parseProduct);
  }

  function parseProduct(): Formula {
    return parseLeftToRight(["*", "/", "@"], parseSigned);
  }

  function parseSigned(): Formula {
    if (tokens[position] === "-") return { kind: "negative", position: position++, of: parseSigned() };
    const left = parseAtom();
    if (tokens[position] !== "**") return left;
    return { kind: "infix", operator: "**", left, position: position++, right: parseSigned() };
  }

  function parseAtom(): Formula {
    const token = tokens[position];
    if (typeof token !== "number" && !isNumber(token) && token !== "(")
      throw errorAt(position, "a number, an operand or (");
    position++;
    if (typeof token === "number") return { kind: "operand", index: token };
    if (token !== "(") return { kind: "number", value: Number(token) };
    const inner = parseSum();
    if (tokens[position] !== ")") throw errorAt(position, "an operator or )");
    position++;
    return inner;
  }
}
