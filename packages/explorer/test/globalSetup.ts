import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import { build } from "vite";
import type { TestProject } from "vitest/node";
import { serve } from "../build/serve.mjs";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the explorer is served. */
    site: string;
    /** Where the browser listens; empty where there is none. */
    browser: string;
  }
}

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Builds the explorer, serves what was built from a folder below the root, and starts one browser for all tests. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  project.provide("site", "");
  project.provide("browser", "");
  if (!existsSync(executablePath) && !process.env.CI) {
    console.log(`explorer: tests skipped, there is no ${executablePath} (CHROMIUM=/path/to/it names another)`);
    return undefined;
  }
  const root = new URL("..", import.meta.url).pathname;
  await build({ root, configFile: `${root}/vite.config.ts`, logLevel: "warn" });
  const { address, close } = await serve(`${root}/dist`, 0, "/a/folder/");
  const server = await chromium.launchServer({ executablePath, args, headless: true });
  project.provide("site", address);
  project.provide("browser", server.wsEndpoint());
  return async () => {
    await server.close();
    close();
  };
}
