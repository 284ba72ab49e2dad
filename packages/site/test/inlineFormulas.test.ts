import MarkdownIt, { type Token } from "markdown-it";
import { expect, test } from "vitest";
import { inlineFormula, texOf } from "../build/formula.ts";
import { formulasIn, markFormulas, splitAtVariables } from "../build/inlineFormulas.ts";
import { opPages } from "../build/opPages.ts";
import { groups } from "../build/pages.ts";

const found = (text: string) => formulasIn(text).flatMap(({ type, content }) => (type === "formula" ? [content] : []));
const nfd = (text: string) => text.normalize("NFD");

test.each([
  ["softmax, x̄ = s ⊙ (g − ⟨g, s⟩), and shows", ["x̄ = s ⊙ (g − ⟨g, s⟩)"]],
  ["The sum D = Σₖ exp(xₖ) contains exp(xⱼ).", ["D = Σₖ exp(xₖ)", "exp(xⱼ)"]],
  ["is ⟨a, b⟩ =\nΣₖ aₖbₖ. The", ["⟨a, b⟩ = Σₖ aₖbₖ"]],
  ["the derivative ∂y/∂x of y = f(x)", ["∂y/∂x", "y = f(x)"]],
  ["has the eigenvalues |A x − b|² for a ⊙ b", ["|A x − b|²", "a ⊙ b"]],
  ["1 / √(1 − x²) is its slope", ["1 / √(1 − x²)"]],
])("formulas in: %s", (text, formulas) => expect(found(text)).toEqual(formulas.map(nfd)));

test.each([
  "a list of 3 × 4 numbers, 1 − 10⁻¹² of them",
  "Open the page A → B, or press + and −.",
  "x [N, features] becomes x [N, classes]",
  "the version 0.3-beta of a C++ library = the next",
  "y = x / √(v + epsilon) · scale", // the function reads no words, so it leaves all of it as text
  "‖A‖ = sup of something",
])("no formulas in: %s", (text) => expect(found(text)).toEqual([]));

test("variables of formulas are typeset elsewhere, but not units, initials and the article", () => {
  const text = "A row g of a matrix takes 3 s for a, e.g. in J. Townsend, “A note”; g's sum (s) and i.e. n-fold";
  const pieces = splitAtVariables(text, new Set("agseinJ"));
  expect(pieces.flatMap(({ type, content }) => (type === "formula" ? [content] : []))).toEqual(["g", "a", "g", "s"]);
  expect(pieces.map(({ content }) => content).join("")).toBe(text);
});

test("each page keeps its text, and each of its formulas can be typeset and has no English words", async () => {
  const pages = [...(await groups()).flatMap(({ sources }) => sources), ...(await opPages())];
  const plain = (tokens: readonly Token[]) =>
    nfd(
      tokens
        .map(({ children }) => children?.map((t) => (t.type === "softbreak" ? " " : t.content)).join(""))
        .join("\n"),
    );
  let count = 0;
  for (const { path, text } of pages) {
    const parse = () => new MarkdownIt({ html: true }).parse(text, {});
    const tokens = parse();
    markFormulas(tokens, []);
    expect(plain(tokens).replaceAll("\n", " "), path).toBe(plain(parse()).replaceAll("\n", " "));
    for (const { type, content } of tokens.flatMap(({ children }) => children ?? [])) {
      if (type !== "formula") continue;
      count++;
      expect(inlineFormula(content), `${path}: ${content}`).toContain("<math");
      const words = content.match(/[A-Za-z]{2,}/g)?.filter((word) => !/^d[a-z]$/.test(word)) ?? [];
      for (const word of words) expect(texOf(word), `${path}: ${content}`).toMatch(/operatorname/);
    }
  }
  expect(count).toBeGreaterThan(1000);
});
