/**
 * The performance goals for float32 on one thread: time ratios, times and bundle sizes. The goals relative to PyTorch
 * were set for a PyTorch whose BLAS uses 128-bit vectors, so the printed table also shows the ratio to such a PyTorch.
 */
import { ratio } from "./statistics.mjs";
import { duration } from "./tables.mjs";

/**
 * @typedef {import("./results.mjs").Results} Results
 * @typedef {{ title: string, goal: string, measured: string, reached: boolean | undefined }} Verdict undefined: not measured
 */

/**
 * The goals. Each goal names a benchmark case, another library, and the largest allowed ratio of Wengert's time to the
 * time of this library.
 * @type {readonly (readonly [string, string, number])[]}
 */
const ratios = [
  ["softmax-128x10", "torch", 0.35],
  ["softmax-128x10", "tfjs-wasm", 0.4],
  ["softmax-1024x1000", "tfjs-wasm", 0.65],
  ["softmax-1024x1000", "torch", 2.2],
  ["regression-128", "torch", 1],
  ["regression-128", "tfjs-wasm", 0.17],
  ["regression-128", "jax-js", 0.17],
  ["regression-10000", "torch", 1],
  ["regression-10000", "tfjs-wasm", 0.18],
  ["mlp", "tfjs-wasm", 0.15],
  ["mlp", "jax-js", 0.7],
  ["mlp", "torch", 1.3],
  ["tiny-mlp", "torch", 0.6],
  ["tiny-mlp", "tfjs-wasm", 0.25],
  ["chain-1000", "torch", 0.12],
  ["chain-1000", "tfjs-wasm", 0.04],
  ["gemm-512x512x512", "limit", 1 / 0.85],
];
/**
 * The goals for compiled functions. Each goal names a benchmark case, another library (peer), and the largest allowed
 * ratio of the compiled function's time to the time of this library.
 */
const compiledRatios = /** @type {readonly (readonly [string, string, number])[]} */ ([
  ["chain-1000", "torch", 0.012],
  ["chain-1000", "wengert", 0.06],
  ["chain-1000", "tfjs-wasm", 0.004],
  ["tiny-mlp", "torch", 0.055],
  ["tiny-mlp", "wengert", 0.2],
  ["tiny-mlp", "tfjs-wasm", 0.03],
  ["regression-128", "torch", 0.75],
  ["regression-128", "wengert", 0.6],
  ["regression-128", "tfjs-wasm", 0.1],
  ["regression-10000", "torch", 1],
  ["regression-10000", "wengert", 0.95],
  ["regression-10000", "tfjs-wasm", 0.14],
  ["mlp", "torch", 1.6],
  ["mlp", "wengert", 0.75],
  ["mlp", "tfjs-wasm", 0.1],
  ["softmax-1024x1000", "torch", 2],
  ["softmax-1024x1000", "wengert", 0.6],
  ["softmax-1024x1000", "tfjs-wasm", 0.6],
  ["adamw", "torch", 0.5],
  ["adamw", "wengert", 0.12],
  ["hessian", "torch", 0.1],
  ["hessian", "wengert", 0.07],
  ["cnn", "torch", 3],
  ["cnn", "tfjs-wasm", 1],
  ["cnn", "tfjs-cpu", 1],
  ["transformer", "torch", 1.5],
  ["transformer", "wengert", 0.3],
]);
const float64 = 2; // the allowed ratio of the float64 time to the float32 time
const firstMilliseconds = 60;
const firstRatio = 0.3; // the allowed ratio to the faster backend of TensorFlow.js
/** @type {Readonly<Record<string, number>>} kB gzipped */
const bundles = { "wengert-all": 35, "wengert-small": 15 };
const binary = 15; // kB

/** @param {Results} results @param {Record<string, string>} titles @returns {Verdict[]} */
export function verdicts(results, titles) {
  /** @type {Verdict[]} */
  const all = [];
  /**
   * @param {string} title @param {string} goal @param {number} limit @param {number | undefined} value
   * @param {(value: number) => string} [show]
   */
  const atMost = (title, goal, limit, value, show = (value) => value.toPrecision(2)) => {
    const measured = value === undefined ? "–" : show(value);
    all.push({ title, goal, measured, reached: value === undefined ? undefined : value <= limit });
  };
  for (const { name, title, timings } of results.cases) {
    for (const [, peer, limit] of ratios.filter(([wanted, peer]) => wanted === name && peer in titles)) {
      const value = quotient(timings.wengert, timings[peer]);
      if (peer === "limit") {
        const goal = `≥ ${Math.round(100 / limit)} % of the ${titles[peer]}`;
        atMost(title, goal, limit, value, (value) => `${(100 / value).toFixed(0)} %`);
        continue;
      }
      const sse = peer === "torch" ? quotient(timings.wengert, timings["torch-sse"]) : undefined;
      const beside = sse === undefined ? "" : ` (128 bits: ${sse.toPrecision(2)})`;
      atMost(title, `≤ ${limit} × ${titles[peer]}`, limit, value, (value) => value.toPrecision(2) + beside);
    }
    for (const [wanted, peer, limit] of "compiled" in titles ? compiledRatios : []) {
      if (wanted !== name || !(peer in titles)) continue;
      const value = quotient(timings.compiled, timings[peer]);
      atMost(title, `compiled ≤ ${limit} × ${titles[peer]}`, limit, value);
    }
    atMost(title, `float64 ≤ ${float64} × float32`, float64, quotient(timings.float64, timings.wengert));
  }
  const first = Object.fromEntries((results.first ?? []).map(({ name, timing }) => [name, timing]));
  if (results.first) {
    const title = "import → first gradient";
    atMost(title, `≤ ${firstMilliseconds} ms`, 1e6 * firstMilliseconds, first.wengert?.median, duration);
    const theirs = [first["tfjs-wasm"], first["tfjs-cpu"]].filter((timing) => timing !== undefined);
    const fastest = theirs.toSorted((a, b) => a.median - b.median)[0];
    atMost(title, `≤ ${firstRatio} × tfjs`, firstRatio, quotient(first.wengert, fastest));
  }
  for (const { name, title, gzipped, binary: kernels } of results.bundles ?? []) {
    const limit = bundles[name];
    if (limit === undefined) continue;
    atMost(title, `≤ ${limit} kB gzipped`, 1000 * limit, gzipped, kilobytes);
    atMost(title, `its kernels ≤ ${binary} kB`, 1000 * binary, kernels, kilobytes);
  }
  return all;
}

/** @typedef {import("./measure.mjs").Timing} Timing @param {Timing | undefined} a @param {Timing | undefined} b */
function quotient(a, b) {
  return a && b && ratio(a.rounds, b.rounds);
}

/** @param {number} bytes */
export function kilobytes(bytes) {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
