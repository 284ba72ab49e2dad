/** The libraries that the benchmark compares (called peers): the start command of each, and its title in the tables. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * @typedef {object} Peer
 * @property {string} name as in --peers
 * @property {string} title as in tables
 * @property {readonly string[]} command
 * @property {Readonly<Record<string, string>>} [env]
 */

export const python = pythonWith("torch");
const node = process.execPath;
const folder = fileURLToPath(new URL("./", import.meta.url));

/**
 * @param {string} name @param {string} title @param {string} kernels @param {"float32" | "float64"} [dtype]
 * @param {"compiled"} [mode] @returns {Peer}
 */
function wengert(name, title, kernels, dtype = "float32", mode) {
  return { name, title, command: [node, `${folder}wengert.mjs`, kernels, dtype, ...(mode ? [mode] : [])] };
}

/**
 * All libraries and variants that the benchmark compares. The first one that runs, usually Wengert in float64, is the
 * reference for all outputs.
 * @type {readonly Peer[]}
 */
export const peers = [
  wengert("float64", "Wengert float64", "auto", "float64"),
  wengert("wengert", "Wengert", "auto"),
  wengert("compiled", "Wengert, compiled", "auto", "float32", "compiled"),
  wengert("plain", "plain loops", "plain"),
  {
    name: "wengert-onnx",
    title: "Wengert on ONNX Runtime",
    command: [node, `${folder}wengert.mjs`, "auto", "float32", "onnx"],
  },
  wengert("simd", "simd", "simd"),
  wengert("fma", "fma", "fma"),
  { name: "tfjs-wasm", title: "tfjs wasm", command: [node, `${folder}tfjs.mjs`, "wasm"] },
  { name: "tfjs-cpu", title: "tfjs cpu", command: [node, `${folder}tfjs.mjs`, "cpu"] },
  { name: "jax-js", title: "jax-js jit", command: [node, `${folder}jax.mjs`] },
  { name: "onnxruntime", title: "ONNX Runtime, by hand", command: [node, `${folder}onnxruntime.mjs`] },
  { name: "limit", title: "limit of SIMD128", command: [node, `${folder}limit.mjs`, "simd"] },
  { name: "limit-fma", title: "limit with FMA", command: [node, `${folder}limit.mjs`, "fma"] },
  pytorch("torch", "PyTorch"),
  pytorch("torch-tuned", "PyTorch, BLAS for the processor", blasCore()),
  pytorch("torch-sse", "PyTorch, BLAS of 128 bits", "Prescott"),
];

/**
 * Returns the name, title and start command of the benchmark for the installed PyTorch. PyTorch multiplies matrices with
 * OpenBLAS. If `core` names a processor type, OpenBLAS uses its kernels for this type. Without `core`, OpenBLAS uses
 * kernels with 128-bit vectors on all processors that are newer than OpenBLAS.
 * @param {string} name @param {string} title @param {string} [core] @returns {Peer}
 */
function pytorch(name, title, core) {
  const env = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", ...(core && { OPENBLAS_CORETYPE: core }) };
  return { name, title, command: [python, `${folder}pytorch.py`], env };
}

/** Returns the best OpenBLAS core type for this processor, among the types that OpenBLAS in Debian 12 supports. */
function blasCore() {
  try {
    const flags =
      readFileSync("/proc/cpuinfo", "utf8")
        .match(/^flags.*$/m)?.[0]
        .split(/\s+/) ?? [];
    return flags.includes("avx512vl") ? "SkylakeX" : flags.includes("avx2") ? "Haswell" : "";
  } catch {
    return ""; // not Linux
  }
}

/**
 * Returns a Python command that can import the module. Tries the environment variable PYTHON first. If no Python can
 * import the module, returns the first command, which then fails.
 * @param {string} module
 */
function pythonWith(module) {
  const candidates = [process.env.PYTHON, "python3", "/usr/bin/python3"].filter((name) => name !== undefined);
  const code = `import importlib.util as util, sys; sys.exit(util.find_spec("${module}") is None)`;
  const has = (/** @type {string} */ name) => spawnSync(name, ["-c", code]).status === 0;
  return candidates.find(has) ?? /** @type {string} */ (candidates[0]);
}
