/**
 * Compares the CPU time of compiled functions (@wengert/compile) with that of the same functions in eager mode, and
 * lists the cases in which the compiled function is slower. Calls of the two alternate within one process.
 *
 *   npm run plans -- --only softmax,MLP --rounds 15 --show    some cases, with their instructions
 */
import { parseArgs } from "node:util";

const { grad, treeMap, valueAndGrad, vjp, zeros } = await load("core");
const { add, axpy, crossEntropy, gelu, layerNorm, matmul, mul, randomInteger, randomKey, randomNormal } =
  await load("ops");
const { relu, softmax, square, sub, sum, tanh } = await load("ops");
const { adamw, applyUpdates } = await load("train");
const { compile } = await load("compile");

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    rounds: { type: "string", default: "15" },
    show: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const only = values.only?.split(",");

/** @typedef {import("../../packages/core/src/index.ts").Tensor} Tensor */
/** @typedef {"float32" | "float64"} Float */
/** @type {(seed: number, shape: number[], dtype: Float) => Tensor} */
const normal = (seed, shape, dtype) => randomNormal(randomKey(seed), { shape, dtype });

/** @param {Float} dtype */
function mlp(dtype) {
  const [X, y] = [normal(3, [128, 784], dtype), randomInteger(randomKey(5), { high: 10, shape: [128] })];
  const params = {
    A: mul(normal(1, [784, 128], dtype), 0.05),
    a: zeros([128], { dtype }),
    B: mul(normal(2, [128, 10], dtype), 0.1),
    b: zeros([10], { dtype }),
  };
  /** @type {(p: typeof params, X: Tensor, y: Tensor) => Tensor} */
  const loss = (p, X, y) => crossEntropy(add(matmul(relu(add(matmul(X, p.A), p.a)), p.B), p.b), y);
  /** @param {[typeof params, Tensor, Tensor]} args */
  const step = (...[p, X, y]) => {
    const { value, grad: g } = valueAndGrad((/** @type {typeof params} */ q) => loss(q, X, y))(p);
    return { loss: value, params: treeMap((w, s) => axpy(-0.1, s, w), p, g) };
  };
  return [step, [params, X, y]];
}

/** @param {Float} dtype @param {number} batch */
function softmaxRegression(dtype, batch) {
  const [X, y] = [normal(3, [batch, 784], dtype), randomInteger(randomKey(5), { high: 10, shape: [batch] })];
  const params = { W: mul(normal(1, [784, 10], dtype), 0.05), b: zeros([10], { dtype }) };
  /** @type {(p: typeof params, X: Tensor, y: Tensor) => unknown} */
  const step = (p, X, y) => {
    const loss = (/** @type {typeof params} */ q) => crossEntropy(add(matmul(X, q.W), q.b), y);
    const { value, grad: g } = valueAndGrad(loss)(p);
    return { loss: value, params: treeMap((w, s) => axpy(-0.1, s, w), p, g) };
  };
  return [step, [params, X, y]];
}

/** @param {Float} dtype */
function tiny(dtype) {
  const params = [
    { W: normal(1, [2, 16], dtype), b: zeros([16], { dtype }) },
    { W: normal(2, [16, 16], dtype), b: zeros([16], { dtype }) },
    { W: normal(3, [16, 1], dtype), b: zeros([1], { dtype }) },
  ];
  /** @type {(p: typeof params, x: Tensor) => Tensor} */
  const loss = (p, x) => sum(p.reduce((h, { W, b }) => tanh(add(matmul(h, W), b)), x));
  return [
    (/** @type {typeof params} */ p, /** @type {Tensor} */ x) =>
      grad((/** @type {typeof params} */ q) => loss(q, x))(p),
    [params, normal(4, [1, 2], dtype)],
  ];
}

/** @param {Float} dtype @param {number} size */
function adam(dtype, size) {
  const optimizer = adamw({ learningRate: 0.004 });
  const [params, g] = [{ A: normal(1, [size], dtype) }, { A: normal(2, [size], dtype) }];
  /** @type {(p: typeof params, state: ReturnType<typeof optimizer.init>, g: typeof params) => unknown} */
  const step = (p, state, g) => {
    const { updates, state: next } = optimizer.update(g, state, p);
    return { params: applyUpdates(p, updates), state: next };
  };
  return [step, [params, optimizer.init(params), g]];
}

/** @param {Float} dtype */
const softmaxVjp = (dtype) => [
  (/** @type {Tensor} */ x, /** @type {Tensor} */ g) => {
    const { value, pullback } = vjp((/** @type {Tensor} */ y) => softmax(y), x);
    return [value, pullback(g)[0]];
  },
  [normal(1, [1024, 1000], dtype), normal(2, [1024, 1000], dtype)],
];

/** @param {Float} dtype @param {number} size @param {number} steps @param {(h: Tensor, c: Tensor) => Tensor} f */
const chain = (dtype, size, steps, f) => [
  (/** @type {Tensor} */ x, /** @type {Tensor} */ c) =>
    grad((/** @type {Tensor} */ y) => {
      let h = y;
      for (let i = 0; i < steps; i++) h = f(h, c);
      return sum(h);
    })(x),
  [normal(1, [size], dtype), normal(2, [size], dtype)],
];

/** @param {Float} dtype */
function block(dtype) {
  const params = { A: mul(normal(1, [64, 256], dtype), 0.1), B: mul(normal(2, [256, 64], dtype), 0.1) };
  /** @type {(p: typeof params, x: Tensor) => unknown} */
  const step = (p, x) =>
    grad((/** @type {typeof params} */ q) => sum(square(add(x, matmul(gelu(matmul(layerNorm(x), q.A)), q.B)))))(p);
  return [step, [params, normal(3, [32, 64], dtype)]];
}

/** @type {Record<string, (dtype: Float) => unknown>} */
const cases = {
  "chain of 500 tanh and add, [8]": (dtype) => chain(dtype, 8, 500, (h, c) => add(tanh(h), c)),
  "chain of 20 tanh and add, [10000]": (dtype) => chain(dtype, 10_000, 20, (h, c) => add(tanh(h), c)),
  "chain of 18 arithmetic steps, [100000]": (dtype) => chain(dtype, 100_000, 6, (h, c) => square(sub(mul(h, c), 0.5))),
  "one sum of two, [1000000]": (dtype) => [add, [normal(1, [1_000_000], dtype), normal(2, [1_000_000], dtype)]],
  "tiny MLP 2-16-16-1, gradient": tiny,
  "MLP 784-128-10 step, batch 128": mlp,
  "softmax-regression step [128, 784]": (dtype) => softmaxRegression(dtype, 128),
  "softmax and VJP [1024, 1000]": softmaxVjp,
  "AdamW of 100 parameters": (dtype) => adam(dtype, 100),
  "AdamW of 100,000 parameters": (dtype) => adam(dtype, 100_352),
  "layerNorm, GELU and products [32, 64]": block,
};

/** Returns the CPU time of `calls` calls, in ms. @param {() => unknown} f @param {number} calls */
function cpuTime(f, calls) {
  const before = process.cpuUsage();
  for (let i = 0; i < calls; i++) f();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
/** @param {readonly number[]} xs @param {number} q */
const quantile = (xs, q) => xs.toSorted((a, b) => a - b)[Math.floor(q * (xs.length - 1))] ?? Number.NaN;
/** @param {number} x */
const three = (x) => x.toPrecision(3).padStart(8);

const slower = [];
console.log(`${"case".padEnd(40)} dtype   eager, ms  wasm / eager (quartiles)   js / eager  first call, ms`);
for (const [name, make] of Object.entries(cases)) {
  if (only && !only.some((part) => name.includes(part))) continue;
  for (const dtype of /** @type {const} */ (["float32", "float64"])) {
    const [f, args] = /** @type {[(...args: unknown[]) => Tensor, unknown[]]} */ (make(dtype));
    const [wasm, js] = [compile(f), compile(f, { engine: "js" })];
    const start = performance.now();
    wasm(...args);
    const first = performance.now() - start;
    const contenders = [() => f(...args), () => wasm(...args), () => js(...args)];
    for (const run of contenders) cpuTime(run, 3);
    const counts = contenders.map((run) => Math.max(1, Math.round(60 / Math.max(cpuTime(run, 4), 0.01))));
    for (const [k, run] of contenders.entries()) cpuTime(run, counts[k] ?? 1); // warms the code up
    const times = contenders.map(() => /** @type {number[]} */ ([]));
    for (let round = 0; round < rounds; round++)
      for (const [k, run] of contenders.entries()) times[k]?.push(cpuTime(run, counts[k] ?? 1) / (counts[k] ?? 1));
    const [eager = [], planned = [], looped = []] = times;
    const ratios = planned.map((t, i) => t / (eager[i] ?? 1));
    const ratio = quantile(ratios, 0.5);
    if (ratio > 1) slower.push(`${name}, ${dtype}: ${ratio.toPrecision(3)}`);
    console.log(
      `${name.padEnd(40)} ${dtype} ${three(quantile(eager, 0.5))}  ${three(ratio)} (${three(quantile(ratios, 0.25))} ${three(quantile(ratios, 0.75))})  ${three(quantile(looped, 0.5) / quantile(eager, 0.5))}  ${three(first)}`,
    );
    if (values.show)
      console.log(
        wasm
          .plan(...args)
          .instructions.map(({ text }) => `    ${text}`)
          .join("\n"),
      );
  }
}
console.log(
  slower.length === 0 ? "no plan is slower" : `slower than eager:\n${slower.map((line) => `  ${line}`).join("\n")}`,
);

/**
 * Returns the module of a package, built as users get it.
 * @template {"core" | "ops" | "train" | "compile"} P
 * @param {P} name
 * @returns {Promise<P extends "core" ? typeof import("../../packages/core/src/index.ts") : P extends "ops" ? typeof import("../../packages/ops/src/index.ts") : P extends "train" ? typeof import("../../packages/train/src/index.ts") : typeof import("../../packages/compile/src/index.ts")>}
 */
function load(name) {
  return import(`../../packages/${name}/dist/index.js`);
}
