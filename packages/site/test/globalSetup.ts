import type { TestProject } from "vitest/node";
import { open } from "../../explorer/test/globalSetup.ts";
import { buildExplorer } from "../build/all.mjs";

declare module "vitest" {
  interface ProvidedContext {
    /** Why the build of the site failed; empty if it succeeded. */
    failure: string;
  }
}

/** Builds the explorer with the documentation into a separate folder, as `npm run build:explorer` does. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const folder = new URL("../dist", import.meta.url).pathname;
  const failure = await buildExplorer(folder).then(() => "", String);
  project.provide("failure", failure);
  if (failure === "") return open(project, async () => folder);
  project.provide("site", ""); // one test fails with the reason; tests that need a page are skipped
  project.provide("browser", "");
  return undefined;
}
