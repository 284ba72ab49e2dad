import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tensor } from "@wengert/core";
import { report } from "@wengert/report";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../../ops/test/bundle.ts";

// Creates a report inside a browser page, and opens a finished report in a browser.

const [shell, whole] = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"];
const executablePath = process.env.CHROMIUM ?? (existsSync(shell) ? shell : whole);

const given = `[
  { train: [1, 2, 3].map((epoch) => ({ step: epoch * 5, epoch, loss: 1 / epoch, metrics: { accuracy: 1 - 0.5 / epoch } })), validation: [] },
  {
    title: "Pets & <others>",
    labels: tensor([0, 1, 2, 1], { dtype: "int32" }),
    scores: tensor([[2, 1, 0], [0, 1, 3], [0, 1, 2], [1, 0, -1]]),
    classes: ["cat", "dog", "<img src=x onerror=alert(1)>"],
    rows: ["Tom", "Rex", "</style><script>alert(2)</script>", "Waldi"],
    images: tensor([[[0, 1]], [[1, 0]], [[0.5, 0.5]], [[1, 1]]]),
    weights: tensor([[[1, -1]], [[0, 2]], [[-2, 0]]]),
    tape: "<script>alert(3)</script>\\n".repeat(60),
  },
]`;
const here = new Function("tensor", `return ${given}`)(tensor) as Parameters<typeof report>;

describe.skipIf(!existsSync(executablePath) && !process.env.CI)("in a browser", () => {
  let browser: Browser;
  const complaints: string[] = [];
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  });
  afterAll(() => browser?.close());

  /** Opens a browser page at a URL that serves only `files`. */
  async function visit(files: Record<string, { body: string; type: string; policy?: string }>): Promise<Page> {
    complaints.length = 0;
    const page = await browser.newPage({ deviceScaleFactor: 2 }); // at a pixel ratio of 1, Plot shifts lines by half a pixel, unlike in Node
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("dialog", (dialog) => void complaints.push(`dialog ${dialog.message()}`));
    await page.route("**/*", async (route) => {
      const name = new URL(route.request().url()).pathname.slice(1);
      const file = files[name];
      if (!file && name === "favicon.ico") return route.fulfill({ status: 204 });
      if (!file) complaints.push(`asked for ${name}`);
      const headers = file?.policy ? { "content-security-policy": file.policy } : {};
      return route.fulfill({
        status: file ? 200 : 404,
        body: file?.body ?? "",
        contentType: file?.type ?? "text/plain",
        headers,
      });
    });
    await page.goto("http://a.test/index.html");
    return page;
  }

  test("a report made under a strict Content-Security-Policy equals that of Node, without linkedom", async () => {
    const program = `
      import { tensor } from "@wengert/core";
      import { report } from "../../report/src/index.ts"; // the path is relative to bundle.ts
      globalThis.made = report(...${given});`;
    const { code, modules } = await bundle(program, "es");
    expect(Object.keys(modules).filter((id) => id.includes("linkedom"))).toEqual([]);
    const page = await visit({
      "index.html": {
        body: '<script type="module" src="program.js"></script>',
        type: "text/html",
        policy: "script-src 'self'",
      },
      "program.js": { body: code, type: "text/javascript" },
    });
    await page.waitForFunction(() => "made" in globalThis); // the page's policy forbids `eval`, so a string would not run
    const made = (await page.evaluate("globalThis.made")) as string;
    expect(complaints).toEqual([]);
    expect(await normal(page, made)).toEqual(await normal(page, await report(...here)));
    await page.close();
  });

  test.each([
    [320, "light"],
    [768, "dark"],
    [1280, "light"],
  ] as const)(
    "a page of %d pixels, %s, fits the report, runs no scripts and loads no files",
    async (width, colorScheme) => {
      const page = await visit({ "index.html": { body: await report(...here), type: "text/html" } });
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      const seen = (await page.evaluate(`({
      wide: document.documentElement.scrollWidth,
      background: getComputedStyle(document.body).backgroundColor,
      images: [...document.images].every((image) => image.complete && image.naturalWidth > 0),
      names: [...document.querySelectorAll(".mistake b:first-child")].map((b) => b.textContent),
      scripts: document.scripts.length,
    })`)) as Record<string, unknown>;
      expect(seen).toEqual({
        wide: width,
        background: colorScheme === "light" ? "rgb(252, 251, 248)" : "rgb(22, 24, 27)",
        images: true,
        names: expect.arrayContaining(["Rex"]),
        scripts: 0,
      });
      expect(complaints).toEqual([]);
      expect(await violations(page)).toEqual([]);
      await page.emulateMedia({ media: "print", colorScheme: "dark" });
      expect(await page.evaluate(`getComputedStyle(document.documentElement).getPropertyValue("--ink")`)).toBe(
        "#1f1e1b",
      );
      await page.close();
    },
  );
});

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Returns the accessibility violations that axe-core finds. The browser may run axe-core although the page forbids scripts. */
async function violations(page: Page): Promise<unknown> {
  await page.evaluate(readFileSync(axe, "utf8"));
  return page.evaluate(`axe.run().then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ": " + html.slice(0, 200))))`);
}

/**
 * Lists all elements of a page with their attributes and texts, in a normal form. Browsers and linkedom serialize the
 * same page differently.
 */
const normal = (page: Page, text: string): Promise<unknown> =>
  page.evaluate(`[...new DOMParser().parseFromString(${JSON.stringify(text)}, "text/html").querySelectorAll("*")].map((x) => [
    x.tagName,
    ...[...x.attributes].map(({ name, value }) => name + "=" + (name === "style" ? x.style.cssText : value)).sort(),
    ...[...x.childNodes].filter(({ nodeType }) => nodeType === 3).map(({ data }) => data),
  ].join(" ").replace(/\\d+\\.\\d{9,}/g, (x) => Number(x).toFixed(9)))`); // without WebAssembly, the last digits of softmax differ
