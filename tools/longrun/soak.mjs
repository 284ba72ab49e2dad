/**
 * Long-running tests of the built packages in plain Node:
 *
 *   npm run soak                            runs all parts, about half an hour
 *   npm run soak -- --only train            runs one of train, tape, fuzz, generated, files, data, kills, tests
 *   npm run soak -- --only fuzz --minutes 5
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

process.chdir(fileURLToPath(new URL("../..", import.meta.url)));
const parts = { train, tape, fuzz, generated, files, data, kills, tests };
const { values } = parseArgs({ options: { only: { type: "string" }, minutes: { type: "string", default: "1" } } });
const minutes = Number(values.minutes);
const names = values.only === undefined ? Object.keys(parts) : values.only.split(",");
const unknown = names.find((name) => !Object.hasOwn(parts, name));
if (unknown !== undefined || !(minutes > 0)) {
  console.error(`soak: --only takes ${Object.keys(parts).join(", ")}; --minutes a number above 0`);
  process.exit(1);
}

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc");
const { grad, record, tensor, treeMap, valueAndGrad } = await load("core");
const { add, crossEntropy, matmul, mul, randomKey, randomNormal, sin, sub, sum, tanh } = await load("ops");

for (const name of names) {
  const begin = performance.now();
  const fine = parts[/** @type {keyof typeof parts} */ (name)]();
  console.log(`${name}: ${fine ? "fine" : "NOT FINE"}, ${((performance.now() - begin) / 1000).toFixed(1)} s\n`);
  if (!fine) process.exitCode = 1;
}

/**
 * Trains for 10,000 steps to find memory leaks. After 1,000 steps, memory must grow by less than 64 bytes per step; a
 * tensor takes 500 bytes.
 */
function train() {
  const random = (/** @type {number} */ m, /** @type {number} */ n) =>
    randomNormal(randomKey(100 * m + n), { shape: [m, n] });
  const x = random(32, 8);
  const labels = tensor(
    Array.from({ length: 32 }, (_, i) => i % 4),
    { dtype: "int32" },
  );
  let params = [
    { w: random(8, 16), b: tensor(new Float64Array(16)) },
    { w: random(16, 4), b: tensor(new Float64Array(4)) },
  ];
  const loss = (/** @type {any} */ [hidden, output]) =>
    crossEntropy(add(matmul(tanh(add(matmul(x, hidden.w), hidden.b)), output.w), output.b), labels);
  const step = valueAndGrad(loss);
  const first = loss(params).item();
  /** @type {Record<number, number>} */
  const sizes = {};
  for (let i = 1; i <= 10_000; i++) {
    const { grad: slopes } = step(params);
    params = treeMap((/** @type {any} */ p, /** @type {any} */ g) => sub(p, mul(0.1, g)), params, slopes);
    if (i !== 100 && i !== 1000 && i !== 10_000) continue;
    const bytes = held();
    sizes[i] = bytes;
    console.log(
      `  after ${String(i).padStart(6)} steps: ${kB(bytes)} held, loss ${loss(params).item().toPrecision(3)}`,
    );
  }
  return Number(sizes[10_000]) - Number(sizes[1000]) < 64 * 9000 && loss(params).item() < first / 10;
}

/** Tests that a tape of a million steps can be recorded, and that its gradient is correct. */
function tape() {
  const n = 1e6;
  const f = (/** @type {any} */ a) => {
    let y = a;
    for (let i = 0; i < n; i++) y = sin(y);
    return sum(y);
  };
  const x = tensor([0.5, -0.1]);
  const before = held();
  let begin = performance.now();
  const recording = record(f, x);
  const forward = performance.now() - begin;
  const bytes = (held() - before) / recording.steps.length;
  begin = performance.now();
  const slopes = grad(f)(x).toNested();
  const both = performance.now() - begin;
  console.log(`  ${recording.steps.length} steps: ${bytes.toFixed(0)} bytes a step`);
  console.log(`  recorded in ${forward.toFixed(0)} ms; recorded and swept in ${both.toFixed(0)} ms`);
  return [0.5, -0.1].every((x, i) => Math.abs(slopes[i] / slopeOf(n, x) - 1) < 1e-9);
}

/** Returns the derivative at x of sin applied n times, computed by the chain rule with plain numbers. */
function slopeOf(/** @type {number} */ n, /** @type {number} */ x) {
  let [y, slope] = [x, 1];
  for (let i = 0; i < n; i++) {
    slope *= Math.cos(y);
    y = Math.sin(y);
  }
  return slope;
}

/** Calls every exported function with random wrong arguments for `minutes` minutes. Each run has a new seed. */
function fuzz() {
  return vitest("ops", "test/fuzz", { WENGERT_SECONDS: String(60 * minutes), WENGERT_SEED: String(Date.now() % 1e6) });
}

/** Runs the tests of random programs, with 30 · `minutes` times as many programs as `npm test`. */
function generated() {
  return vitest("ops", "generated", { WENGERT_TIMES: String(30 * minutes), WENGERT_SEED: String(Date.now() % 1e6) });
}

/** Tests that damaged and malicious model files throw errors, for `minutes` minutes. */
function files() {
  return vitest("train", "files/fuzz", {
    WENGERT_SECONDS: String(60 * minutes),
    WENGERT_SEED: String(Date.now() % 1e6),
  });
}

/**
 * Tests the functions that read IDX, CSV, .npy and image files with randomly damaged files. Each format takes half of
 * `minutes`.
 */
function data() {
  return vitest("data", "idx csv npy images", {
    WENGERT_SECONDS: String(30 * minutes),
    WENGERT_SEED: String(Date.now() % 1e6),
  });
}

/**
 * Runs all tests, including the tests with the tag "soak" and the cases that `npm test` leaves out. The tests of MPI on two
 * hosts need root, to create network namespaces.
 */
function tests() {
  return vitest("*", "", {});
}

/** Kills two hundred processes while they save a model, and checks the saved files. */
function kills() {
  return vitest("train", "files/kill", { WENGERT_KILLS: "200" });
}

function vitest(/** @type {string} */ project, /** @type {string} */ file, /** @type {Record<string, string>} */ env) {
  const args = [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--project",
    project,
    ...file.split(" ").filter(Boolean),
    "--testTimeout",
    "100000000",
  ];
  return (
    spawnSync(process.execPath, args, { stdio: "inherit", env: { ...process.env, WENGERT_SOAK: "yes", ...env } })
      .status === 0
  );
}

/** Returns the number of bytes of memory in use, including typed arrays. */
function held() {
  for (let i = 0; i < 4; i++) gc(); // only a later collection frees some garbage
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function kB(/** @type {number} */ bytes) {
  return `${(bytes / 1024).toFixed(0)} kB`;
}

function load(/** @type {string} */ name) {
  return import(new URL(`../../packages/${name}/dist/index.js`, import.meta.url).href);
}
