/** Measures how time and memory grow with the number of ops, the batch size and the number of classes. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { chain, regression, softmax } from "../cases/cases.mjs";
import { measure } from "./measure.mjs";

/**
 * @typedef {object} Growth
 * @property {string} name @property {string} title @property {string} along the growing size
 * @property {string} unit the divisor of the times
 * @property {{ size: number, nanoseconds: Record<string, number> }[]} points by peer, for one unit
 * @property {{ size: number, predicted: number, measured: number }[]} memory bytes
 */

const rows = 64;
const series = [
  {
    name: "tape",
    title: "Gradient of a chain of ops on [8]",
    along: "ops",
    unit: "op",
    sizes: [1e3, 1e4, 1e5, 1e6],
    given: (/** @type {number} */ length) => chain(length, 1e-6),
    units: 1,
  },
  {
    name: "batch",
    title: "Softmax-regression step [rows, 784], K 10",
    along: "rows",
    unit: "row",
    sizes: [1e2, 1e3, 1e4, 1e5],
    given: regression,
    units: 1,
  },
  {
    name: "classes",
    title: `Softmax + VJP [${rows}, K]`,
    along: "K",
    unit: "element",
    sizes: [2, 10, 1e2, 1e3, 1e4, 1e5],
    given: (/** @type {number} */ K) => softmax(rows, K),
    units: rows,
  },
];
const names = ["float64", "wengert", "plain", "tfjs-wasm", "torch"];
const longest = 2e9; // nanoseconds per run: slower peers skip larger sizes
const memoryProgram = fileURLToPath(new URL("../cases/small/memory.mjs", import.meta.url));

/**
 * @param {ReadonlyMap<string, import("./conversation.mjs").Conversation>} peers @param {boolean} isQuick
 * @param {readonly string[]} prefix @returns {Promise<Growth[]>}
 */
export async function growth(peers, isQuick, prefix) {
  const results = [];
  for (const { name, title, along, unit, sizes, given, units } of series) {
    /** @type {Growth} */
    const result = { name, title, along, unit, points: [], memory: [] };
    const left = new Map([...peers].filter(([name]) => names.includes(name)));
    for (const [i, size] of (isQuick ? sizes.slice(0, -1) : sizes).entries()) {
      const wanted = given(size);
      const { timings, out } = await measure(wanted, left, { rounds: 3, warm: 50, round: 20, patience: 40_000 });
      for (const [name, why] of Object.entries(out)) {
        console.error(`\n  ${name}, ${wanted.title}: ${why}`);
        left.delete(name);
      }
      /** @type {Record<string, number>} */
      const nanoseconds = {};
      for (const [name, { median }] of Object.entries(timings)) {
        nanoseconds[name] = median / (units * size);
        if (median * ((sizes[i + 1] ?? 0) / size) > longest) left.delete(name);
      }
      result.points.push({ size, nanoseconds });
      const memory = memoryOf(wanted, prefix);
      if (memory) result.memory.push({ size, ...memory });
    }
    results.push(result);
  }
  return results;
}

/** @param {import("../cases/cases.mjs").Case} given @param {readonly string[]} prefix */
function memoryOf({ family, sizes }, prefix) {
  const command = [...prefix, process.execPath, "--expose-gc", memoryProgram, family, JSON.stringify(sizes)];
  const { status, stdout } = spawnSync(command[0] ?? "", command.slice(1), { encoding: "utf8" });
  if (status !== 0) return undefined; // not Linux
  return /** @type {{ predicted: number, measured: number }} */ (JSON.parse(stdout));
}
