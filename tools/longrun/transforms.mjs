/**
 * Compares scan, vmap and jacobian with plain loops on the built packages in plain Node, and prints the tables of
 * docs/transforms.md:
 *
 *   node tools/longrun/transforms.mjs [--rounds 15]
 *
 * The compared functions run in turn, round after round. The measured quantity is CPU time, because other processes
 * distort elapsed time.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** @typedef {import("../../packages/core/src/index.ts").Tensor} Tensor */
/** @typedef {{ readonly [name: string]: Tensor }} Params */
/** @typedef {{ readonly [name: string]: (params: Params) => Tensor }} Functions */

const { values: options } = parseArgs({ options: { rounds: { type: "string", default: "15" } } });
const rounds = Number(options.rounds);
setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc");

/** @type {typeof import("../../packages/core/src/index.ts")} */
const { cost, grad, jacobian, scan, tensor, trace, valueAndGrad, vjp, vmap, zeros } = await load("core");
/** @type {typeof import("../../packages/ops/src/index.ts")} */
const ops = await load("ops");
const { add, at, matmul, mean, mul, randomKey, randomNormal, sigmoid, sin, slice, square, stack, sub, tanh } = ops;

console.log(`${cpus()[0]?.model}, Node ${process.versions.node}, ${rounds} rounds`);
gru();
pendulum();
perExampleGradients();
jacobianOfLayers();

/** A GRU with 32 units on 8 sequences of 512 entries with 8 features. */
function gru() {
  const [length, batch, features, units] = [512, 8, 8, 32];
  const params = {
    W: mul(0.2, randomNormal(randomKey(1), { shape: [features, 3 * units] })),
    U: mul(0.1, randomNormal(randomKey(2), { shape: [units, 3 * units] })),
  };
  const xs = randomNormal(randomKey(3), { shape: [length, batch, features] });
  const start = zeros([batch, units]);
  const gate = (/** @type {Tensor} */ x, /** @type {number} */ n) =>
    slice(x, { start: [0, n * units], stop: [batch, (n + 1) * units] });
  /** @param {Params} params @param {Tensor} h @param {Tensor} x */
  const next = ({ W, U }, h, x) => {
    const [ofX, ofH] = [matmul(x, /** @type {Tensor} */ (W)), matmul(h, /** @type {Tensor} */ (U))];
    const update = sigmoid(add(gate(ofX, 0), gate(ofH, 0)));
    const reset = sigmoid(add(gate(ofX, 1), gate(ofH, 1)));
    const candidate = tanh(add(gate(ofX, 2), mul(reset, gate(ofH, 2))));
    return add(mul(update, h), mul(sub(1, update), candidate));
  };
  /** @param {number} segments @returns {(p: Params) => Tensor} */
  const byScan = (segments) => (p) =>
    mean(square(scan((h, x) => [next(p, h, x), undefined], start, xs, { segments }).carry));
  compareLoops("GRU, 512 steps", params, {
    "plain loop": (p) => {
      let h = start;
      for (let t = 0; t < length; t++) h = next(p, h, at(xs, t));
      return mean(square(h));
    },
    scan: byScan(1),
    "scan, 23 segments": byScan(23),
  });
}

/** A pendulum with friction: 10,000 steps of the semi-implicit Euler method. */
function pendulum() {
  const [length, dt] = [10_000, 0.001];
  const released = { angle: tensor(1), speed: tensor(0) };
  /** @param {Params} params @param {typeof released} state */
  const next = ({ k, c }, { angle, speed }) => {
    const force = add(mul(/** @type {Tensor} */ (k), sin(angle)), mul(/** @type {Tensor} */ (c), speed));
    const nextSpeed = sub(speed, mul(dt, force));
    return { angle: add(angle, mul(dt, nextSpeed)), speed: nextSpeed };
  };
  /** @param {number} segments @returns {(p: Params) => Tensor} */
  const byScan = (segments) => (p) =>
    square(scan((state) => [next(p, state), undefined], released, undefined, { length, segments }).carry.angle);
  compareLoops(
    "Pendulum, 10,000 steps",
    { k: tensor(9.8), c: tensor(0.1) },
    {
      "plain loop": (p) => {
        let state = released;
        for (let t = 0; t < length; t++) state = next(p, state);
        return square(state.angle);
      },
      scan: byScan(1),
      "scan, 100 segments": byScan(100),
    },
  );
}

/** The gradient for each of 256 examples, for a network with layers of 10, 32 and 1 units. */
function perExampleGradients() {
  const X = randomNormal(randomKey(6), { shape: [256, 10] });
  const params = {
    W: randomNormal(randomKey(4), { shape: [10, 32] }),
    v: randomNormal(randomKey(5), { shape: [32] }),
  };
  /** @param {Params} params @param {Tensor} x */
  const loss = ({ W, v }, x) => square(matmul(tanh(matmul(x, /** @type {Tensor} */ (W))), /** @type {Tensor} */ (v)));
  compare("256 gradients of a network 10-32-1", params, {
    "plain loop": (p) =>
      stack(Array.from({ length: 256 }, (_, i) => /** @type {Tensor} */ (grad(loss)(p, at(X, i)).W))),
    vmap: (p) => /** @type {Tensor} */ (vmap(grad(loss), { inAxes: [null, 0] })(p, X).W),
  });
}

/** The Jacobian of two layers of 64 units. */
function jacobianOfLayers() {
  const W = mul(0.1, randomNormal(randomKey(7), { shape: [64, 64] }));
  const basis = Array.from({ length: 64 }, (_, i) => tensor(Array.from({ length: 64 }, (_, j) => Number(i === j))));
  const f = (/** @type {Tensor} */ x) => tanh(matmul(W, tanh(matmul(W, x))));
  compare(
    "Jacobian of 64 outputs by 64 inputs",
    { x: at(W, 0) },
    {
      "one pullback at a time": ({ x }) => {
        const { pullback } = vjp(f, /** @type {Tensor} */ (x));
        return stack(basis.map((u) => pullback(u)[0]));
      },
      jacobian: ({ x }) => jacobian(f)(/** @type {Tensor} */ (x)),
    },
  );
}

/**
 * Prints a line for each function, which must return a loss: the time of its gradient, the bytes that `cost` predicts,
 * the measured bytes on the heap, and the number of steps of the traced gradient.
 * @param {string} title @param {Params} params @param {Functions} functions
 */
function compareLoops(title, params, functions) {
  const gradients = Object.entries(functions).map(([name, f]) => ({ name, loss: f, f: valueAndGrad(f) }));
  const times = timesOf(Object.fromEntries(gradients.map(({ name, f }) => [name, () => f(params)])));
  console.log(
    `\n| ${title} | CPU time | ratio | peakBytes | held on the heap | steps |\n| --- | --- | --- | --- | --- | --- |`,
  );
  for (const { name, loss, f } of gradients) {
    const program = trace(f, params);
    const bytes = [cost(program).peakBytes, heldBytes(() => vjp(loss, params))];
    console.log(`| ${name} | ${times[name]} | ${bytes.map(megabytes).join(" | ")} | ${program.steps.length} |`);
  }
}

/** @param {string} title @param {Params} params @param {Functions} functions */
function compare(title, params, functions) {
  const times = timesOf(Object.fromEntries(Object.entries(functions).map(([name, f]) => [name, () => f(params)])));
  console.log(`\n| ${title} | CPU time | ratio |\n| --- | --- | --- |`);
  for (const name of Object.keys(functions)) console.log(`| ${name} | ${times[name]} |`);
}

/**
 * Returns for each function the median CPU time with half the interquartile range, and the ratio of this time to the
 * time of the first function. Fast functions run several times per round.
 * @param {{ readonly [name: string]: () => unknown }} functions @returns {{ readonly [name: string]: string }}
 */
function timesOf(functions) {
  const all = Object.entries(functions).map(([name, f]) => {
    const run = (/** @type {number} */ repeats) => {
      const begin = process.cpuUsage();
      for (let i = 0; i < repeats; i++) f();
      const { user, system } = process.cpuUsage(begin);
      return (user + system) / 1000 / repeats; // ms
    };
    run(3);
    return { name, run, repeats: Math.ceil(100 / run(3)), times: /** @type {number[]} */ ([]) };
  });
  for (let round = 0; round < rounds; round++) for (const { run, repeats, times } of all) times.push(run(repeats));
  for (const { times } of all) times.sort((a, b) => a - b);
  /** @param {readonly number[]} times @param {number} share */
  const quantile = (times, share) => /** @type {number} */ (times[Math.floor(share * (times.length - 1))]);
  const first = quantile(/** @type {(typeof all)[number]} */ (all[0]).times, 0.5);
  return Object.fromEntries(
    all.map(({ name, times }) => {
      const [median, spread] = [quantile(times, 0.5), (quantile(times, 0.75) - quantile(times, 0.25)) / 2];
      return [name, `${median.toFixed(1)} ms ± ${spread.toFixed(1)} | ${(median / first).toFixed(2)}`];
    }),
  );
}

/** Returns the bytes of memory that the result of a function holds: the median of several calls. @param {() => unknown} body */
function heldBytes(body) {
  const differences = Array.from({ length: 7 }, () => {
    const before = used();
    const result = body();
    const after = used();
    return result === undefined ? 0 : after - before;
  });
  return /** @type {number} */ (differences.toSorted((a, b) => a - b)[3]);
}

function used() {
  for (let i = 0; i < 4; i++) gc(); // only a later collection frees some garbage
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function megabytes(/** @type {number} */ bytes) {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}

function load(/** @type {string} */ name) {
  return import(new URL(`../../packages/${name}/dist/index.js`, import.meta.url).href);
}
