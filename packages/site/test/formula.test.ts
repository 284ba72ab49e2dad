import { readdirSync, readFileSync } from "node:fs";
import MarkdownIt from "markdown-it";
import { expect, test } from "vitest";
import { formulaOf, texOf } from "../build/formula.ts";

const docs = new URL("../../../docs/", import.meta.url);
const formulas = readdirSync(docs, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .flatMap((name) =>
    new MarkdownIt({ html: true })
      .parse(readFileSync(new URL(name, docs), "utf8"), {})
      .filter(({ type }) => type === "code_block")
      .flatMap(({ content }) => content.split("\n").filter((line) => line.trim() !== "")),
  );

/** Returns the letters, digits and operators of a formula in order, without brackets, slashes and accents. */
const symbolsOf = (text: string): string =>
  text
    .normalize("NFKD")
    .replaceAll("−", "-")
    .replaceAll("∑", "Σ")
    .replaceAll(/[^\p{Lu}\p{Ll}\p{N}∂∇Σ=≈⇒→←↦⊙·∘≠+-]/gu, "");

const textOf = (mathml: string): string =>
  mathml
    .replaceAll(/<annotation.*?<\/annotation>/gs, "")
    .replaceAll(/<[^>]+>/g, "")
    .replaceAll("&lt;", "<");

test("each formula of the docs keeps all symbols, in order", () => {
  expect(formulas.length).toBeGreaterThan(40);
  for (const line of formulas) {
    const typeset = symbolsOf(textOf(formulaOf(line)).replaceAll("⋅", "·"));
    expect(typeset, line).toBe(symbolsOf(line));
  }
});

test.each([
  ["x̄ⱼ = sⱼ²", "\\bar{x}_{j} = s_{j}^{2}"],
  ["∂yᵢ/∂xⱼ dx", "\\frac{\\partial  y_{i}}{\\partial  x_{j}} \\mathrm{d}x"],
  ["a b / (c + d) e", "\\frac{a b}{c + d} e"],
  ["a − b / c", "a - \\frac{b}{c}"],
  ["Σᵢ a b / c", "\\sum_{i} \\frac{a b}{c}"],
  ["a / Σᵢ b c", "\\frac{a}{\\sum_{i} b c}"],
  ["(a / b) (c + d) / e", "\\left(\\frac{a}{b}\\right) \\frac{c + d}{e}"],
  ["(a + b)⁻¹ c", "{(a + b)}^{-1} c"],
])("%s becomes %s", (line, tex) => expect(texOf(line)).toBe(tex));

test.each([
  ["x ☃ y", "unknown character ☃"],
  ["(x", "open bracket"],
])("%s throws: %s", (line, message) => expect(() => texOf(line)).toThrow(message));
