/**
 * Measures a benchmark case. First, all compared libraries (peers) compute the case once, and their outputs are
 * compared. Then the libraries are timed in several rounds, one library after the other.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inputsOf } from "../cases/data.mjs";
import { difference, median, summary } from "./statistics.mjs";

/**
 * @typedef {import("./conversation.mjs").Conversation} Conversation
 * @typedef {import("../cases/cases.mjs").Case} Case
 * @typedef {import("./statistics.mjs").Summary} Summary
 *
 * @typedef {{ rounds: number, warm: number, round: number, patience?: number }} Effort milliseconds: of warming up, of each
 * round, for an answer
 * @typedef {Summary & { rounds: number[], count: number }} Timing nanoseconds, over all samples; the median of each round
 * @typedef {{ timings: Record<string, Timing>, differences: Record<string, number>, out: Record<string, string> }} Outcome
 */

/**
 * The allowed difference between the results of two libraries, relative to the largest element of a tensor. The
 * tolerance is larger than the float32 rounding error of 6e-8, because sums of 10,000 terms lose digits.
 */
export const tolerance = 1e-4;

/**
 * @param {Case} given @param {ReadonlyMap<string, Conversation>} peers the first to answer is the reference
 * @param {Effort} effort @returns {Promise<Outcome>}
 */
export async function measure({ family, sizes }, peers, { rounds, warm, round, patience }) {
  const folder = mkdtempSync(join(tmpdir(), "wengert-bench-"));
  /** @type {Outcome} */
  const outcome = { timings: {}, differences: {}, out: {} };
  /** @type {Map<string, Conversation>} */
  const running = new Map();
  try {
    const inputs = writeInputs(inputsOf(family, sizes), folder);
    /** @type {Record<string, Float64Array> | undefined} */
    let right;
    for (const [name, peer] of peers) {
      await attempt(name, async () => {
        const place = join(folder, name);
        mkdirSync(place);
        const outputs = readOutputs((await asked(peer, "prepare", { family, sizes, inputs, folder: place })).outputs);
        rmSync(place, { recursive: true });
        running.set(name, peer);
        if (Object.keys(outputs).length === 0) return; // a speed limit, which computes no result
        right ??= outputs;
        const { worst, where } = compare(outputs, right);
        outcome.differences[name] = worst;
        if (!(worst <= tolerance)) {
          running.delete(name);
          await peer.ask("release");
          throw new Error(`WRONG NUMBERS: ${where} differs by ${worst.toPrecision(2)} of its largest`);
        }
      });
    }
    right = undefined;

    /** @type {Map<string, number>} */
    const paces = new Map();
    for (const [name, peer] of running) {
      await attempt(name, async () => {
        paces.set(name, (await asked(peer, "warm", { milliseconds: warm })).nanoseconds);
      });
    }
    /** @type {Map<string, number[][]>} */
    const samples = new Map([...paces.keys()].map((name) => [name, []]));
    for (let i = 0; i < rounds; i++) {
      for (const name of turned([...samples.keys()], i)) {
        await attempt(name, async () => {
          const pace = /** @type {number} */ (paces.get(name));
          const repetitions = Math.max(1, Math.ceil(1e5 / pace)); // 0.1 ms, which clocks measure accurately
          const count = Math.max(1, Math.min(200, Math.floor((round * 1e6) / (pace * repetitions))));
          const peer = /** @type {Conversation} */ (running.get(name));
          const { nanoseconds } = await asked(peer, "time", { samples: count, repetitions });
          samples.get(name)?.push(nanoseconds);
        });
      }
    }
    for (const [name, lists] of samples) {
      if (outcome.out[name] !== undefined || lists.length === 0) continue;
      const all = lists.flat();
      outcome.timings[name] = { ...summary(all), rounds: lists.map((list) => median(list)), count: all.length };
    }
    for (const [name, peer] of running) await attempt(name, () => asked(peer, "release"));
    return outcome;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }

  /**
   * Sends a request to a peer (a compared library) and returns the answer.
   * @throws Error with the peer's error message
   * @param {Conversation} peer
   * @param {string} what
   * @param {object} [request]
   */
  async function asked(peer, what, request) {
    const answer = await peer.ask(what, request, patience);
    const trouble = answer.error ?? answer.unsupported;
    if (trouble !== undefined) throw new Error(trouble);
    return answer;
  }

  /**
   * Runs an action of a peer (a compared library). If the action fails, removes the peer from this benchmark case and
   * records the reason.
   * @param {string} name @param {() => Promise<unknown>} action
   */
  async function attempt(name, action) {
    if (outcome.out[name] !== undefined) return;
    try {
      await action();
    } catch (error) {
      outcome.out[name] = /** @type {Error} */ (error).message;
    }
  }
}

/**
 * Returns the name of the output with the largest difference from the reference library's output, and this difference.
 * @param {Record<string, Float64Array>} outputs @param {Record<string, Float64Array>} right
 */
export function compare(outputs, right) {
  let [worst, where] = [0, ""];
  for (const [name, expected] of Object.entries(right)) {
    const got = outputs[name];
    const far = got ? difference(got, expected) : Infinity;
    if (far > worst) [worst, where] = [far, name];
  }
  return { worst, where };
}

/**
 * Rotates the list of libraries (peers), so that each round begins with a different library.
 * @param {readonly string[]} names @param {number} round
 */
function turned(names, round) {
  const at = names.length === 0 ? 0 : round % names.length;
  return [...names.slice(at), ...names.slice(0, at)];
}

/** @param {ReturnType<typeof inputsOf>} inputs @param {string} folder */
function writeInputs(inputs, folder) {
  const entries = Object.entries(inputs).map(([name, { shape, values }]) => {
    const path = join(folder, `${name}.${values instanceof Int32Array ? "i32" : "f32"}`);
    writeFileSync(path, values);
    return [name, { shape, path }];
  });
  return Object.fromEntries(entries);
}

/** @param {Record<string, string>} paths @returns {Record<string, Float64Array>} */
function readOutputs(paths) {
  const read = (/** @type {string} */ path) => new Float64Array(new Uint8Array(readFileSync(path)).buffer);
  return Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, read(path)]));
}
