import { readFileSync } from "node:fs";
import { decode } from "fast-png";
import { describe, expect, inject, test as plain } from "vitest";
import { forgiven, test, violations, visit } from "../../explorer/test/support.ts";
import { wordsOfPath } from "../src/search.ts";

const dist = new URL("../dist/docs/", import.meta.url);
const read = (url: string): string => readFileSync(new URL(url, dist), "utf8");

plain.each([
  ["/docs/ops/crossEntropy.html", "cross entropy"],
  ["/a/docs/how-it-works", "how it works"],
  ["/docs/learning_rate/", "learning rate"],
  ["/docs/%E0%A4%A.html", "e0 a4 a"],
  ["/", ""],
])("the words of the address %s are “%s”", (path, words) => expect(wordsOfPath(path)).toBe(words));

describe("an address without a page", () => {
  test.each([
    ["docs/ops/sofmax.html", "docs/ops/softmax.html"],
    ["docs/a/b/how_it_works.html", "docs/how-it-works.html"],
  ])("%s leads to %s", async (address, target) => {
    const page = await visit(address);
    await page.getByRole("heading", { level: 1, name: "Page not found" }).waitFor();
    const first = page.locator("[data-suggestions] a").first();
    expect(await first.evaluate((link: HTMLAnchorElement) => link.href)).toBe(`${inject("site")}${target}`);
    if (address.includes("/b/")) expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Search the documentation" }).click();
    await page.getByRole("searchbox").waitFor();
    await page.keyboard.press("Escape");
    await first.click();
    await page.waitForURL(`**/${target}`);
    expect(forgiven()).toEqual([expect.stringContaining("404")]); // the status of the missing page
  });
});

describe("a shared link", () => {
  plain("has a preview image of 1200 × 630 pixels that is not empty", () => {
    const { width, height, data } = decode(readFileSync(new URL("preview.png", dist)));
    expect([width, height]).toEqual([1200, 630]);
    const dark = [...data].filter((value, i) => i % 4 === 0 && value < 60).length;
    expect(dark).toBeGreaterThan(5000); // the text is drawn, so the fonts were read
  });

  plain.each([
    ["softmax.html", "Softmax · Wengert", "preview.png"],
    ["ops/exp.html", "exp · Wengert", "../preview.png"],
  ])("to %s has a title, a description and an image", (url, title, image) => {
    const html = read(url);
    const content = (name: string) => new RegExp(`<meta property="og:${name}" content="([^"]*)">`).exec(html)?.[1];
    expect(content("title")).toBe(title);
    expect(content("description")).toMatch(/\w+ \w+/);
    expect(content("image")).toBe(image);
    expect(content("image:alt")).toMatch(/\w/);
  });

  test("to a heading is copied", async () => {
    const page = await visit("docs/glossary.html", { permissions: ["clipboard-read", "clipboard-write"] });
    await page.getByRole("link", { name: "Copy link to Cotangent" }).click();
    await page.getByRole("status").getByText("Link copied").waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toBe(`${inject("site")}docs/glossary.html#cotangent`);
    expect(page.url()).toBe(copied);
  });
});
