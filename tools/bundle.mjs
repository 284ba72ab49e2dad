/**
 * Writes a package's modules as one file for each of its entries, to dist/bundle: what is published. Node takes half a
 * millisecond or more for each file that it imports, and core and ops have 85.
 *
 *   node ../../tools/bundle.mjs   in the folder of a package: its prepack script
 */
import { readFileSync } from "node:fs";
import { build } from "vite";

const { exports } = JSON.parse(readFileSync("package.json", "utf8"));
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
      output: { sourcemapExcludeSources: true, chunkFileNames: "[name]-shared.js" }, // src is published too
    },
  },
});
