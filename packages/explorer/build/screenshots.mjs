/**
 * Takes screenshots of the rooms of the explorer in a real browser.
 *
 *   npm run screenshots              writes docs/pictures/ROOM-{light,dark}.webp, which the README shows
 *   npm run screenshots -- --look    writes PNG files to out/screenshots, at desktop and phone width, for review
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { build } from "vite";
import { serve } from "./serve.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const heaviest = 150_000; // the size limit in bytes, because people also read the README on phones

/**
 * The screenshots: the URL, and the actions before each screenshot.
 * @type {readonly { name: string, hash: string, height: number, only?: boolean, act?: (page: import("playwright-core").Page) => Promise<void> }[]}
 */
const pictures = [
  { name: "tape", hash: "#/tape?example=cross-entropy&at=11", height: 856 },
  { name: "softmax", hash: "#/softmax?part=pullback&stage=3", height: 790 },
  {
    name: "fit",
    hash: "#/fit?set=spiral&hidden=8&activation=tanh&rate=1&speed=1000",
    height: 1390,
    act: async (page) => {
      await page.getByRole("button", { name: "Train", exact: true }).click();
      await page.waitForFunction(() => {
        const step = document.querySelector(".transport dd")?.textContent?.replace(/\D/g, "");
        return Number(step) >= 2000;
      });
      await page.getByRole("button", { name: "Pause" }).click();
      await page.locator(".landscape .head p", { hasText: /training rows$/ }).waitFor();
    },
  },
];

const { values } = parseArgs({ options: { look: { type: "boolean", default: false } } });
if (!existsSync(executablePath)) {
  console.error(`screenshots: found no browser at ${executablePath}; set CHROMIUM=/path/to/chromium`);
  process.exit(1);
}
await build({ root, configFile: `${root}vite.config.ts`, logLevel: "warn", build: { emptyOutDir: true } });
const { address, close } = await serve(`${root}dist`);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const folder = fileURLToPath(
  new URL(values.look ? "../../../out/screenshots" : "../../../docs/pictures", import.meta.url),
);
mkdirSync(folder, { recursive: true });

let tooHeavy = false;
for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  for (const { name, hash, height, act } of pictures) {
    for (const width of values.look ? [1280, 360] : [1280]) {
      const page = await browser.newPage({
        viewport: { width, height },
        deviceScaleFactor: 2,
        colorScheme,
        reducedMotion: "reduce",
      });
      await page.goto(address + hash);
      await page.locator("main h1").waitFor();
      await act?.(page);
      await page.waitForLoadState("networkidle");
      await page.evaluate(() => document.fonts.ready);
      await page.waitForTimeout(500); // plots and graphs are drawn shortly after their data arrive
      const file = values.look ? `${name}-${colorScheme}-${width}.png` : `${name}-${colorScheme}.webp`;
      const image = values.look ? await page.screenshot({ fullPage: width < 500 }) : await webp(page);
      writeFileSync(`${folder}/${file}`, image);
      if (!values.look && image.byteLength > heaviest) tooHeavy = true;
      console.log(`${file}: ${Math.round(image.byteLength / 1000)} kB`);
      await page.close();
    }
  }
}
await browser.close();
close();
if (tooHeavy) {
  console.error(`screenshots: a picture has more than ${heaviest / 1000} kB; lower the quality or the height`);
  process.exit(1);
}

/**
 * Takes a screenshot and converts it to WebP, a format that playwright cannot write.
 * @param {import("playwright-core").Page} page
 */
async function webp(page) {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: 82 });
  return Buffer.from(data, "base64");
}
