/** Starts the process of a compared library (peer), and sends it one request at a time. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const patience = 10_000; // the default timeout of an answer in milliseconds

/** @typedef {import("../peers/peers.mjs").Peer} Peer */

export class Conversation {
  /** @type {import("node:child_process").ChildProcess} */
  #process;
  /** @type {AsyncIterator<string>} */
  #lines;
  #said = "";
  /** @type {Record<string, string>} */
  versions = {};

  /** @param {import("node:child_process").ChildProcess} process */
  constructor(process) {
    this.#process = process;
    const replies = /** @type {import("node:stream").Readable} */ (process.stdio[3]);
    this.#lines = createInterface({ input: replies })[Symbol.asyncIterator]();
    const hear = (/** @type {Buffer} */ text) => {
      this.#said = `${this.#said}${text}`.slice(-2000);
    };
    process.stdout?.on("data", hear);
    process.stderr?.on("data", hear);
    process.stdin?.on("error", () => {}); // the peer has exited; the next answer reports it
  }

  /**
   * Starts the process of a peer (a compared library).
   * @param {Peer} peer @param {readonly string[]} prefix a command that starts the process, such as taskset
   * @throws Error with the reason if the peer cannot start
   */
  static async start({ command, env }, prefix) {
    const [program, ...args] = [...prefix, ...command];
    const child = spawn(/** @type {string} */ (program), args, {
      stdio: ["pipe", "pipe", "pipe", "pipe"],
      env: { ...cleanEnvironment(), ...env },
    });
    const failure = once(child, "error").then(([error]) => Promise.reject(error));
    failure.catch(() => {}); // Promise.race handles the error; a later error does not matter
    const conversation = new Conversation(child);
    const { versions } = await Promise.race([conversation.#answer(), failure]);
    conversation.versions = versions;
    return conversation;
  }

  /** @param {string} ask @param {object} [request] @returns {Promise<any>} its answer, with `error` if it failed */
  async ask(ask, request = {}, milliseconds = patience) {
    this.#process.stdin?.write(`${JSON.stringify({ ask, ...request })}\n`);
    return this.#answer(milliseconds);
  }

  /** Whether its process has ended. */
  get isOver() {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  stop() {
    this.#process.kill("SIGKILL");
  }

  async #answer(milliseconds = patience) {
    const timer = setTimeout(() => {
      this.#said = `no answer within ${milliseconds / 1000} s`;
      this.stop();
    }, milliseconds);
    try {
      const { done, value } = await this.#lines.next();
      if (!done) return JSON.parse(value);
    } finally {
      clearTimeout(timer);
    }
    if (!this.isOver) await once(this.#process, "close");
    const said = this.#said.split("\n").map((line) => line.trim());
    const last = said.findLast((line) => /^\w*(Error|error)\b.*:/.test(line)) ?? said.findLast((line) => line !== "");
    throw new Error(last ?? `exited without a message (${this.#process.signalCode ?? this.#process.exitCode})`);
  }
}

/**
 * Returns the environment variables for the process of a library: those of this process, except variables that choose
 * kernels or the number of threads.
 */
function cleanEnvironment() {
  const chosen = /^(WENGERT_|OPENBLAS_|OMP_|MKL_|NODE_OPTIONS$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !chosen.test(name)));
}
