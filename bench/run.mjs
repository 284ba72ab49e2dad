/** Side by side with what else one might use: `npm run bench`, or `npm run bench -- --help`. */

import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { cases } from "./cases.mjs";
import { Conversation } from "./conversation.mjs";
import { install } from "./install.mjs";
import { measure } from "./measure.mjs";
import { optionsOf } from "./options.mjs";
import { peers } from "./peers.mjs";
import { ratiosTable, timesTable } from "./tables.mjs";

const options = optionsOf(process.argv.slice(2));
const begin = performance.now();
install();

const effort = options.quick ? { rounds: 3, warm: 60, round: 15 } : { rounds: 7, warm: 250, round: 60 };
const prefix = pinned();
const chosen = peers.filter(({ name }) => options.peers?.includes(name) ?? true);

/** @type {Map<string, Conversation>} */
const running = new Map();
for (const peer of chosen) await start(peer);
leaveOutRepeated();

const measured = [];
for (const given of cases.filter(({ name }) => options.only?.some((part) => name.includes(part)) ?? true)) {
  process.stderr.write(`${given.title} … `);
  const since = performance.now();
  const outcome = await measure(given, running, effort);
  console.error(`${((performance.now() - since) / 1000).toFixed(1)} s`);
  for (const [name, why] of Object.entries(outcome.out)) {
    console.error(`  ${name}: ${why}`);
    if (running.get(name)?.isOver)
      await start(/** @type {import("./peers.mjs").Peer} */ (chosen.find((peer) => peer.name === name)));
  }
  measured.push({ ...given, ...outcome });
}
for (const peer of running.values()) peer.stop();

const titles = Object.fromEntries(chosen.map(({ name, title }) => [name, title]));
console.log(`\nTime of one run: the median, and half the distance of the quartiles\n\n${timesTable(measured, titles)}`);
console.log(`\nTime of Wengert ÷ time of the peer\n\n${ratiosTable(measured, titles)}`);
console.log(`\n${((performance.now() - begin) / 1000).toFixed(0)} s`);

/** A peer that cannot be had is said in a line, and the others go on. @param {import("./peers.mjs").Peer} peer */
async function start(peer) {
  try {
    running.set(peer.name, await Conversation.start(peer, prefix));
  } catch (error) {
    running.delete(peer.name);
    console.error(`${peer.name}: left out (${/** @type {Error} */ (error).message})`);
  }
}

/** PyTorch with another BLAS tells nothing new where it is the same after all. */
function leaveOutRepeated() {
  /** @type {Map<string, string>} */
  const seen = new Map();
  for (const [name, peer] of running) {
    const { blasCore } = peer.versions;
    if (blasCore === undefined) continue;
    const same = seen.get(blasCore);
    if (same === undefined) seen.set(blasCore, name);
    else {
      console.error(`${name}: left out (${same} multiplies by the kernels for ${blasCore} too)`);
      peer.stop();
      running.delete(name);
    }
  }
}

/** Every peer runs on the last processor alone: garbage collectors and compilers take none of another's either. */
function pinned() {
  const prefix = ["taskset", "-c", `${availableParallelism() - 1}`];
  return spawnSync("taskset", [...prefix.slice(1), "true"]).status === 0 ? prefix : [];
}
