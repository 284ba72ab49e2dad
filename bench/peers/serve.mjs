/**
 * Serves requests to run benchmark cases with a library in Node. Each line of standard input is a JSON request. JSON
 * answers go to file descriptor 3, because libraries may print to standard output.
 */
import { readFileSync, writeFileSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";

/**
 * @typedef {Record<string, { shape: number[], values: Float32Array | Int32Array }>} Inputs
 * @typedef {Record<string, ArrayLike<number>>} Outputs numbers in typed arrays
 * @typedef {() => Outputs | Promise<Outputs>} Run one repetition of the timed computation
 * @typedef {(inputs: Inputs, sizes: Record<string, number>) => Run | Promise<Run>} Family
 */

/** @param {Record<string, string>} versions @param {Record<string, Family>} families */
export async function serve(versions, families) {
  /** @type {Run | undefined} */
  let run;
  let isAsync = false;

  /** @type {Record<string, (request: any) => any>} */
  const answers = {
    /** Runs the benchmark case once and writes its outputs, which are then compared with those of other libraries. */
    async prepare({ family, sizes, inputs, folder }) {
      const make = families[family];
      if (!make) return { unsupported: `has no ${family}` };
      run = await make(read(inputs), sizes);
      const result = run();
      isAsync = result instanceof Promise;
      return { outputs: write(await result, folder) };
    },
    /**
     * Repeats the benchmark case for the given number of milliseconds as a warm-up. Answers with the nanoseconds per
     * repetition.
     */
    async warm({ milliseconds }) {
      const end = performance.now() + milliseconds;
      let last = 0;
      do last = await repeat(1);
      while (performance.now() < end);
      const count = Math.max(1, Math.min(1000, Math.floor(2e6 / last)));
      return { nanoseconds: await repeat(count) };
    },
    async time({ samples, repetitions }) {
      const nanoseconds = [];
      for (let i = 0; i < samples; i++) nanoseconds.push(await repeat(repetitions));
      return { nanoseconds };
    },
    release() {
      run = undefined;
      return {};
    },
  };

  /** Repeats the benchmark case `count` times, and returns the nanoseconds per repetition. @param {number} count */
  async function repeat(count) {
    const once = /** @type {Run} */ (run);
    const begin = process.hrtime.bigint();
    if (isAsync) for (let i = 0; i < count; i++) await once();
    else for (let i = 0; i < count; i++) once();
    return Number(process.hrtime.bigint() - begin) / count;
  }

  answer({ versions: { node: process.versions.node, ...versions } });
  for await (const line of createInterface({ input: process.stdin })) {
    const { ask, ...request } = JSON.parse(line);
    try {
      answer(await answers[ask]?.(request));
    } catch (error) {
      run = undefined;
      answer({ error: String(error instanceof Error ? error.message : error).slice(0, 200) });
    }
  }
  process.exit(0);
}

/** @param {Record<string, { shape: number[], path: string }>} files @returns {Inputs} */
function read(files) {
  const entries = Object.entries(files).map(([name, { shape, path }]) => {
    const { buffer } = new Uint8Array(readFileSync(path)); // a copy, because the buffer may be an unaligned part of a pool
    return [name, { shape, values: path.endsWith(".i32") ? new Int32Array(buffer) : new Float32Array(buffer) }];
  });
  return Object.fromEntries(entries);
}

/**
 * Writes the outputs to files as float64, which represents the numbers of all dtypes exactly.
 * @param {Outputs} outputs @param {string} folder
 */
function write(outputs, folder) {
  const entries = Object.entries(outputs).map(([name, values]) => {
    const path = `${folder}/${name}.f64`;
    writeFileSync(path, Float64Array.from(values));
    return [name, path];
  });
  return Object.fromEntries(entries);
}

/** @param {object} message */
function answer(message) {
  writeSync(3, `${JSON.stringify(message)}\n`);
}
