import type { TestProject } from "vitest/node";
import { open } from "../../explorer/test/globalSetup.ts";
import { buildExplorer } from "../build/all.mjs";

declare module "vitest" {
  interface ProvidedContext {
    /** Why the site could not be built; empty where it was. */
    failure: string;
  }
}

/** Builds the explorer with the documentation, as `npm run build:explorer` does, into a folder of its own. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const folder = new URL("../dist", import.meta.url).pathname;
  const failure = await buildExplorer(folder).then(() => "", String);
  project.provide("failure", failure);
  if (failure === "") return open(project, async () => folder);
  project.provide("site", ""); // one test fails and says why; those that need a page are skipped
  project.provide("browser", "");
  return undefined;
}
