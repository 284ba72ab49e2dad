/** Measures the size of bundles for a page, minified by esbuild and gzipped. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/**
 * @typedef {object} Bundle
 * @property {string} name @property {string} title
 * @property {number} [minified] @property {number} [gzipped] without the kernels
 * @property {number} [binary] gzipped WebAssembly that comes on top
 * @property {string} [out] why it is missing
 */

const folder = fileURLToPath(new URL("..", import.meta.url));
const everything = `export * from "../packages/core/dist/index.js"; export * from "../packages/ops/dist/index.js";`;
const small = `
  export { grad, tensor } from "../packages/core/dist/index.js";
  export { crossEntropy, matmul } from "../packages/ops/dist/index.js";`;
const tfjs = (/** @type {string} */ backend) => `
  import * as tf from "@tensorflow/tfjs-core";
  import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
  import "@tensorflow/tfjs-backend-${backend}";
  export { tf };`;
const tfjsBinary = "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm";

const programs = [
  { name: "wengert-all", title: "Wengert, everything in core and ops", code: everything },
  { name: "wengert-small", title: "Wengert, `grad` of matmul and crossEntropy", code: small },
  { name: "tfjs-cpu", title: "tfjs core, gradients and cpu backend", code: tfjs("cpu") },
  { name: "tfjs-wasm", title: "tfjs core, gradients and wasm backend", code: tfjs("wasm"), binary: tfjsBinary },
  {
    name: "tfjs-all",
    title: "`@tensorflow/tfjs`, the same gradient",
    code: `export * from "./cases/small/tfjs-cpu.mjs";`,
  },
  { name: "jax-js", title: "jax-js, the same gradient", code: `export * from "./cases/small/jax-js.mjs";` },
];

/** @param {(name: string) => boolean} wanted @returns {Promise<Bundle[]>} */
export async function bundles(wanted) {
  return Promise.all(programs.filter(({ name }) => wanted(name.split("-")[0] ?? "")).map(bundle));
}

/** @param {typeof programs[number]} program @returns {Promise<Bundle>} */
async function bundle({ name, title, code, binary }) {
  try {
    const whole = await minified(code, false);
    if (binary !== undefined) {
      const gzipped = gzip(readFileSync(`${folder}node_modules/${binary}`));
      return { name, title, minified: whole.length, gzipped: gzip(whole), binary: gzipped };
    }
    const bare = await minified(code, true);
    const kernels = gzip(whole) - gzip(bare);
    return { name, title, minified: bare.length, gzipped: gzip(bare), ...(kernels > 0 && { binary: kernels }) };
  } catch (error) {
    return { name, title, out: /** @type {Error} */ (error).message.split("\n").slice(0, 2).join(" ") };
  }
}

/** @param {string} code @param {boolean} isBare without the WebAssembly of our kernels */
async function minified(code, isBare) {
  const name = "esbuild"; // a variable, because the type check runs without it installed
  const esbuild = await import(name);
  const { outputFiles } = await esbuild.build({
    stdin: { contents: code, resolveDir: folder },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    mainFields: ["module", "browser", "main"],
    write: false,
    logLevel: "silent",
    plugins: isBare ? [withoutKernels] : [],
  });
  return /** @type {Uint8Array} */ (outputFiles[0].contents);
}

const withoutKernels = {
  name: "without kernels",
  setup(/** @type {any} */ build) {
    build.onLoad({ filter: /wasm[\\/]binaries\.js$/ }, (/** @type {{ path: string }} */ { path }) => ({
      contents: readFileSync(path, "utf8").replaceAll(/"[^"\n]{1000,}"/g, '""'),
    }));
  },
};

/** @param {Uint8Array} bytes */
function gzip(bytes) {
  return gzipSync(bytes, { level: 9 }).length;
}
