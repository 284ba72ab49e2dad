import katex from "katex";

// Typesets the formulas of the docs. In the Markdown files, formulas are Unicode text, such as x̄ⱼ = sⱼ (gⱼ − ⟨g, s⟩).
// This file converts the text to TeX. KaTeX then converts TeX to MathML, which browsers draw without a script or a
// style sheet.

type Node =
  | { readonly kind: "atom"; readonly tex: string; readonly tight: boolean; readonly hasFraction?: boolean }
  | { readonly kind: "group"; readonly tex: string; readonly inner: string; readonly tight: boolean; readonly hasFraction: boolean } // biome-ignore format: one case a line
  | { readonly kind: "operator"; readonly tex: string }
  | { readonly kind: "slash"; readonly tight: boolean }
  | { readonly kind: "sum"; readonly tex: string; readonly tight: boolean };

const symbols: Readonly<Record<string, string>> = {
  "−": "-",
  "·": "\\cdot ",
  "×": "\\times ",
  "⊙": "\\odot ",
  "∘": "\\circ ",
  "≠": "\\ne ",
  "≈": "\\approx ",
  "≤": "\\le ",
  "≥": "\\ge ",
  "⇒": "\\Rightarrow ",
  "→": "\\to ",
  "←": "\\leftarrow ",
  "↦": "\\mapsto ",
  ":": "\\colon ",
  "∕": "/",
  "=": "=",
  "+": "+",
  ",": ",",
};
const letters: Readonly<Record<string, string>> = {
  "∂": "\\partial ",
  "∇": "\\nabla ",
  "…": "\\dots ",
  "∞": "\\infty ",
  α: "\\alpha ",
  δ: "\\delta ",
  ε: "\\varepsilon ",
  η: "\\eta ",
  σ: "\\sigma ",
  φ: "\\varphi ",
  Δ: "\\Delta ",
  Φ: "\\Phi ",
};
const closing: Readonly<Record<string, string>> = { "(": ")", "[": "]", "⟨": "⟩" };
const brackets: Readonly<Record<string, string>> = { "⟨": "\\langle ", "⟩": "\\rangle " };
const subscripts = lookUp("ₐₑᵢⱼₖₘₙₚₓ₀₁₂₃₄₅₆₇₈₉₊", "aeijkmnpx0123456789+");
const superscripts = new Map([...lookUp("ⁿⁱᵇˣ⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "nibx-+0123456789"), ["ᵀ", "\\mathsf{T}"]]);
const functions: ReadonlySet<string> = new Set([
  "exp",
  "log",
  "log1p",
  "diag",
  "softmax",
  "max",
  "min",
  "mul",
  "ln",
  "sin",
  "cos",
]);

function lookUp(from: string, to: string): ReadonlyMap<string, string> {
  const targets = [...to];
  return new Map([...from].map((character, i) => [character, targets[i]!]));
}

/**
 * Converts a formula to MathML. Each line of the text becomes a line of the formula. Parts of a line with at least two
 * spaces between them become separate elements, so that a narrow screen can show them below each other.
 */
export function formulaOf(text: string): string {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => `<div>${line.trim().split(/ {2,}/).map(mathml).join("")}</div>`)
    .join("\n");
}

/**
 * Converts a formula in running text to MathML. Browsers do not break lines inside of a formula, so each part that
 * begins with a relation such as = becomes a separate element. Fractions keep their slash.
 */
export function inlineFormula(text: string): string {
  const parts = [""];
  let depth = 0;
  for (const word of text.split(" ")) {
    if (depth === 0 && /^[=≈≠≤≥⇒↦]$/.test(word)) parts.push("");
    parts.push(`${parts.pop()}${word} `);
    for (const character of word) depth += "([⟨".includes(character) ? 1 : ")]⟩".includes(character) ? -1 : 0;
  }
  return (
    parts
      .filter((part) => part.trim() !== "")
      .map((part) => texOf(part.trim().replaceAll("/", "∕")))
      .map((tex) => katex.renderToString(tex, { output: "mathml", strict: "error" }))
      .map((html) => html.replace(/<annotation.*<\/annotation>/s, ""))
      // A word space is already between the parts, so a relation at the start of a part needs no space.
      .map((html, i) => (i === 0 ? html : html.replace("<mo", '<mo lspace="0"')))
      .join(" ")
  );
}

const mathml = (line: string): string =>
  katex.renderToString(texOf(line), { output: "mathml", displayMode: true, strict: "error" });

/**
 * Returns a line of a formula as TeX.
 * @throws Error for a character that has no meaning in formulas
 */
export function texOf(line: string): string {
  const characters = [...line.replaceAll(/\p{L}/gu, (letter) => letter.normalize("NFD"))];
  let at = 0;
  const rest = () => characters.slice(at).join("");
  const take = (pattern: RegExp): string | undefined => {
    const found = pattern.exec(rest())?.[0];
    if (found) at += [...found].length;
    return found;
  };

  /**
   * Reads the accents, subscripts, superscripts and primes after a symbol, and returns the TeX of the symbol with these
   * marks.
   */
  const decorated = (symbol: string): string => {
    let tex = symbol;
    if (take(/^\u0304/u)) tex = `\\bar{${tex}}`;
    else if (take(/^\u0307/u)) tex = `\\dot{${tex}}`;
    const run = (of: ReadonlyMap<string, string>) => {
      let found = "";
      for (; of.has(characters[at] ?? ""); at++) found += of.get(characters[at]!);
      return found;
    };
    const low = take(/^_\w/u)?.slice(1) ?? run(subscripts);
    const primes = take(/^′+/u) ?? "";
    const high = run(superscripts);
    return `${tex}${low && `_{${low}}`}${(primes || high) && `^{${"\\prime".repeat(primes.length)}${high}}`}`;
  };

  const row = (end: string | undefined): { tex: string; hasFraction: boolean } => {
    const nodes: Node[] = [];
    let isSpaced = true;
    for (;;) {
      const spaces = take(/^ +/u) ?? "";
      if (spaces.length > 1) nodes.push({ kind: "operator", tex: "\\qquad " });
      isSpaced = nodes.length === 0 || spaces !== "";
      const next = characters[at];
      if (next === undefined || next === end) break;
      nodes.push(node(next, !isSpaced));
    }
    if (characters[at] !== end) throw new Error(`site: the formula "${line}" has an open bracket.`);
    at++;
    return combined(nodes);
  };

  const node = (next: string, tight: boolean): Node => {
    const words = take(/^[A-Za-z][a-z]+(?:1p)?(?: [a-z]{2,}(?![(\w]))*/u);
    if (words?.length === 2 && /^d[a-z]$/.test(words))
      return { kind: "atom", tex: decorated(`\\mathrm{d}${words[1]}`), tight };
    if (words !== undefined) {
      const name = functions.has(words) ? `\\operatorname{${words}}` : `\\text{ ${words} }`;
      return { kind: "atom", tex: decorated(name), tight };
    }
    const decimal = take(/^\d+\.\d+/u);
    if (decimal !== undefined) return { kind: "atom", tex: decorated(decimal), tight };
    at++;
    if (next === "/") return { kind: "slash", tight: tight && characters[at] !== " " };
    if (next === "Σ") return sum(tight);
    if (next === "√") {
      const radicand = node(characters[at] ?? "", true);
      const inner = "inner" in radicand ? radicand.inner : "tex" in radicand ? radicand.tex : "";
      return { kind: "atom", tex: `\\sqrt{${inner}}`, tight };
    }
    if (next === "|") {
      const inner = row("|");
      return { kind: "atom", tex: decorated(`{\\lvert ${inner.tex} \\rvert }`), tight };
    }
    const close = closing[next];
    if (close !== undefined) {
      const { tex, hasFraction } = row(close);
      const size = tex.includes("\\frac") ? ["\\left", "\\right"] : ["", ""];
      const whole = `${size[0]}${brackets[next] ?? next}${tex}${size[1]}${brackets[close] ?? close}`;
      const withPowers = decorated(`{${whole}}`);
      const isPlain = next === "(" && withPowers === `{${whole}}`;
      return isPlain
        ? { kind: "group", tex: whole, inner: tex, tight, hasFraction }
        : { kind: "atom", tex: withPowers, tight, hasFraction };
    }
    if (next in symbols) return { kind: "operator", tex: symbols[next]! };
    if (/[A-Za-z0-9]/.test(next) || next in letters)
      return { kind: "atom", tex: decorated(letters[next] ?? next), tight };
    throw new Error(`site: the formula "${line}" has the unknown character ${next}; add it to build/formula.ts.`);
  };

  const sum = (tight: boolean): Node => {
    let index = "";
    for (; subscripts.has(characters[at] ?? "") || characters[at] === "≠"; at++)
      index += subscripts.get(characters[at]!) ?? symbols[characters[at]!]!;
    return { kind: "sum", tex: `\\sum_{${index}}`, tight };
  };

  return row(undefined).tex;
}

/** Joins the parts of a line to TeX, and replaces slashes by fractions. */
function combined(nodes: readonly Node[]): { tex: string; hasFraction: boolean } {
  const out: string[] = [];
  let hasFraction = false;
  let term: Exclude<Node, { kind: "operator" } | { kind: "slash" }>[] = [];
  const flush = () => {
    out.push(...term.map(({ tex }) => tex));
    term = [];
  };
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i]!;
    if (node.kind === "operator") {
      flush();
      out.push(node.tex);
    } else if (node.kind === "slash") {
      hasFraction = true;
      const above = term.splice(numeratorStart(term, node.tight));
      const below: typeof term = [];
      for (let next = nodes[i + 1]; next !== undefined; next = nodes[i + 1]) {
        if (next.kind === "operator" || next.kind === "slash") break;
        const continues = below.length === 0 || below[0]!.kind === "sum" || next.tight;
        if (!continues) break;
        below.push(next);
        i++;
      }
      const tex = `\\frac{${bare(above)}}{${bare(below)}}`;
      term.push({ kind: "atom", tex, tight: above[0]?.tight ?? false, hasFraction: true });
    } else term.push(node);
  }
  flush();
  return { tex: out.join(" "), hasFraction };
}

/**
 * Returns the index of the first factor that belongs to the numerator of a fraction. If there are no spaces around the
 * slash, as in ∂y/∂x, the numerator ends at the previous space. Otherwise the numerator is the whole term, from the
 * last sum sign or fraction on.
 */
function numeratorStart(term: readonly Node[], tight: boolean): number {
  const last = term.length - 1;
  if (tight) {
    let start = last;
    for (let node = term[start]; start > 0 && node && "tight" in node && node.tight; node = term[start]) start--;
    return Math.max(0, start);
  }
  const before = term.findLastIndex(
    (node, i) => i < last && (node.kind === "sum" || ("hasFraction" in node && node.hasFraction === true)),
  );
  return before + 1;
}

/** Returns the TeX of a numerator or denominator. If brackets enclose all of it, omits the brackets. */
const bare = (nodes: readonly Node[]): string => {
  const [only] = nodes;
  if (nodes.length === 1 && only?.kind === "group") return only.inner;
  return nodes.map((node) => ("tex" in node ? node.tex : "")).join(" ");
};
