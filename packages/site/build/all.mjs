/** Builds the explorer, and the documentation into its folder docs: what `npm run explorer` serves. */
import { fileURLToPath } from "node:url";
import { build } from "vite";

/**
 * @param {string} folder is emptied first, unless it is watched: then only what changes is written, again and again
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
