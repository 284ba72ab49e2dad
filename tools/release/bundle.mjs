/**
 * Writes a package's modules as one file for each of its entries, to dist/bundle: what is published. Node takes half a
 * millisecond or more for each file that it imports, and core and ops have 85.
 *
 * Beside them comes ndarray as a module, for pages without a bundler: it is CommonJS, which no import map makes a module of.
 *
 *   node ../../tools/release/bundle.mjs   in the folder of a package: its prepack script
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
    minify: false, // users' bundlers do, and need the marks of what is pure
    outDir: "dist/bundle",
    sourcemap: true,
    rolldownOptions: {
      external: (id) => !/^[./]/.test(id), // other packages
      output: {
        sourcemapExcludeSources: true, // src is published too, with its comments
        chunkFileNames: "[name]-shared.js",
        comments: { annotation: true, legal: true, jsdoc: false }, // an eighth of the time to import it
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

/** What the licenses of these ask for in each copy. `first` is a dependency of ours, the others are its own. @param {string} first @param {string[]} others */
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
