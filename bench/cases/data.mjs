/**
 * The input data of the benchmark cases. All libraries and all runs use the same data. The data are rounded to float32,
 * so that libraries that compute in float64 start from the same numbers.
 */

/** @typedef {{ shape: readonly number[], values: Float32Array | Int32Array }} Input */

const classes = 10;
const pixels = 784;

/** @type {Readonly<Record<string, (sizes: Readonly<Record<string, any>>) => Record<string, Input>>>} */
const families = {
  softmax: ({ rows, K }) => ({ x: normal([rows, K], 1, 2), g: normal([rows, K], 2) }),
  regression: ({ rows }) => digits(rows),
  mlp: ({ rows, hidden }) => ({
    ...digits(rows),
    A: normal([pixels, hidden], 3, 0.05),
    a: zeros([hidden]),
    B: normal([hidden, classes], 4, 0.05),
    b: zeros([classes]),
  }),
  tiny: () => ({
    x: { shape: [1, 2], values: Float32Array.of(0.3, -0.7) },
    A: normal([2, 16], 5),
    a: zeros([16]),
    B: normal([16, 16], 6, 0.3),
    b: zeros([16]),
    C: normal([16, 1], 7, 0.3),
    c: zeros([1]),
  }),
  chain: ({ scale }) => ({ x: normal([8], 8, scale), c: normal([8], 9, 1e-4 * scale ** 2) }),
  // The inputs of a network with two 5 × 5 convolutions, each followed by max pooling, and a dense layer. The last axis
  // of a tensor has the channels.
  cnn: ({ rows, first, second }) => ({
    x: { shape: [rows, 28, 28, 1], values: digits(rows).X.values },
    labels: labelsOf([rows], 16),
    K: normal([5, 5, 1, first], 17, 0.2),
    L: normal([5, 5, first, second], 18, 0.1),
    W: normal([16 * second, classes], 19, 0.05),
  }),
  transformer,
  adamw: ({ size }) => ({ p: normal([size], 20), g: normal([size], 21) }),
  gemm: ({ m, k, n }) => ({ a: normal([m, k], 10), b: normal([k, n], 11) }),
  hessian: ({ rows, features }) => ({
    X: normal([rows, features], 12),
    labels: labelsOf([rows], 13),
    W: normal([features, classes], 14, 0.1),
  }),
};

/** @param {string} family @param {Readonly<Record<string, number>>} sizes @returns {Record<string, Input>} */
export function inputsOf(family, sizes) {
  const make = families[family];
  if (!make) throw new Error(`unknown family ${family}`);
  return make(sizes);
}

/**
 * Returns a batch of texts, and the initial parameters of the example `transformer` for vectors of the given width. The
 * name of a parameter is its path in the example's model, such as "blocks.0.query".
 * @param {Readonly<Record<string, any>>} sizes @returns {Record<string, Input>}
 */
function transformer({ rows, places, characters, width, layers }) {
  let seed = 22;
  const text = () => labelsOf([rows, places], seed++, characters);
  const matrix = (/** @type {number} */ m, /** @type {number} */ n) => normal([m, n], seed++, 0.02);
  const norm = (/** @type {string} */ name) => ({ [`${name}.gain`]: ones([width]), [`${name}.shift`]: zeros([width]) });
  const block = (/** @type {string} */ name) => ({
    ...norm(`${name}.before`),
    [`${name}.query`]: matrix(width, width),
    [`${name}.key`]: matrix(width, width),
    [`${name}.value`]: matrix(width, width),
    [`${name}.output`]: matrix(width, width),
    ...norm(`${name}.between`),
    [`${name}.wide.W`]: matrix(width, 4 * width),
    [`${name}.wide.b`]: zeros([4 * width]),
    [`${name}.narrow.W`]: matrix(4 * width, width),
    [`${name}.narrow.b`]: zeros([width]),
  });
  return {
    read: text(),
    next: text(),
    characters: matrix(characters, width),
    places: matrix(places, width),
    ...Object.assign({}, ...Array.from({ length: layers }, (_, i) => block(`blocks.${i}`))),
    ...norm("last"),
  };
}

/** Returns random images that resemble MNIST: four of five pixels are 0. @param {number} rows */
function digits(rows) {
  const random = uniform(15);
  const values = Float32Array.from({ length: rows * pixels }, () => (random() > 0.81 ? random() : 0));
  return { X: { shape: [rows, pixels], values }, labels: labelsOf([rows], 16) };
}

/**
 * Returns random labels below `count`, with low labels more frequent. If all labels were equally frequent, the gradient
 * of a bias would lose digits by cancellation.
 * @param {number[]} shape @param {number} seed @returns {Input}
 */
function labelsOf(shape, seed, count = classes) {
  const random = uniform(seed);
  return { shape, values: Int32Array.from({ length: sizeOf(shape) }, () => Math.floor(count * random() ** 2)) };
}

/** @param {number[]} shape @returns {Input} */
function zeros(shape) {
  return { shape, values: new Float32Array(sizeOf(shape)) };
}

/** @param {number[]} shape @returns {Input} */
function ones(shape) {
  return { shape, values: new Float32Array(sizeOf(shape)).fill(1) };
}

/**
 * Draws normally distributed numbers with the Box–Muller transform.
 * @param {number[]} shape @param {number} seed @returns {Input}
 */
function normal(shape, seed, scale = 1) {
  const random = uniform(seed);
  const one = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return { shape, values: Float32Array.from({ length: sizeOf(shape) }, () => scale * one()) };
}

/**
 * Returns a generator of uniformly distributed numbers in [0, 1), the algorithm mulberry32 by T. Ettinger.
 * @param {number} seed
 */
function uniform(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @param {readonly number[]} shape */
function sizeOf(shape) {
  return shape.reduce((product, size) => product * size, 1);
}
