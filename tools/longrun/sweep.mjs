/**
 * Measures the speedup of the automatically chosen kernels over plain loops, for each op and for sizes from 1 to 1,000,000:
 *
 *   npm run sweep                       all ops, in less than four minutes
 *   npm run sweep -- --only matmul,exp  some ops
 *
 * Rounds with plain loops and rounds with kernels alternate. The speedup is computed from the fastest round with plain
 * loops and the fastest with kernels, which reduces noise. An op that seems slower with kernels is measured again for
 * longer.
 */
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

process.chdir(fileURLToPath(new URL("../..", import.meta.url)));

const { tensor } = await load("core");
const ops = { ...(await load("ops")), ...(await load("ops", "extend")) };
const { kernels, transpose } = ops;

/** @typedef {import("../../packages/core/src/index.ts").Tensor} Tensor */
/** @typedef {import("../../packages/core/src/index.ts").DType} DType */
/** @typedef {{ op: string, title: string, call: (n: number) => (() => unknown) | undefined }} Line of a table: a call for each size */
/** @typedef {{ title: string, sizes: readonly number[], lines: readonly Line[] }} Table */

const { values } = parseArgs({ options: { only: { type: "string" } } });
const only = values.only?.split(",");

/** The duration of a round, the usual number of rounds, and the larger number for sizes at which kernels seem slow. */
const roundTime = 0.3; // ms
const [rounds, more] = [25, 150];
/**
 * The time limit for all rounds of one measurement, because plain loops may be slow. At least three rounds run, even if
 * they exceed the limit.
 */
const longest = 400; // ms
/** Kernels with a speedup below this number count as slower than plain loops: they take more than 1.1 times as long. */
const slow = 1 / 1.1;

const dtypes = /** @type {const} */ (["float32", "float64"]);

/**
 * Returns a tensor of pseudorandom numbers in (−2, 2). Every run gives the same numbers.
 * @param {readonly number[]} shape @param {DType} dtype @returns {Tensor}
 */
function some(shape, dtype, seed = 1) {
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Float64Array.from({ length: size }, (_, i) => 2 * Math.sin(1e4 * seed + 12.9898 * (i % 10_007)));
  return ops.reshape(tensor(data, { dtype }), { shape });
}

/** @returns {Table[]} */
function tables() {
  const most = 1_000_000;
  const elements = [1, 2, 4, 8, 16, 32, 64, 128, 192, 256, 512, 1024, 8192, 65_536, most];
  /** @param {string} op @param {string} title @param {(dtype: DType, n: number) => (() => unknown) | undefined} call @returns {Line[]} */
  const both = (op, title, call) =>
    dtypes.map((dtype) => ({ op, title: `\`${op}\`${title} ${dtype}`, call: (n) => call(dtype, n) }));

  const functions = ["exp", "log", "tanh", "sigmoid", "neg", "square", "sqrt", "relu"].flatMap((op) =>
    both(op, "", (dtype, n) => {
      const x = some([n], dtype);
      const y = op === "log" ? ops.abs(x) : x;
      return () => ops[op](y);
    }),
  );
  const pairs = ["add", "sub", "mul", "div", "reluPullback"].flatMap((op) =>
    both(op, "", (dtype, n) => {
      const [x, y] = [some([n], dtype), some([n], dtype, 2)];
      return () => ops[op](x, y);
    }),
  );
  const axpy = both("axpy", "", (dtype, n) => {
    const [x, y] = [some([n], dtype), some([n], dtype, 2)];
    return () => ops.axpy(-0.1, x, y);
  });
  /** @param {string} op @param {string} title @param {number} columns @param {(rows: number) => readonly number[]} other */
  const broadcast = (op, title, columns, other) =>
    both(op, title, (dtype, n) => {
      if (n < columns) return undefined;
      const rows = Math.round(n / columns);
      const [x, y] = [some([rows, columns], dtype), some(other(rows), dtype, 2)];
      return () => ops[op](x, y);
    });
  const broadcasts = ["add", "mul", "div"].flatMap((op) => [
    ...broadcast(op, ", [m, 10] and [10],", 10, () => [10]),
    ...broadcast(op, ", [m, 10] and [m, 1],", 10, (rows) => [rows, 1]),
    ...broadcast(op, ", [m, 100] and [100],", 100, () => [100]),
    ...broadcast(op, ", [m, 10] and a number,", 10, () => []),
  ]);
  /** @param {string} op @param {string} title @param {number} columns @param {number | undefined} axis */
  const sums = (op, title, columns, axis) =>
    both(op, title, (dtype, n) => {
      if (n < columns) return undefined;
      const x = some([Math.round(n / columns), columns], dtype);
      return () => ops[op](x, { axis });
    });
  const reductions = ["sum", "mean"].flatMap((op) => [
    ...sums(op, " of all", 1, undefined),
    ...sums(op, " of [m, 10] over rows,", 10, 0),
    ...sums(op, " of [m, 10] over columns,", 10, 1),
    ...sums(op, " of [m, 100] over rows,", 100, 0),
    ...sums(op, " of [m, 100] over columns,", 100, 1),
  ]);
  reductions.push(
    ...sums("variance", " of all", 1, undefined),
    ...sums("variance", " of [m, 10] over columns,", 10, 1),
    ...sums("variance", " of [m, 100] over columns,", 100, 1),
  );

  const key = ops.randomKey(1);
  const numbers = ["randomUniform", "randomNormal", "randomExponential", "randomGumbel"].flatMap((op) =>
    both(op, "", (dtype, n) => () => ops[op](key, { shape: [n], dtype })),
  );

  const classes = [1, 2, 4, 8, 10, 16, 32, 64, 128, 1000, 10_000];
  /** @param {string} op @param {(x: Tensor, rows: number, K: number, dtype: DType) => () => unknown} make */
  const lanes = (op, make) =>
    [1, 128].flatMap((rows) =>
      both(op, rows === 1 ? ", a row," : `, ${rows} rows,`, (dtype, K) =>
        rows * K > most ? undefined : make(some([rows, K], dtype), rows, K, dtype),
      ),
    );
  const labelsOf = (/** @type {number} */ rows, /** @type {number} */ K) =>
    tensor(
      Int32Array.from({ length: rows }, (_, i) => (7 * i) % K),
      { dtype: "int32" },
    );
  const families = [
    ...lanes("softmax", (x) => () => ops.softmax(x)),
    ...both("softmax", " over axis 0 of [K, 128],", (dtype, K) => {
      const x = some([K, 128], dtype);
      return K > 1000 ? undefined : () => ops.softmax(x, { axis: 0 });
    }),
    ...lanes("softmaxPullback", (x, rows, K, dtype) => {
      const [s, g] = [ops.softmax(x), some([rows, K], dtype, 3)];
      return () => ops.softmaxPullback(s, g);
    }),
    ...lanes("logSoftmax", (x) => () => ops.logSoftmax(x)),
    ...lanes("logSoftmaxPullback", (x, rows, K, dtype) => {
      const g = some([rows, K], dtype, 3);
      return () => ops.logSoftmaxPullback(x, g);
    }),
    ...lanes("logSumExp", (x) => () => ops.logSumExp(x, { axis: -1 })),
    ...lanes("crossEntropy", (x, rows, K) => {
      const labels = labelsOf(rows, K);
      return () => ops.crossEntropy(x, labels);
    }),
    ...lanes("crossEntropyPullback", (x, rows, K, dtype) => {
      const [labels, g] = [labelsOf(rows, K), some([rows], dtype, 3)];
      return () => ops.crossEntropyPullback(x, labels, g, { axis: 1 });
    }),
  ];

  const squares = [1, 2, 4, 6, 8, 12, 16, 17, 32, 64, 128, 256, 512];
  /** @param {string} title @param {(n: number) => readonly [m: number, k: number, n: number]} size */
  const products = (title, size, flipA = false, flipB = false) =>
    both("matmul", `, ${title},`, (dtype, by) => {
      const [m, k, n] = size(by);
      if (m * k * n > 2 ** 27 || m * k + k * n + m * n > 2e6) return undefined;
      const a = flipA ? transpose(some([k, m], dtype)) : some([m, k], dtype);
      const b = flipB ? transpose(some([n, k], dtype, 2)) : some([k, n], dtype, 2);
      return () => ops.matmul(a, b);
    });
  return [
    { title: "elements", sizes: elements, lines: [...functions, ...pairs, ...axpy] },
    { title: "elements", sizes: elements, lines: broadcasts },
    { title: "elements", sizes: elements, lines: reductions },
    { title: "elements", sizes: elements, lines: numbers },
    { title: "K", sizes: classes, lines: families },
    {
      title: "n",
      sizes: squares,
      lines: [
        ...products("[n, n] and [n, n]", (n) => [n, n, n]),
        ...products("[n, n]ᵀ and [n, n]", (n) => [n, n, n], true),
        ...products("[n, n] and [n, n]ᵀ", (n) => [n, n, n], false, true),
        ...products("[1, n] and [n, n]", (n) => [1, n, n]),
        ...products("[n, n] and [n, 1]", (n) => [n, n, 1]),
        ...products("[128, 784] and [784, n]", (n) => [128, 784, n]),
        ...products("[128, n] and [n, 10]", (n) => [128, n, 10]),
        ...products("[784, n] and [n, 10]", (n) => [784, n, 10]),
        ...products("[1, 784] and [784, n]", (n) => [1, 784, n]),
        ...products("[n, 1] and [1, n]", (n) => [n, 1, n]),
      ],
    },
  ];
}

/**
 * Returns the time with plain loops divided by the time with the automatically chosen kernels.
 * @param {() => unknown} call @param {number} count
 */
function ratio(call, count) {
  const best = { plain: Infinity, auto: Infinity };
  /** The number of calls in a timed round. */
  let times = 1;
  for (const way of /** @type {const} */ (["plain", "auto"])) {
    kernels(way);
    for (let calls = 1, spent = 0; spent < 2; calls *= 2) {
      spent = timed(call, calls); // this also warms up
      times = Math.max(1, Math.round((calls * roundTime) / spent));
    }
  }
  const until = performance.now() + longest;
  for (let round = 0; round < count && (round < 3 || performance.now() < until); round++)
    for (const way of /** @type {const} */ (["plain", "auto"])) {
      kernels(way);
      if (times > 1) call(); // excludes loading and cold caches from the time
      best[way] = Math.min(best[way], timed(call, times));
    }
  return best.plain / best.auto;
}

/** @param {() => unknown} call @param {number} times @returns {number} milliseconds */
function timed(call, times) {
  const begin = performance.now();
  for (let i = 0; i < times; i++) call();
  return performance.now() - begin;
}

const started = performance.now();
const { available } = kernels();
const place = `Node ${process.versions.node}, ${cpus()[0]?.model.trim()}, ${new Date().toISOString().slice(0, 10)}`;
console.log(`plain loops : ${available.at(-1)}, on ${place}.`);
/** @type {{ what: string, call: () => unknown }[]} */
const suspects = [];
for (const { title, sizes, lines } of tables()) {
  const wanted = lines.filter(({ op }) => only === undefined || only.includes(op));
  if (wanted.length === 0) continue;
  console.log(`\n${row([title, ...sizes])}\n${row([title, ...sizes].map(() => "---"))}`);
  for (const line of wanted) {
    const cells = sizes.map((size) => {
      const call = line.call(size);
      if (call === undefined) return "";
      let best = ratio(call, rounds);
      if (best < slow) best = Math.max(best, ratio(call, more));
      if (best < slow) suspects.push({ what: `${line.title} ${title} = ${size}`, call });
      return best.toFixed(best < 9.95 ? 1 : 0);
    });
    console.log(row([line.title.replace(/,? (float\d\d)$/, ", $1"), ...cells]));
  }
}
// Ops whose kernels seemed slower than plain loops are measured again at the end, when the JIT compiler has optimized
// all code.
const slower = suspects
  .map(({ what, call }) => ({ what, found: ratio(call, more) }))
  .filter(({ found }) => found < slow);
console.log(`\n${slower.length} cases are more than 10 % slower than plain loops${slower.length > 0 ? ":" : "."}`);
for (const { what, found } of slower) console.log(`  ${what}: ${found.toFixed(2)}`);
console.log(`${((performance.now() - started) / 1000).toFixed(0)} s`);
/** @param {readonly unknown[]} cells */
function row(cells) {
  return `| ${cells.join(" | ")} |`;
}

function load(/** @type {string} */ name, entry = "index") {
  return import(new URL(`../../packages/${name}/dist/${entry}.js`, import.meta.url).href);
}
