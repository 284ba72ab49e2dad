/** Measures the time from before the import of a library to its first gradient, in fresh processes. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { installInto } from "../../tools/release/packed.mjs";
import { python } from "../peers/peers.mjs";
import { tolerance } from "./measure.mjs";
import { difference, summary } from "./statistics.mjs";

/** @typedef {{ name: string, title: string, timing?: import("./measure.mjs").Timing, out?: string }} First nanoseconds */

const folder = fileURLToPath(new URL("../cases/small/", import.meta.url));

/** @param {string} name @param {string} title */
const inNode = (name, title) => ({ name, title, command: [process.execPath, `${folder}time.mjs`, name] });
const programs = [
  inNode("wengert", "Wengert"),
  inNode("tfjs-wasm", "tfjs wasm"),
  inNode("tfjs-cpu", "tfjs cpu"),
  inNode("jax-js", "jax-js"),
  { name: "torch", title: "PyTorch", command: [python, `${folder}pytorch.py`] },
];

/** @param {number} rounds @param {readonly string[]} prefix @param {(name: string) => boolean} wanted @returns {First[]} */
export function firstGradients(rounds, prefix, wanted) {
  const chosen = programs.filter(({ name }) => wanted(name));
  installInto(fileURLToPath(new URL("..", import.meta.url))); // Wengert as published, like the other libraries
  /** @type {Map<string, number[]>} */
  const times = new Map(chosen.map(({ name }) => [name, []]));
  /** @type {Map<string, string>} */
  const out = new Map();
  /** @type {number[] | undefined} */
  let right;
  for (let round = 0; round < rounds; round++) {
    for (const { name, command } of chosen) {
      if (out.has(name)) continue;
      const [program = "", ...args] = [...prefix, ...command];
      const { stdout, stderr } = spawnSync(program, args, {
        encoding: "utf8",
        env: { ...process.env, OMP_NUM_THREADS: "1" },
      });
      const answer = stdout.split("\n").find((line) => line.startsWith('{"milliseconds"'));
      if (answer === undefined) {
        out.set(name, stderr.trim().split("\n").at(-1) ?? "");
        continue;
      }
      const { milliseconds, gradient } = JSON.parse(answer);
      right ??= gradient;
      if (difference(gradient, /** @type {number[]} */ (right)) > tolerance)
        out.set(name, `WRONG NUMBERS: ${gradient}`);
      else times.get(name)?.push(1e6 * milliseconds);
    }
  }
  return chosen.map(({ name, title }) => {
    const why = out.get(name);
    const all = times.get(name) ?? [];
    if (why !== undefined) return { name, title, out: why };
    return { name, title, timing: { ...summary(all), rounds: all, count: all.length } };
  });
}
