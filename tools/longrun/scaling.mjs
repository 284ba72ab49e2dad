/**
 * Measures the cost of data-parallel training on this machine, for docs/scaling.md. Prints the time of allreduce for
 * several array sizes, and the time of a training step in one process and in two. Measures both installed MPIs. Also
 * prints the CPU time of a step in one process, for whole and for half batches. Other programs on the machine hardly
 * change the CPU time.
 *
 *   npm run scaling                 five rounds, in about two minutes
 *   npm run scaling -- --rounds 3
 *
 * Rounds with one and with two processes alternate. Each number is the median of the rounds, with their range.
 */
import { spawnSync } from "node:child_process";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, rank: { type: "boolean", default: false } },
});

/** The measured sizes of an allreduce, in float32 elements. */
const sizes = [1, 256, 4096, 65_536, 1_048_576, 4_194_304];
/** The measured batch sizes. */
const batches = [128, 1024, 8192];
const [inputs, hidden, classes] = [784, 256, 10];

/** @typedef {{ allreduce: number[], steps: number[], cpu: number[], cpuOfHalf: number[] }} Times - on rank 0, in ms */

if (values.rank) await measureRank();
else measure();

/** Runs in each MPI process. The process with rank 0 prints its times as JSON. */
async function measureRank() {
  const { openMpi, dataParallel } = await load("mpi");
  const { tensor, valueAndGrad, zeros } = await load("core");
  const { add, crossEntropy, matmul, mul, randomKey, randomNormal, relu } = await load("ops");
  const { applyUpdates, sgd } = await load("train");
  const mpi = openMpi();

  const allreduce = sizes.map((size) => {
    const array = new Float32Array(size);
    return median(Math.max(15, Math.min(200, 2e6 / size)), () => void mpi.allreduce(array), mpi);
  });

  /** @typedef {import("../../packages/core/src/index.ts").Tensor} Tensor */
  /** @typedef {{ V: Tensor, b: Tensor, W: Tensor, c: Tensor }} Model */
  const dtype = "float32";
  /** Returns a training step for a rank whose batch has `own` rows. @param {number} own */
  const stepOf = (own) => {
    const X = randomNormal(randomKey(mpi.rank), { shape: [own, inputs], dtype });
    const y = tensor(Int32Array.from({ length: own }, (_, i) => i % classes));
    const step = dataParallel(
      valueAndGrad((/** @type {Model} */ { V, b, W, c }, /** @type {{ X: Tensor, y: Tensor }} */ { X, y }) =>
        crossEntropy(add(matmul(relu(add(matmul(X, V), b)), W), c), y),
      ),
      mpi,
    );
    let params = /** @type {Model} */ ({
      V: mul(0.05, randomNormal(randomKey(7), { shape: [inputs, hidden], dtype })),
      b: zeros([hidden], { dtype }),
      W: zeros([hidden, classes], { dtype }),
      c: zeros([classes], { dtype }),
    });
    const optimizer = sgd({ learningRate: 0.1 });
    const state = optimizer.init(params);
    return () => {
      const { grad } = step(params, { X, y });
      params = applyUpdates(params, optimizer.update(grad, state, params).updates);
    };
  };
  const countOf = (/** @type {number} */ rows) => Math.max(7, Math.min(60, 20_000 / rows));
  const steps = batches.map((rows) => median(countOf(rows), stepOf(rows / mpi.size), mpi));
  const cpu = mpi.size > 1 ? [] : batches.map((rows) => cpuTime(countOf(rows), stepOf(rows)));
  const cpuOfHalf = mpi.size > 1 ? [] : batches.map((rows) => cpuTime(countOf(rows), stepOf(rows / 2)));
  if (mpi.rank === 0) console.log(JSON.stringify({ allreduce, steps, cpu, cpuOfHalf }));
}

/** Returns the mean CPU time of `count` calls, in ms. @param {number} count @param {() => void} call */
function cpuTime(count, call) {
  for (let i = 0; i < count / 10; i++) call();
  const start = process.cpuUsage();
  for (let i = 0; i < count; i++) call();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000 / count;
}

/**
 * Returns the median time of `count` calls, in ms. First makes a tenth as many calls to warm up.
 * @param {number} count @param {() => void} call @param {{ barrier(): void }} mpi
 */
function median(count, call, mpi) {
  for (let i = 0; i < count / 10; i++) call();
  const times = Array.from({ length: count }, () => {
    mpi.barrier();
    const start = performance.now();
    call();
    return performance.now() - start;
  });
  return middle(times);
}

function measure() {
  const self = fileURLToPath(import.meta.url);
  for (const mpirun of ["mpirun.openmpi", "mpirun.mpich"]) {
    /** @type {Record<1 | 2, Times[]>} */
    const times = { 1: [], 2: [] };
    for (let round = 0; round < Number(values.rounds); round++)
      for (const ranks of /** @type {const} */ ([1, 2])) {
        const { status, stdout, stderr } = spawnSync(mpirun, ["-n", String(ranks), process.execPath, self, "--rank"], {
          encoding: "utf8",
          env: { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" },
        });
        if (status !== 0) throw new Error(`${mpirun} failed:\n${stderr || stdout}`);
        times[ranks].push(JSON.parse(stdout));
      }
    print(mpirun, times);
  }
}

/** @param {string} mpirun @param {Record<1 | 2, Times[]>} times */
function print(mpirun, times) {
  console.log(
    `\n${mpirun}, load average ${loadavg()[0]?.toFixed(1)}\n\n| float32 numbers | allreduce, 2 processes (ms) |\n| --- | --- |`,
  );
  for (const [i, size] of sizes.entries())
    console.log(`| ${size.toLocaleString("en")} | ${spread(times[2].map(({ allreduce }) => allreduce[i] ?? 0))} |`);
  console.log("\n| batch | 1 process (ms) | 2 processes (ms) | ratio |\n| --- | --- | --- | --- |");
  for (const [i, batch] of batches.entries()) {
    const [one, two] = [times[1].map(({ steps }) => steps[i] ?? 0), times[2].map(({ steps }) => steps[i] ?? 0)];
    const ratio = one.map((time, round) => time / (two[round] ?? 0));
    console.log(`| ${batch} | ${spread(one)} | ${spread(two)} | ${spread(ratio)} |`);
  }
  console.log("\n| batch | CPU time of a step (ms) | of half a batch (ms) | ratio |\n| --- | --- | --- | --- |");
  for (const [i, batch] of batches.entries()) {
    const [whole, half] = [times[1].map(({ cpu }) => cpu[i] ?? 0), times[1].map(({ cpuOfHalf }) => cpuOfHalf[i] ?? 0)];
    const ratio = whole.map((time, round) => time / (half[round] ?? 0));
    console.log(`| ${batch} | ${spread(whole)} | ${spread(half)} | ${spread(ratio)} |`);
  }
}

/** @param {readonly number[]} numbers @returns {string} the median, and the range */
function spread(numbers) {
  const text = (/** @type {number} */ x) => x.toPrecision(x < 1 ? 2 : 3);
  return `${text(middle(numbers))} (${text(Math.min(...numbers))} to ${text(Math.max(...numbers))})`;
}

/** @param {readonly number[]} numbers */
function middle(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}

/**
 * Imports a built package.
 * @template {"core" | "ops" | "train" | "mpi"} Name
 * @param {Name} name
 * @returns {Promise<{ core: typeof import("../../packages/core/src/index.ts"), ops: typeof import("../../packages/ops/src/index.ts"), train: typeof import("../../packages/train/src/index.ts"), mpi: typeof import("../../packages/mpi/src/index.ts") }[Name]>}
 */
function load(name) {
  return import(new URL(`../../packages/${name}/dist/index.js`, import.meta.url).href);
}
