import { existsSync, readdirSync, readFileSync } from "node:fs";
import { tensor, vjp } from "@wengert/core";
import { softmax } from "@wengert/ops";
import MiniSearch from "minisearch";
import { describe, expect, inject, test as plain } from "vitest";
import { aligned } from "../../explorer/src/parts/numbers.ts";
import { isSoak, sampled, test, violations, visit } from "../../explorer/test/support.ts";
import { groups } from "../build/pages.ts";
import { find, searchOptions } from "../src/search.ts";

const root = new URL("../../../", import.meta.url);
const dist = new URL("../dist/", import.meta.url);
const urls = (await groups()).flatMap(({ sources }) => sources.map(({ url }) => url));

describe("the built site", () => {
  plain("has no dead links", () => expect(inject("failure")).toBe(""));

  plain("has a page for every file of docs, in the order of docs/README.md", () => {
    const files = readdirSync(new URL("docs/", root), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .map((name) => name.replace(/README\.md$/, "index.html").replace(/\.md$/, ".html"));
    expect(urls).toEqual(expect.arrayContaining(files));
    expect(urls.slice(0, 3)).toEqual(["index.html", "how-it-works.html", "softmax.html"]);
    for (const url of urls) expect(existsSync(new URL(`docs/${url}`, dist)), url).toBe(true);
  });

  plain("has a page for each entry of the packages, with links to the sources", () => {
    const reports = readdirSync(new URL("api/", root)).map((name) => `api/${name.replace(/md$/, "html")}`);
    expect(urls.filter((url) => url.startsWith("api/")).sort()).toEqual(reports.sort());
    const page = readFileSync(new URL("docs/api/core.html", dist), "utf8");
    expect(page).toMatch(/href="\.\.\/files\/packages\/core\/src\/autodiff\/grad\.ts\.html#L\d+"/);
  });

  plain("is in a folder of the explorer and links to it with relative addresses only", () => {
    expect(existsSync(new URL("index.html", dist))).toBe(true);
    for (const url of urls) {
      const html = readFileSync(new URL(`docs/${url}`, dist), "utf8");
      expect(html, url).not.toMatch(/\s(href|src)="\//);
    }
  });

  plain("finds the page, the op and the API section of softmax", () => {
    const index = MiniSearch.loadJSON(readFileSync(new URL("docs/search.json", dist), "utf8"), searchOptions);
    const found = (query: string) => find(index, query).map(({ url }) => url);
    expect(found("softmax")).toEqual(
      expect.arrayContaining(["ops/softmax.html", "softmax.html", "ops.html#softmax", "api/ops.html#softmax"]),
    );
    expect(found("sofmax").length).toBeGreaterThan(0); // a misspelled search term still finds pages
    expect(found("quotient rule")[0]).toMatch(/^softmax\.html/);
    expect(found("hessian")).toContain("api/core.html#hessian");
    expect(found("xyzzy")).toEqual([]);
  });
});

const pages = [...urls, "ops/tan.html", "ops/crossEntropy.html"];

test("each page fits 1280 and 360 px", async () => {
  const page = await visit(`docs/${pages[0]}`);
  for (const url of sampled(pages, 8)) {
    await page.goto(`${inject("site")}docs/${url}`);
    if (url === "softmax.html") await page.locator(".live-softmax").waitFor();
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 740 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth), url).toBe(width);
    }
  }
});

// All pages consist of the same kinds of elements. So `npm test` checks only pages that together have every kind, and
// `npm run soak` checks all pages.
const rich = [
  "index.html",
  "softmax.html",
  "how-it-works.html",
  "build-your-own/01-numbers.html",
  "ops/tan.html",
  "api/nn.html",
];
const views = (isSoak ? pages : rich).flatMap((url) =>
  (["light", "dark"] as const).map((scheme) => [url, scheme] as const),
);

test.each(sampled(views, 3))("%s, %s, has no axe violations", async (url, colorScheme) => {
  const page = await visit(`docs/${url}`, { colorScheme });
  if (url === "softmax.html") await page.locator(".live-softmax").waitFor();
  if (colorScheme === "dark") await page.setViewportSize({ width: 360, height: 740 });
  expect(await violations(page)).toEqual([]);
});

describe("a reader", () => {
  test("searches by keys and opens a result at its heading", async () => {
    const page = await visit("docs/api/ops.html"); // this page is in a subfolder
    await page.keyboard.press("/");
    await page.getByRole("searchbox").fill("why g may be centered");
    await page.locator("dialog li").first().waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/docs\/softmax\.html#6-why-g-may-be-centered/);
    const heading = page.locator("[id='6-why-g-may-be-centered-and-what-it-saves']");
    const top = await heading.evaluate((element) => element.getBoundingClientRect().top);
    expect(top).toBeGreaterThan(40); // the heading is not hidden by the header
  });

  test("goes to the rooms of the explorer and back", async () => {
    const page = await visit("docs/api/core.html");
    await page.getByRole("link", { name: "Fit", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "Fit" }).waitFor();
    await page.getByRole("link", { name: "Docs" }).click();
    await page.getByRole("heading", { level: 1, name: "Wengert: the documentation" }).waitFor();
  });

  test("sees the current heading in the outline, even in a long one", async () => {
    const page = await visit("docs/api/core.html#wengerterror");
    const marked = page.locator(".outline [aria-current]");
    await page.waitForFunction(() => document.querySelector(".outline [aria-current]")?.textContent === "WengertError");
    const { y } = (await marked.boundingBox())!;
    expect(y).toBeGreaterThan(0);
    expect(y).toBeLessThan(800);
  });

  test("opens the contents on a phone", async () => {
    const page = await visit("docs/softmax.html", { viewport: { width: 360, height: 740 } });
    const link = page.getByRole("navigation", { name: "Contents" }).getByRole("link", { name: "Numerics" });
    expect(await link.isVisible()).toBe(false);
    await page.getByRole("button", { name: "Contents" }).click();
    await link.click();
    await page.getByRole("heading", { level: 1, name: "Numerics" }).waitFor();
  });

  test("keeps the chosen color scheme, in the explorer too", async () => {
    const page = await visit("docs/index.html", { colorScheme: "light" });
    await page.getByRole("button", { name: "Switch to dark colors" }).click();
    await page.goto(inject("site"));
    await page.getByRole("button", { name: "Switch to light colors" }).waitFor();
  });

  test("can read the site without JavaScript", async () => {
    const page = await visit("docs/softmax.html", { javaScriptEnabled: false, viewport: { width: 360, height: 740 } });
    expect(await page.getByRole("link", { name: "Numerics", exact: true }).first().isVisible()).toBe(true);
    expect(await page.locator("article").textContent()).toContain("Softmax turns K numbers");
    expect(await page.locator("math").first().isVisible()).toBe(true); // formulas need no script
  });
});

test("softmax.html computes from its sliders", async () => {
  const page = await visit("docs/softmax.html");
  const live = page.getByRole("region", { name: "Softmax, computed in this page" });
  const shown = () => live.locator("[data-cotangent] output").allTextContents();
  const expected = (x: number[], g: number[]) =>
    aligned(vjp(softmax, tensor(x)).pullback(tensor(g))[0].toNested<number[]>());
  await live.waitFor();
  expect(await shown()).toEqual(expected([2, 1, 0], [3, -1, 0.5]));
  await live.getByRole("slider", { name: "x₀" }).fill("6");
  await live.getByRole("slider", { name: "g₁" }).fill("3");
  expect(await shown()).toEqual(expected([6, 1, 0], [3, 3, 0.5]));
});
