/** Bundles the test programs with each bundler: a web page, and a web page that uses a worker. */
import { createHash } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { version as versionOfVite, build as vite } from "vite";
import { versionOf } from "./hosts.mjs";
import { entriesOf } from "./project.mjs";

/** @typedef {{ name: string, version: string, bundle: (project: string, out: string) => Promise<unknown> }} Bundler */

/** The files to bundle. worker.js is listed because some bundlers do not detect `new Worker`. */
const [page, pageWithWorker, worker] = ["page.js", "page-with-worker.js", "worker.js"];
const classicPageWithWorker = "page-with-classic-worker.js";

/** @returns {Bundler[]} */
export function bundlers() {
  return [
    { name: "vite", version: versionOfVite, bundle: byVite },
    { name: "esbuild", version: versionOf("esbuild"), bundle: byEsbuild },
    { name: "webpack", version: versionOf("webpack"), bundle: byWebpack },
    { name: "rollup", version: versionOf("rollup"), bundle: byRollup },
  ];
}

/**
 * Writes an HTML page for each script whose name starts with page or classic-page.
 * @param {string} folder @returns {string[]} the names of the pages
 */
export function writePages(folder) {
  const scripts = readdirSync(folder).filter((name) => /^(classic-)?page.*\.js$/.test(name));
  return scripts.map((script) => {
    const type = script.startsWith("classic-") ? "text/javascript" : "module";
    const name = script.replace(/js$/, "html");
    writeFileSync(
      join(folder, name),
      `<!doctype html><title>probe</title><script type="${type}" src="${script}"></script>`,
    );
    return name;
  });
}

/**
 * Writes an HTML page that uses an import map instead of a bundler. Returns the page's name and the hash that allows its
 * import map in a Content-Security-Policy.
 * @param {string} project
 */
export function writePageWithMap(project) {
  const entries = entriesOf(project).map(({ name, file }) => [name, `./${file}`]);
  const ndarray = ["ndarray", "./node_modules/@wengert/core/dist/bundle/ndarray-as-module.js"];
  const map = JSON.stringify({ imports: Object.fromEntries([...entries, ndarray]) });
  const html = `<!doctype html><title>probe</title><script type="importmap">${map}</script><script type="module" src="bare.js"></script>`;
  writeFileSync(join(project, "page-with-map.html"), html);
  return { name: "page-with-map.html", hash: `'sha256-${createHash("sha256").update(map).digest("base64")}'` };
}

/** @param {string} project @param {string} out */
function byVite(project, out) {
  return vite({
    root: project,
    base: "./",
    configFile: false,
    logLevel: "error",
    build: {
      outDir: out,
      target: "es2022",
      rolldownOptions: { input: { page, "page-with-worker": pageWithWorker }, output: { entryFileNames: "[name].js" } },
    },
    worker: { format: "es" },
  });
}

/** @param {string} project @param {string} out */
async function byEsbuild(project, out) {
  const { build } = await from("esbuild");
  const common = {
    absWorkingDir: project,
    bundle: true,
    minify: true,
    target: "es2022",
    outdir: out,
    logLevel: "silent",
  };
  await build({ ...common, entryPoints: [page, pageWithWorker, worker], format: "esm" });
  // The bundle format iife makes classic scripts, which run from <script src> and in workers without ES modules.
  const entryPoints = {
    "classic-page": page,
    "classic-page-with-worker": classicPageWithWorker,
    "classic-worker": worker,
  };
  await build({ ...common, entryPoints, format: "iife" });
}

/** @param {string} project @param {string} out */
async function byWebpack(project, out) {
  const { default: webpack } = await from("webpack");
  const settings = {
    context: project,
    mode: "production",
    entry: { page: `./${page}`, "page-with-worker": `./${pageWithWorker}` },
    experiments: { outputModule: true }, // so that the bundle can load its chunks in Node
    output: { path: out, filename: "[name].js", module: true, chunkFormat: "module", chunkLoading: "import" },
    performance: { hints: false },
  };
  await new Promise((resolve, reject) => {
    webpack(
      settings,
      (/** @type {Error | null} */ error, /** @type {{ hasErrors(): boolean, toString(): string }} */ stats) => {
        if (error || stats.hasErrors()) reject(error ?? new Error(stats.toString()));
        else resolve(undefined);
      },
    );
  });
}

/** @param {string} project @param {string} out */
async function byRollup(project, out) {
  const { rollup } = await from("rollup");
  const { nodeResolve } = await from("@rollup/plugin-node-resolve");
  const { default: commonjs } = await from("@rollup/plugin-commonjs"); // for ndarray
  const complaints = /** @type {string[]} */ ([]);
  const bundle = await rollup({
    input: [page, pageWithWorker, worker].map((file) => join(project, file)),
    plugins: [nodeResolve({ browser: true }), commonjs()],
    onwarn: (/** @type {{ message: string }} */ { message }) => complaints.push(message),
  });
  await bundle.write({ dir: out, format: "es", entryFileNames: "[name].js" });
  if (complaints.length > 0) throw new Error(complaints.join("\n"));
}

/**
 * Imports a bundler dynamically, because the type checker runs before the bundlers are installed.
 * @param {string} name @returns {Promise<any>}
 */
const from = (name) => import(name);
