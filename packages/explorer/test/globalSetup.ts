import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import { build } from "vite";
import type { TestProject } from "vitest/node";
import { serve } from "../build/serve.mjs";

declare module "vitest" {
  interface ProvidedContext {
    /** The URL at which the tests serve the explorer. */
    site: string;
    /** The WebSocket endpoint of the browser; an empty text if no browser is installed. */
    browser: string;
  }
}

// The tests use the headless shell of Chromium, which draws the same pages without windows, in a third of the time.
const [shell, whole] = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"];
const executablePath = process.env.CHROMIUM ?? (existsSync(shell) ? shell : whole);
const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Builds the explorer, serves the explorer in a subfolder of the server's root, and starts one browser for all tests.
 */
export default function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const root = new URL("..", import.meta.url).pathname;
  return open(project, async () => {
    await build({ root, configFile: `${root}/vite.config.ts`, logLevel: "warn" });
    return `${root}/dist`;
  });
}

/**
 * Builds a site with the function `made`, serves the site in a subfolder of the server's root, and starts one browser
 * for all tests.
 */
export async function open(
  project: TestProject,
  made: () => Promise<string>,
): Promise<(() => Promise<void>) | undefined> {
  project.provide("site", "");
  project.provide("browser", "");
  if (!existsSync(executablePath) && !process.env.CI) {
    console.log(`${project.name}: tests skipped, no browser at ${executablePath}; set CHROMIUM=/path/to/chromium`);
    return undefined;
  }
  const { address, close } = await serve(await made(), 0, "/a/folder/");
  const server = await chromium.launchServer({ executablePath, args, headless: true });
  project.provide("site", address);
  project.provide("browser", server.wsEndpoint());
  return async () => {
    await server.close();
    close();
  };
}
