import type { Token } from "markdown-it";
import { inlineFormula } from "./formula.ts";

// Finds formulas in running text, such as x̄ = s ⊙ (g − ⟨g, s⟩), and the variables of these formulas elsewhere on the page.
// The Markdown files have no markup for formulas, so the code recognizes a formula by its characters: a variable, and an
// operator, a subscript, an accent or another character that words do not have.

const marks = "[\\u0304\\u0307]?[ₐₑᵢⱼₖₘₙₚₓ₀₁₂₃₄₅₆₇₈₉₊]*′*[ⁿⁱᵇˣ⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹ᵀ]*";
const variable = new RegExp(`^(?:[A-Za-zαδεησφΔΦ]|∂[A-Za-z]|d[a-z](?![a-z])|∇[A-Za-z])${marks}`, "u");
const number = /^\d+(?:\.\d+)?[⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹ⁿˣ]*/u;
const names = "exp|log1p|log|ln|sin|cos|diag|softmax|max|min";
const named = new RegExp(`^(?:${names})(?=\\(| [A-Za-z](?!\\w)| (?:${names})\\()`, "u");
const name = new RegExp(names, "g");
const sum = /^Σ[ₐₑᵢⱼₖₘₙₚₓ₀₁₂₃₄₅₆₇₈₉≠]*/u;
const operator = /^ [-−·×⊙∘≠≈≤≥⇒↦=+/] |^\/(?=∂)/u;
const closing: Readonly<Record<string, string>> = { "(": ")", "[": "]", "⟨": "⟩", "|": "|" };
// A formula that the code cannot read as a whole stays text. These patterns match the text before and after a part of
// such a formula.
const goesOnBefore = /(?:[√|^∫‖⌊Π]|\p{L}\(|[√)]\(|(?:^|[ (])[-−·×+=/<>][ (]?|[\p{L}\p{M}] (?:log|ln)[ (]|…,? )$/u;
const goesOnAfter = /^(?:[^\s.,;:)?’”"]| (?:[-−·×+=/<>|√(^‖⌊Π∫≪≫]|(?:log|ln|sin|cos)\b))/u;
/** Matches characters that formulas have, and words do not have. */
const strong = /[⊙∘≠≈≤≥⇒↦=+−·×⟨Σ∂∇√ₐₑᵢⱼₖₘₙₚₓ₀₁₂₃₄₅₆₇₈₉′ᵀⁿⁱ²³⁻¹αδεησφΔΦ]|[\u0304\u0307]|\|.+\||[A-Za-z]\([A-Za-z]/u;
const letter = /[\p{L}\p{M}\p{N}_]/u;

const decomposed = (text: string): string => text.replaceAll(/\p{L}/gu, (each) => each.normalize("NFD"));

/** Returns the length of the formula at the beginning of `text`, or 0 if the text does not begin with a formula. */
function lengthOfFormula(text: string): number {
  let at = 0;
  const take = (pattern: RegExp): boolean => {
    const found = pattern.exec(text.slice(at))?.[0] ?? "";
    at += found.length;
    return found !== "";
  };
  const isInWord = () => letter.test(text[at] ?? "") || /^['’-]\p{L}/u.test(text.slice(at));

  /** Reads a factor: a variable, a number, a sum sign, a function or root with its argument, or a bracket. */
  const factor = (): boolean => {
    const start = at;
    take(/^−/u);
    if (take(named)) {
      take(/^ /);
      if (factor()) return true;
    } else if (take(sum) || take(variable) || take(number)) {
      const isDecorated = !/^\p{L}$/u.test(text.slice(start, at));
      if (!isInWord()) return true;
      if (isDecorated && /^(?!e)./.test(text.slice(at)) && variable.test(text.slice(at)) && factor()) return true; // aₖbₖ
    } else if (take(/^√/u)) {
      if (factor()) return true;
    } else if (bracket()) return true;
    at = start;
    return false;
  };
  const bracket = (): boolean => {
    const start = at;
    const close = closing[text[at] ?? ""];
    if (close === undefined) return false;
    at++;
    while (expression() && take(/^, /));
    if (text[at] !== close) {
      at = start;
      return false;
    }
    at++;
    take(/^[⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹ᵀ]+/u);
    return true;
  };
  const expression = (): boolean => {
    if (!factor()) return false;
    for (;;) {
      const start = at;
      if (take(operator) && factor()) continue;
      at = start;
      if (/^[([⟨|]/u.test(text.slice(at)) && factor()) continue; // f(x)
      // A product, such as H v. The word "a" and a number after a variable are not factors.
      if (take(/^ (?![AaI](?![\p{L}\p{M}\p{N}′(])|\d)/u) && factor()) continue;
      at = start;
      return true;
    }
  };
  if (!expression()) return 0;
  const found = text.slice(0, at);
  return strong.test(found) && /[A-Za-zαδεησφΔΦ]/u.test(found.replaceAll(name, "")) ? at : 0;
}

interface Piece {
  readonly type: "text" | "formula";
  readonly content: string;
}

/** Splits a text into formulas and other text. */
export function formulasIn(text: string): Piece[] {
  const whole = decomposed(text).replaceAll("\n", " ");
  const pieces: Piece[] = [];
  let end = 0;
  for (let at = 0; at < whole.length; at++) {
    if (letter.test(whole[at - 1] ?? "") || /[/#"'’.-]/.test(whole[at - 1] ?? "")) continue;
    const length = lengthOfFormula(whole.slice(at));
    if (length === 0) continue;
    const isWhole = !goesOnBefore.test(whole.slice(0, at)) && !goesOnAfter.test(whole.slice(at + length));
    if (isWhole) {
      pieces.push({ type: "text", content: whole.slice(end, at) });
      pieces.push({ type: "formula", content: whole.slice(at, at + length) });
      end = at + length;
    }
    at += length - 1;
  }
  return [...pieces, { type: "text", content: whole.slice(end) }];
}

/** Returns the letters that are variables in formulas. */
const variablesIn = (formulas: readonly string[]): ReadonlySet<string> =>
  new Set(formulas.flatMap((formula) => decomposed(formula).match(/(?<![A-Za-z])[A-Za-z](?![A-Za-z])/g) ?? []));

/** Splits a text at letters that are variables of the page's formulas. Omits units, abbreviations and the article. */
export function splitAtVariables(text: string, variables: ReadonlySet<string>): Piece[] {
  const alone =
    /(?<![\p{L}\p{M}\p{N}_/#"'’.*+&^∂√|‖-])(?<!\d )([A-Za-z])(?![\p{L}\p{M}\p{N}_/"’*+&⁻|‖-]|\.\w|'(?!s\b))/gu;
  const pieces: Piece[] = [];
  let end = 0;
  for (const { 1: name = "", index } of text.matchAll(alone)) {
    const [before, after] = [text.slice(0, index), text.slice(index + 1)];
    const isArticle = name === "a" && !/^(?:[,.;:)]| and | is | has )/.test(after);
    const isInitial =
      /^\. (?:[A-Z]\. )?\p{Lu}[\p{L}-]+(?:,| and )/u.test(after) ||
      (/^\. [A-Z]/.test(after) && /(?:^|[Ff]rom |by |and |, |\. )$/.test(before));
    if (!variables.has(name) || /[AI]/.test(name) || isArticle || (/[A-Z]/.test(name) && isInitial)) continue;
    pieces.push({ type: "text", content: text.slice(end, index) }, { type: "formula", content: name });
    end = index + 1;
  }
  return [...pieces, { type: "text", content: text.slice(end) }];
}

/**
 * Replaces the formulas in the text of a page by tokens of type `formula`, except in headings, links, bold text and code.
 * `displayed` are the displayed formulas of the page, whose variables the text may use.
 */
export function markFormulas(tokens: readonly Token[], displayed: readonly string[]): void {
  const paragraphs = tokens.filter(
    (token, i) => token.type === "inline" && token.children && !/^(?:heading|th)_open$/.test(tokens[i - 1]!.type),
  );
  const formulas = [...displayed];
  for (const token of paragraphs) {
    token.children = splitTexts(joined(token.children!), formulasIn);
    for (const { type, content } of token.children) if (type === "formula") formulas.push(content);
  }
  const variables = variablesIn(formulas);
  for (const token of paragraphs)
    token.children = splitTexts(token.children!, (text) => splitAtVariables(text, variables));
}

/** Joins the lines of a paragraph, because a formula may continue on the next line. */
function joined(children: readonly Token[]): Token[] {
  const out: Token[] = [];
  for (const child of children) {
    const last = out.at(-1);
    const isText = child.type === "text" || child.type === "softbreak";
    if (isText && last?.type === "text") last.content += child.type === "softbreak" ? "\n" : child.content;
    else out.push(child);
  }
  return out;
}

function splitTexts(children: readonly Token[], split: (text: string) => Piece[]): Token[] {
  let inside = 0; // links and bold text around the current text; MathML has no bold variables
  return children.flatMap((child) => {
    if (/^(?:link|strong)_open$/.test(child.type) || /^<a\b/.test(child.content)) inside++;
    if (/^(?:link|strong)_close$/.test(child.type) || child.content === "</a>") inside--;
    if (child.type !== "text" || inside > 0) return [child];
    return split(child.content)
      .filter(({ content }) => content !== "")
      .map((piece) => Object.assign(Object.create(Object.getPrototypeOf(child)) as Token, child, piece));
  });
}

/** Converts a formula in running text to MathML. */
export const renderFormula = ({ content }: Token): string => inlineFormula(content);
