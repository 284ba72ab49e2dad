/**
 * The benchmark cases. A family is a computation, such as softmax, that each compared library (peer) implements. A case
 * is a family with fixed array sizes. A timed call must read its outputs as numbers, because some libraries compute
 * only when the numbers are read.
 */

/** @typedef {{ name: string, title: string, family: string, sizes: Readonly<Record<string, number>> }} Case */

/** @type {readonly Case[]} */
export const cases = [
  softmax(128, 10),
  softmax(1024, 1000),
  softmax(64, 50257),
  regression(128),
  regression(10_000),
  { name: "mlp", title: "MLP 784-128-10 step, batch 128", family: "mlp", sizes: { rows: 128, hidden: 128 } },
  { name: "tiny-mlp", title: "tiny MLP 2-16-16-1, batch 1", family: "tiny", sizes: {} },
  chain(1000),
  { name: "cnn", title: "gradient of a CNN, batch 64", family: "cnn", sizes: { rows: 64, first: 8, second: 16 } },
  {
    name: "transformer",
    title: "transformer step of the example",
    family: "transformer",
    sizes: { rows: 16, places: 64, characters: 83, width: 64, heads: 4, layers: 2 },
  },
  { name: "adamw", title: "AdamW update of 100,000 parameters", family: "adamw", sizes: { size: 100_000 } },
  gemm(128, 784, 10),
  gemm(512, 512, 512),
  {
    name: "hessian",
    title: "Hessian, softmax regression, 50 weights",
    family: "hessian",
    sizes: { rows: 200, features: 5 },
  },
];

/**
 * Returns the benchmark case of softmax and its VJP, for a matrix of the given size.
 * @param {number} rows @param {number} K @returns {Case}
 */
export function softmax(rows, K) {
  return {
    name: `softmax-${rows}x${K}`,
    title: `softmax + VJP [${rows}, ${K}]`,
    family: "softmax",
    sizes: { rows, K },
  };
}

/**
 * Returns the benchmark case of a training step of softmax regression on digits: loss, gradients, and update of each
 * parameter p to p − 0.1 · ∂loss/∂p.
 * @param {number} rows @returns {Case}
 */
export function regression(rows) {
  const title = `softmax-regression step [${rows}, 784], K 10`;
  return { name: `regression-${rows}`, title, family: "regression", sizes: { rows } };
}

/**
 * Returns the benchmark case of a gradient through a chain of `length` ops on 8 numbers, alternately tanh and add. For
 * a long chain, a small `scale` keeps the derivative of tanh near 1, so the gradient does not underflow in float32.
 * @param {number} length @param {number} [scale] @returns {Case}
 */
export function chain(length, scale = 1) {
  return { name: `chain-${length}`, title: `chain of ${length} ops on [8]`, family: "chain", sizes: { length, scale } };
}

/**
 * Returns the benchmark case of a single matrix product.
 * @param {number} m @param {number} k @param {number} n @returns {Case}
 */
function gemm(m, k, n) {
  return { name: `gemm-${m}x${k}x${n}`, title: `gemm ${m}×${k}×${n}`, family: "gemm", sizes: { m, k, n } };
}
