import type { TestProject } from "vitest/node";
import { open } from "../../explorer/test/globalSetup.ts";
import { buildExplorer } from "../build/all.mjs";

/** Builds the explorer with the documentation, as `npm run build:explorer` does, into a folder of its own. */
export default function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  return open(project, async () => {
    const folder = new URL("../dist", import.meta.url).pathname;
    await buildExplorer(folder);
    return folder;
  });
}
