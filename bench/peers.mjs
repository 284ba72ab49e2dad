/** Who is measured: how each peer is started, and what it is called in tables. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * @typedef {object} Peer
 * @property {string} name as --peers takes it
 * @property {string} title as tables show it
 * @property {readonly string[]} command
 * @property {Readonly<Record<string, string>>} [env]
 */

const python = pythonWith("torch");
const node = process.execPath;
const folder = fileURLToPath(new URL("peers/", import.meta.url));
const oneThread = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };

/** @param {string} name @param {string} title @param {string} kernels @param {"float32" | "float64"} dtype @returns {Peer} */
function wengert(name, title, kernels, dtype = "float32") {
  return { name, title, command: [node, `${folder}wengert.mjs`, kernels, dtype] };
}

/** The first that answers says what the right numbers are: ours in float64. @type {readonly Peer[]} */
export const peers = [
  wengert("float64", "Wengert float64", "auto", "float64"),
  wengert("wengert", "Wengert", "auto"),
  wengert("plain", "plain loops", "plain"),
  wengert("simd", "simd", "simd"),
  wengert("fma", "fma", "fma"),
  { name: "torch", title: "PyTorch", command: [python, `${folder}pytorch.py`], env: oneThread },
  {
    name: "torch-tuned",
    title: "PyTorch, other BLAS kernel",
    command: [python, `${folder}pytorch.py`],
    env: { ...oneThread, ...(blasCore() && { OPENBLAS_CORETYPE: blasCore() }) },
  },
];

/** What OpenBLAS should take this processor for: one that is newer than itself it may take for an old one. */
export function blasCore() {
  try {
    const flags =
      readFileSync("/proc/cpuinfo", "utf8")
        .match(/^flags.*$/m)?.[0]
        .split(/\s+/) ?? [];
    return flags.includes("avx512vl") ? "SkylakeX" : flags.includes("avx2") ? "Haswell" : "";
  } catch {
    return ""; // no Linux
  }
}

/** The Python that has this module, PYTHON before others; where none has it, the first says so itself. @param {string} module */
function pythonWith(module) {
  const candidates = [process.env.PYTHON, "python3", "/usr/bin/python3"].filter((name) => name !== undefined);
  const code = `import importlib.util as util, sys; sys.exit(util.find_spec("${module}") is None)`;
  const has = (/** @type {string} */ name) => spawnSync(name, ["-c", code]).status === 0;
  return candidates.find(has) ?? /** @type {string} */ (candidates[0]);
}
