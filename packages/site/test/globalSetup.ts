import type { TestProject } from "vitest/node";
import { open } from "../../explorer/test/globalSetup.ts";
import { buildExplorer } from "../build/all.mjs";

declare module "vitest" {
  interface ProvidedContext {
    /** The message of the error that the build of the site threw, or "" if the build succeeded. */
    failure: string;
  }
}

/** Builds the explorer and the documentation into the folder packages/site/dist, like `npm run build:explorer`. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const folder = new URL("../dist", import.meta.url).pathname;
  const failure = await buildExplorer(folder).then(() => "", String);
  project.provide("failure", failure);
  if (failure === "") return open(project, async () => folder);
  project.provide("site", ""); // one test fails and shows the error; tests that need a page are skipped
  project.provide("browser", "");
  return undefined;
}
