/** Reads and writes the files of benchmark results. Results of the same day and Node version are in the same file. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";

/**
 * @typedef {object} Results
 * @property {string} date ISO 8601
 * @property {number} seconds the duration of the run
 * @property {{ cpu: string, cores: number, memory: number, os: string, pinned: boolean, commit: string }} machine memory in GB
 * @property {Record<string, Record<string, string>>} versions by peer
 * @property {Record<string, string>} titles of the peers, in the order of the tables
 * @property {Record<string, string>} missing the peers that could not run, and why
 * @property {(import("../cases/cases.mjs").Case & import("./measure.mjs").Outcome)[]} cases
 * @property {import("./first.mjs").First[]} [first]
 * @property {import("./bundles.mjs").Bundle[]} [bundles]
 * @property {import("./growth.mjs").Growth[]} [growth]
 */

const folder = fileURLToPath(new URL("../results/", import.meta.url));

/** @param {boolean} isPinned @returns {Results["machine"]} */
export function machine(isPinned) {
  const { stdout } = spawnSync("git", ["describe", "--always", "--dirty", "--abbrev=10"], { encoding: "utf8" });
  return {
    cpu: os.cpus()[0]?.model.trim() ?? os.arch(),
    cores: os.availableParallelism(),
    memory: Math.round(os.totalmem() / 2 ** 30),
    os: `${os.type()} ${os.release()}`,
    pinned: isPinned,
    commit: stdout?.trim() ?? "",
  };
}

/** Writes a result file atomically, and returns its path. @param {Results} results @param {string} [where] */
export function writeResults(results, where = folder) {
  const node = results.versions.wengert?.node ?? process.versions.node;
  const path = `${where}${results.date.slice(0, 10)}-node-${node.split(".")[0]}.json`;
  mkdirSync(where, { recursive: true });
  writeWhole(
    path,
    `${JSON.stringify(results, (_, value) => (typeof value === "number" ? rounded(value) : value), 1)}\n`,
  );
  return path;
}

/** Returns the newest stored benchmark results, or undefined if no results are stored. @returns {Results | undefined} */
export function newestResults() {
  let names;
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  } catch {
    return undefined;
  }
  const all = names.map((name) => /** @type {Results} */ (JSON.parse(readFileSync(folder + name, "utf8"))));
  return all.toSorted((a, b) => a.date.localeCompare(b.date)).at(-1);
}

/** @param {string} path @param {string} text */
export function writeWhole(path, text) {
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, text);
  renameSync(draft, path);
}

/** Rounds a measured number to four significant digits, because further digits are noise. @param {number} value */
function rounded(value) {
  return Number.isInteger(value) ? value : Number(value.toPrecision(4));
}
