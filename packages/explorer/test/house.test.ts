import { readdirSync, readFileSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { decode } from "fast-png";
import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import { rooms } from "../src/house/rooms.ts";
import { packed } from "../src/page/packed.ts";
import { forgiven, sampled, site, test, violations, visit } from "./support.ts";

test.each(rooms)(
  "$name opens by its address, fits 360 px, and has no axe violations in light and dark",
  async ({ name }) => {
    const page = await visit(`#/${name}`, { colorScheme: "light" });
    await page.locator("main h1").waitFor();
    await page.waitForLoadState("networkidle");
    expect(await violations(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  },
);

test("a page looks the same after the styles of all pages have loaded", { tags: "soak" }, async () => {
  const answered = JSON.stringify({ twice: "answered", training: "answered" });
  const addresses = ["#/tour/twice", "#/tour/training", ...rooms.map(({ name }) => `#/${name}`)];
  const looks = async (page: Page) => {
    await page.locator("main h1").first().waitFor();
    await page.waitForLoadState("networkidle");
    await page.evaluate(() => document.fonts.ready);
    return page.evaluate(() => {
      const names = ["display", "position", "color", "padding", "margin", "gap", "pointer-events", "font-size"];
      const styleOf = (element: Element) => {
        const style = getComputedStyle(element);
        return names.map((name) => `${name}: ${style.getPropertyValue(name)}`).join("; ");
      };
      return [...document.querySelectorAll("main :not(svg *, .katex *)")].map(
        (element) => `${element.tagName} ${element.className}: ${styleOf(element)}`,
      );
    });
  };
  const remembered = (page: Page) =>
    void page.addInitScript((text) => {
      if (self === top) localStorage.setItem("wengert-tour", text);
    }, answered);
  const go = (page: Page, address: string) =>
    page.evaluate((hash) => {
      location.hash = hash;
    }, address);
  const all = await visit(addresses[0], {}, remembered);
  for (const address of addresses) {
    await go(all, address);
    await all.waitForFunction((hash) => location.hash.startsWith(hash), address);
    await looks(all);
  }
  for (const address of addresses) {
    const alone = await visit(address, {}, remembered);
    const expected = await looks(alone);
    await go(all, address);
    await expect.poll(() => looks(all), { timeout: 15_000 }).toEqual(expected);
  }
});

test("the back button goes between rooms", async () => {
  const page = await visit("#/tape");
  for (const title of ["Softmax", "Fit"]) {
    await page.getByRole("link", { name: title }).click();
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
  }
  await page.goBack();
  await page.getByRole("heading", { level: 1, name: "Softmax" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { level: 1, name: "Tape" }).waitFor();
});

test("keys open the rooms, and a list shows the keys", async () => {
  const page = await visit();
  await page.locator("main h1").waitFor();
  await page.keyboard.press("2");
  await page.getByRole("heading", { level: 1, name: "Softmax" }).waitFor();
  await page.keyboard.press("?");
  const list = page.getByRole("dialog", { name: "Keys" });
  expect(await list.textContent()).toContain("go to Fit");
  await page.keyboard.press("Escape");
  expect(await list.isVisible()).toBe(false);
});

test("the color scheme is remembered", async () => {
  const page = await visit("", { colorScheme: "light" });
  const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await paper();
  await page.getByRole("button", { name: "Switch to dark colors" }).click();
  const dark = await paper();
  expect(dark).not.toBe(light);
  await page.reload();
  await page.getByRole("button", { name: "Switch to light colors" }).waitFor();
  expect(await paper()).toBe(dark);
});

test("each room works offline once it is loaded", { tags: "soak" }, async () => {
  const acts: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
    tape: async (page) => {
      await page.locator("body").press("ArrowRight");
      await page.waitForFunction(() => location.hash.includes("at=1"));
      await page.locator(".stage .katex").first().waitFor({ state: "attached" });
    },
    softmax: async (page) => {
      await page.getByRole("slider").first().press("ArrowRight");
      await page.waitForFunction(() => location.hash.includes("x="));
    },
    fit: async (page) => {
      await page.getByRole("button", { name: "Step", exact: true }).click();
      await page.locator(".transport dd").first().getByText("1", { exact: true }).waitFor();
      await page.locator("[data-compiled=false]").waitFor();
      expect(forgiven().join(), "the compiler could not be loaded").toMatch(/ERR_INTERNET_DISCONNECTED/);
    },
  };
  for (const { name } of rooms) {
    const page = await visit(`#/${name}`);
    await page.locator("main h1").waitFor();
    if (name !== "fit")
      await page.waitForFunction(() =>
        performance.getEntriesByType("resource").some(({ name: url }) => url.includes("KaTeX_Main")),
      ); // on a busy machine, the fonts of formulas load after a pause
    await page.waitForLoadState("networkidle");
    await page.context().setOffline(true);
    await acts[name]!(page);
  }
});

describe("first load", () => {
  const assets = new URL("../dist/assets/", import.meta.url);
  const sizes = new Map(
    readdirSync(assets).map((name) => [name, gzipSync(readFileSync(new URL(name, assets))).byteLength]),
  );
  /**
   * Returns whether a file of the page is a data set. Data sets, which the user chooses to load, do not count toward
   * the size limit.
   */
  const isData = (name: string): boolean => name.startsWith("digits-");

  /** Returns the files that a browser with an empty cache requests when it opens a URL. */
  async function loaded(hash: string): Promise<readonly string[]> {
    const names = new Set<string>();
    const outside: string[] = [];
    let last = Date.now();
    const page = await visit(hash, {}, (fresh) =>
      fresh.on("request", (request) => {
        last = Date.now();
        if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(site)) outside.push(request.url());
        names.add(request.url().split("/").at(-1)!.split(/[?#]/)[0]!);
      }),
    );
    await page.locator("main h1").waitFor();
    while (Date.now() - last < 750) await page.waitForTimeout(50); // not "networkidle", which may wait for a removed iframe
    await page.context().close();
    expect(outside, hash).toEqual([]);
    return [...names].filter((name) => sizes.has(name));
  }

  test("is at most 400 kB for every room, part, example and kind of data", async () => {
    const listed = await places(await visit());
    const all = [
      ...listed,
      "#/tape?example=attention&at=25&look=3",
      "#/tape?example=cross-entropy&mode=tangents&at=9",
      "#/softmax?part=two&x=0+1",
      "#/tape?example=attention&order=2&view=compiled",
      `#/tape?code=${packed('import { record } from "@wengert/core";')}`,
      "#/start",
      ...["bias", "matmul", "softmax-scale", "training"].map((name) => `#/tour/${name}`),
    ];
    expect(listed.length).toBeGreaterThan(29);
    const heavy: Record<string, number> = {};
    const weigh = async (hash: string) => {
      const names = await loaded(hash);
      const total = names.filter((name) => !isData(name)).reduce((sum, name) => sum + sizes.get(name)!, 0);
      expect(total, hash).toBeGreaterThan(100_000);
      if (total > 400_000) heavy[`${hash} ${names.join(" ")}`] = total;
    };
    const tried = sampled(all, 6);
    for (let i = 0; i < tried.length; i += 5) await Promise.all(tried.slice(i, i + 5).map(weigh));
    expect(heavy).toEqual({});
  }, 300_000); // `npm run soak` makes about 45 visits

  test("has a title, a description and an image for social networks", async () => {
    const dist = new URL("../dist/", import.meta.url);
    const html = readFileSync(new URL("index.html", dist), "utf8");
    const content = (name: string) => new RegExp(`<meta property="og:${name}" content="([^"]*)">`).exec(html)?.[1];
    expect(content("title")).toBe("Wengert explorer");
    expect(content("description")).toMatch(/\w+ \w+/);
    const image = decode(readFileSync(new URL(content("image")!, dist)));
    expect([image.width, image.height]).toEqual([Number(content("image:width")), Number(content("image:height"))]);
  });

  test("of the digits adds less than 1 MB of data", () => {
    const digits = [...sizes.keys()].filter(isData);
    expect(digits).toHaveLength(1);
    expect(statSync(new URL(digits[0]!, assets)).size).toBeLessThan(1e6);
  });
});

/** Returns all URLs that the page links to or offers in its menus. */
async function places(page: Page): Promise<readonly string[]> {
  const all: string[] = [];
  const links = (within: string) =>
    page.locator(`${within} a[href^="#"]`).evaluateAll((found) => found.map((each) => each.getAttribute("href")!));
  await page.goto(`${site}#/softmax`);
  await page.locator(".parts").waitFor();
  all.push(...(await links("nav[aria-label=Rooms]")), ...(await links(".parts")));
  await page.goto(`${site}#/tape`);
  const examples = page.getByRole("combobox", { name: "Example" });
  await examples.waitFor();
  const names = await examples.locator("optgroup:not([label=Tour]) option").evaluateAll((found) => found.map((each) => (each as HTMLOptionElement).value)); // biome-ignore format: a line
  all.push(...names.map((name) => `#/tape?example=${name}`));
  await page.goto(`${site}#/fit`);
  const kinds = page.getByRole("group", { name: "Data" }).getByRole("button");
  await kinds.first().waitFor();
  for (const kind of await kinds.all()) {
    await kind.click();
    all.push(await page.evaluate(() => location.hash));
  }
  return [...new Set(all)];
}
