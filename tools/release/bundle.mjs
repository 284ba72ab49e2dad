/**
 * Bundles each entry point of a package into a file in dist/bundle, which is published. Bundles load faster: Node takes
 * at least 0.5 ms per imported file, and core and ops have 85 files.
 *
 * Also bundles ndarray as an ES module, because import maps cannot load the CommonJS package.
 *
 *   node ../../tools/release/bundle.mjs   run by the prepack script in a package's folder
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { build } from "vite";

const { exports, dependencies } = JSON.parse(readFileSync("package.json", "utf8"));
const sources = Object.values(exports).flatMap(
  (/** @type {Record<string, string>} */ entry) => entry["@wengert/source"] ?? [],
);
await build({
  configFile: false,
  logLevel: "warn",
  build: {
    lib: { entry: sources, formats: ["es"] },
    target: "es2023",
    minify: false, // users' bundlers minify, and need the pure annotations
    outDir: "dist/bundle",
    sourcemap: true,
    rolldownOptions: {
      external: (id) => !/^[./]/.test(id), // other packages
      output: {
        sourcemapExcludeSources: true, // the package also contains src
        chunkFileNames: "[name]-shared.js",
        comments: { annotation: true, legal: true, jsdoc: false }, // doc comments take an eighth of the import time
      },
    },
  },
});

if ("ndarray" in dependencies) await bundleNdarray();

async function bundleNdarray() {
  const name = "ndarray-as-module.js";
  await build({
    configFile: false,
    logLevel: "warn",
    build: {
      lib: { entry: name, formats: ["es"], fileName: () => name },
      target: "es2023",
      minify: false,
      outDir: "dist/bundle",
      emptyOutDir: false,
      rolldownOptions: { output: { banner: `/*!\n${licenses("ndarray", "iota-array", "is-buffer")}*/` } },
    },
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id.endsWith(name) ? resolve(name) : undefined),
        load: (id) => (id.endsWith(name) ? 'export { default } from "ndarray";' : undefined),
      },
    ],
  });
}

/**
 * Returns the license texts of the bundled dependencies, which every copy of a bundle must include. `others` are
 * dependencies of `first`.
 * @param {string} first @param {string[]} others
 */
function licenses(first = "", ...others) {
  const ofOurs = createRequire(resolve("package.json"));
  const ofFirst = createRequire(ofOurs.resolve(first));
  return [first, ...others]
    .map((name, i) => {
      const folder = dirname((i === 0 ? ofOurs : ofFirst).resolve(`${name}/package.json`));
      return `${name}\n\n${readFileSync(join(folder, "LICENSE"), "utf8").trim()}\n\n`;
    })
    .join("");
}
