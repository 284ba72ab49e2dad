import { readFileSync } from "node:fs";
import MiniSearch from "minisearch";
import { describe, expect, test as plain } from "vitest";
import { test, visit } from "../../explorer/test/support.ts";
import { terms, termsOf } from "../build/glossary.ts";
import { render } from "../build/markdown.ts";
import { find, searchOptions } from "../src/search.ts";

const glossary = `# Glossary

## Words

### VJP

A VJP maps cotangents. It uses no Jacobian. [A page](page.md) has one.

*Also:* vector–Jacobian product

### VJP rule

A rule belongs to an op. It calls ops. [A page](page.md) has one.

### Step

A step is a line. It has an output. [A page](page.md) has one.
`;
const pages = new Map([
  ["docs/glossary.md", "glossary.html"],
  ["docs/page.md", "page.html"],
]);
const rendered = (text: string) =>
  render({ path: "docs/page.md", url: "page.html", text, title: "Page" }, pages, termsOf(glossary)).html;
const links = (text: string) => [...rendered(text).matchAll(/class="term" href="([^"]*)"[^>]*>([^<]*)/g)];

describe("a term of the glossary", () => {
  plain("is linked where a page uses it first, with its definition", () => {
    expect(links("Two VJPs.\n\n| a |\n| --- |\n| a VJP rule |\n\nA vector–Jacobian product.")).toMatchObject([
      { 1: "glossary.html#vjp", 2: "VJPs" },
      { 1: "glossary.html#vjp-rule", 2: "VJP rule" },
    ]);
    expect(rendered("A vjp.")).toContain(
      'id="term-vjp" role="tooltip" popover="manual">A VJP maps cotangents. It uses no',
    );
  });

  plain.each(["# VJP", "`VJP`", "[the VJP](page.md)", "VJP-like", "a training step", "customVjp", "x.vjp"])(
    "is not linked in %s",
    (text) => expect(links(text)).toEqual([]),
  );

  plain("has exactly two sentences and a link", () => {
    expect(() => termsOf("### VJP\n\nA map. [A page](page.md) has one.\n")).toThrow("VJP");
    const all = terms();
    expect(all.length).toBeGreaterThan(40);
    for (const word of "cotangent pullback VJP JVP tangent sweep tape step program op primal leaf tree".split(" "))
      expect(all.map(({ name }) => name.toLowerCase())).toContain(word.toLowerCase());
  });
});

describe("the search finds", () => {
  const json = readFileSync(new URL("../dist/docs/search.json", import.meta.url), "utf8");
  const index = MiniSearch.loadJSON(json, searchOptions);
  plain.each(terms().map(({ name, id }) => [name.toLowerCase(), id]))("what a %s is", (name, id) => {
    for (const query of [`what is a ${name}`, `What are ${name}s?`])
      expect(find(index, query)[0]?.url, query).toBe(`glossary.html#${id}`);
  });

  plain("the learning rate, and answers to “how do I …”", () => {
    const first = (query: string) => find(index, query)[0]?.url;
    expect(first("learning rate")).toBe("glossary.html#learning-rate");
    expect(first("how do I")).toMatch(/^faq\.html#how-do-i/);
    for (const what of ["parameters", "a model", "my model"])
      expect(first(`how do I save ${what}`)).toBe("faq.html#how-do-i-save-a-model-or-its-parameters");
    expect(first("How do I freeze parameters?")).toBe("faq.html#how-do-i-freeze-some-of-the-parameters");
  });
});

test("a reader sees the definition of a term by keyboard and by pointer, and hides it", async () => {
  const page = await visit("docs/softmax.html");
  const link = page.locator("a.term").first();
  const definition = page.locator(".definition").first();
  expect(await link.getAttribute("aria-describedby")).toBe(await definition.getAttribute("id"));
  expect(await definition.isVisible()).toBe(false);
  await page.locator("main").focus();
  await page.keyboard.press("Tab");
  while ((await page.evaluate(() => document.activeElement?.className)) !== "term") await page.keyboard.press("Tab");
  const shown = page.locator(".definition:popover-open");
  expect(await shown.count()).toBe(1);
  await page.keyboard.press("Escape");
  expect(await shown.count()).toBe(0);
  await link.hover();
  expect(await definition.isVisible()).toBe(true);
  await definition.hover();
  await page.mouse.move(5, 5);
  await definition.waitFor({ state: "hidden" });
});
