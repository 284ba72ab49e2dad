/** Builds the explorer, and the documentation in the explorer's folder `docs`. `npm run explorer` serves both. */
import { fileURLToPath } from "node:url";
import { build } from "vite";

/**
 * @param {string} folder is emptied first, except in watch mode, which only writes changed files
 * @param {{ watch?: boolean }} [options] @returns {Promise<void>}
 */
export async function buildExplorer(folder, { watch = false } = {}) {
  for (const { name, outDir } of [
    { name: "explorer", outDir: folder },
    { name: "site", outDir: `${folder}/docs` },
  ]) {
    const root = fileURLToPath(new URL(`../../${name}/`, import.meta.url));
    await build({
      root,
      configFile: `${root}vite.config.ts`,
      logLevel: watch ? "info" : "warn",
      build: { outDir, emptyOutDir: !watch, watch: watch ? {} : null },
    });
  }
}
