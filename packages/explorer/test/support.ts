import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, inject, test as plain } from "vitest";

/** Where the explorer is served. */
export const site = inject("site");
const endpoint = inject("browser");
let browser: Browser;
const sessions: { readonly page: Page; readonly complaints: string[] }[] = [];

beforeAll(async () => {
  if (endpoint) browser = await chromium.connect(endpoint);
});
afterAll(async () => {
  await browser?.close();
});

/** A test in a browser; skipped where there is none. */
export const test: typeof plain = plain.skipIf(!endpoint) as typeof plain;

/**
 * A page at `hash`, which `prepare` is given before it goes there. What its console says at level error, and what is thrown on it,
 * fails the test that opened it.
 */
export async function visit(
  hash = "",
  options: BrowserContextOptions = {},
  prepare: (page: Page) => void = () => {},
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: "reduce",
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  sessions.push({ page, complaints });
  page.on("console", (message) => {
    const [type, { url }] = [message.type(), message.location()];
    if ((type === "error" || type === "warning") && !isIcon(url)) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("requestfailed", (request) => {
    const why = request.failure()?.errorText;
    if (why !== "net::ERR_ABORTED" && !isIcon(request.url())) complaints.push(`${request.url()}: ${why}`); // else the page went on before it came
  });
  prepare(page);
  await page.goto(site + hash);
  return page;
}

/** The browser fetches the icon when it likes, after the network is gone too. */
const isIcon = (url: string): boolean => url.endsWith("/icon.svg");

/** The complaints so far of the page opened last, which then count no longer: for tests that provoke them. */
export function forgiven(): string[] {
  return sessions.at(-1)!.complaints.splice(0);
}

afterEach(async () => {
  const all = sessions.splice(0);
  await Promise.all(all.map(({ page }) => page.context().close()));
  expect(all.flatMap(({ complaints }) => complaints)).toEqual([]);
});

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** What axe-core finds wrong, a line a finding. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(axe, "utf8"));
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } };
    const found = await axe.run();
    return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
  });
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}
