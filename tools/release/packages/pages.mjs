/** Opens the HTML pages of a folder in Chromium under a Content-Security-Policy. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { serve } from "../../../packages/explorer/build/serve.mjs";

const { chromium } = createRequire(new URL("../../../packages/explorer/package.json", import.meta.url))(
  "playwright-core",
);
const executablePath =
  process.env.CHROMIUM ?? ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"].find((path) => existsSync(path));
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];

/** @typedef {{ version: string, answer: (path: string) => Promise<import("./numbers.mjs").Probe>, close: () => Promise<void> }} Pages */

/** Whether there is a browser. */
export const hasBrowser = executablePath !== undefined;

/**
 * Serves a folder over HTTP and opens its pages in Chromium. Each page must set `globalThis.answer` to a promise of its
 * result.
 * @param {string} folder @param {string} [policy] the Content-Security-Policy header of each served file
 * @returns {Promise<Pages>}
 */
export async function openPages(folder, policy) {
  const headers = policy === undefined ? {} : { "Content-Security-Policy": policy };
  const { address, close } = await serve(folder, 0, "/", headers);
  const browser = await chromium.launch({ executablePath, args, headless: true });
  return {
    version: browser.version(),
    async answer(path) {
      const page = await browser.newPage();
      /** @type {string[]} */
      const complaints = [];
      page.on("pageerror", (/** @type {Error} */ error) => complaints.push(String(error)));
      page.on("requestfailed", (/** @type {{ url(): string }} */ request) =>
        complaints.push(`not loaded: ${request.url()}`),
      );
      await page.goto(address + path, { waitUntil: "load" });
      try {
        await page.waitForFunction(() => "answer" in globalThis, undefined, { timeout: 10_000 }); // a function, because a string would need eval
        return await page.evaluate("globalThis.answer");
      } catch (error) {
        throw new Error([...complaints, /** @type {Error} */ (error).message].join("\n"));
      } finally {
        await page.close();
      }
    },
    async close() {
      await browser.close();
      close();
    },
  };
}
