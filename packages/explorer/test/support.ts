import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { expect, inject, test as plain } from "vitest";

/** The URL at which the tests serve the explorer. */
export const site = inject("site");
const endpoint = inject("browser");

export { isSoak, sampled } from "../../ops/test/soak.ts";

let browser: Promise<Browser> | undefined;
const sessions: { readonly page: Page; readonly complaints: string[] }[] = [];

/** Declares a test that needs a browser. The test is skipped if no browser is installed. */
export const test: typeof plain = plain.skipIf(!endpoint) as typeof plain;

/**
 * Opens the explorer at the URL fragment `hash`, after calling `prepare`. An error on the page's console, or an
 * uncaught exception, fails the test.
 */
export async function visit(
  hash = "",
  options: BrowserContextOptions = {},
  prepare: (page: Page) => void = () => {},
): Promise<Page> {
  browser ??= chromium.connect(endpoint);
  const context = await (await browser).newContext({
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
    if (why !== "net::ERR_ABORTED" && !isIcon(request.url())) complaints.push(`${request.url()}: ${why}`); // a request is aborted if the page navigates first
  });
  prepare(page);
  await page.goto(site + hash);
  return page;
}

/** Returns whether a request is for the page's icon, which the browser may request at any time, even offline. */
const isIcon = (url: string): boolean => url.endsWith("/icon.svg");

/** Returns and clears the errors of the last opened page. Tests that cause errors on purpose call this function. */
export function forgiven(): string[] {
  return sessions.at(-1)!.complaints.splice(0);
}

/** Closes the pages that a test has opened. Throws if a page had an error. */
export async function closePages(): Promise<void> {
  const all = sessions.splice(0);
  await Promise.all(all.map(({ page }) => page.context().close()));
  expect(all.flatMap(({ complaints }) => complaints)).toEqual([]);
}

/** Disconnects from the browser. */
export async function disconnect(): Promise<void> {
  const connected = browser;
  browser = undefined;
  await (await connected)?.close();
}

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Returns the accessibility violations that axe-core finds, each on its own line. */
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
