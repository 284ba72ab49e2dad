/** Runs the benchmark, which compares Wengert with other libraries: `npm run bench`, or `npm run bench -- --help`. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { cases } from "../cases/cases.mjs";
import { peers } from "../peers/peers.mjs";
import { bundles } from "./bundles.mjs";
import { Conversation } from "./conversation.mjs";
import { firstGradients } from "./first.mjs";
import { growth } from "./growth.mjs";
import { install } from "./install.mjs";
import { measure } from "./measure.mjs";
import { optionsOf } from "./options.mjs";
import { report, writePage } from "./page.mjs";
import { drawPlots } from "./plots.mjs";
import { machine, writeResults } from "./results.mjs";

/** @typedef {import("./results.mjs").Results} Results */

const options = optionsOf(process.argv.slice(2));
const begin = performance.now();
const effort = options.quick ? { rounds: 3, warm: 60, round: 15 } : { rounds: 7, warm: 250, round: 60 };
const prefix = pinned();
const chosen = peers.filter(({ name }) => options.peers?.includes(name) ?? true);
const isWanted = (/** @type {string} */ name) => options.only?.some((part) => name.includes(part)) ?? true;
const hasPeer = (/** @type {string} */ start) => chosen.some(({ name }) => name.startsWith(start));
install();

/** @type {Map<string, Conversation>} */
const running = new Map();
/** @type {Results} */
const results = {
  date: new Date().toISOString(),
  seconds: 0,
  machine: machine(prefix.length > 0),
  versions: {},
  titles: Object.fromEntries(chosen.map(({ name, title }) => [name, title])),
  missing: {},
  cases: [],
};

for (const peer of chosen) await start(peer);
leaveOutRepeated();
for (const given of cases.filter(({ name }) => isWanted(name))) {
  await timed(given.title, async () => {
    const outcome = await measure(given, running, effort);
    results.cases.push({ ...given, ...outcome });
    for (const [name, why] of Object.entries(outcome.out)) {
      if (!/^has no /.test(why)) console.error(`\n  ${name}: ${why}`);
      const peer = chosen.find((peer) => peer.name === name);
      if (peer && running.get(name)?.isOver) await start(peer);
    }
  });
}
if (isWanted("growth")) {
  await timed("growth", async () => {
    results.growth = await growth(running, options.quick, prefix);
  });
}
for (const peer of running.values()) peer.stop();
if (isWanted("first")) {
  await timed("import → first gradient", () => {
    results.first = firstGradients(options.quick ? 3 : 11, prefix, hasPeer);
  });
}
if (isWanted("bundles")) {
  await timed("bundles", async () => {
    results.bundles = await bundles(hasPeer);
  });
}
results.seconds = (performance.now() - begin) / 1000;

const isWhole = !options.quick && !options.only && !options.peers;
const path = isWhole
  ? writeResults(results)
  : writeResults(results, fileURLToPath(new URL("../../out/bench/", import.meta.url)));
/** @type {Results} */
const kept = JSON.parse(readFileSync(path, "utf8")); // the stored, rounded results, so that the tables can be reproduced from the file
console.log(report(kept));
if (isWhole) {
  writePage(kept);
  const drawn = kept.growth && drawPlots(kept.growth, kept.titles);
  await drawn?.catch((error) => console.error(`the plots could not be updated (${error.message})`));
}
console.error(`\nwritten: ${path}${isWhole ? ", docs/performance.md" : ""}`);

/**
 * Starts the process of a peer (a compared library). If the process fails to start, prints the reason and continues
 * without the peer.
 * @param {import("../peers/peers.mjs").Peer} peer
 */
async function start(peer) {
  try {
    const conversation = await Conversation.start(peer, prefix);
    running.set(peer.name, conversation);
    results.versions[peer.name] = conversation.versions;
  } catch (error) {
    leaveOut(peer.name, /** @type {Error} */ (error).message);
  }
}

/** Removes a PyTorch variant if its BLAS kernels are the same as the kernels of another variant. */
function leaveOutRepeated() {
  /** @type {Map<string, string>} */
  const seen = new Map();
  for (const [name, peer] of running) {
    const { blasCore } = peer.versions;
    if (blasCore === undefined) continue;
    const same = seen.get(blasCore);
    if (same === undefined) seen.set(blasCore, name);
    else leaveOut(name, `${same} multiplies by the kernels for ${blasCore} too`);
  }
}

/** @param {string} name @param {string} why */
function leaveOut(name, why) {
  running.get(name)?.stop();
  running.delete(name);
  results.missing[name] = why;
  console.error(`${name}: left out (${why})`);
}

/** @param {string} title @param {() => void | Promise<void>} action */
async function timed(title, action) {
  process.stderr.write(`${title} … `);
  const since = performance.now();
  await action();
  console.error(`${((performance.now() - since) / 1000).toFixed(1)} s`);
}

/**
 * Returns the command that pins all threads of a library's process to the last processor, including those for garbage
 * collection and compilation.
 */
function pinned() {
  const prefix = ["taskset", "-c", `${availableParallelism() - 1}`];
  return spawnSync("taskset", [...prefix.slice(1), "true"]).status === 0 ? prefix : [];
}
