import { spawnSync } from "node:child_process";
import { type Tensor, treeMap, valueAndGrad, vjp, zeros } from "@wengert/core";
import {
  add,
  axpy,
  cast,
  crossEntropy,
  exp,
  kernels,
  matmul,
  mean,
  mul,
  relu,
  reshape,
  softmax,
  sub,
  sum,
  tanh,
  transpose,
} from "@wengert/ops";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { sampled } from "../../ops/test/soak.ts";
import { int32, random } from "../../ops/test/support.ts";
import { compile } from "../src/index.ts";
import { Choice } from "../src/threads/choice.ts";
import { expectAgreement, largeMatrices } from "./agree.ts";

beforeAll(() => void kernels("simd")); // with all sizes, as plans do
afterAll(() => void kernels("auto"));
afterEach(() => vi.unstubAllGlobals());

const of = (dtype: "float32" | "float64", shape: number[], seed: number) => cast(random(shape, seed), { dtype });

/** A training step whose matrix products, softmax and loops are long enough to be divided among threads. */
function network(dtype: "float32" | "float64") {
  const params = { W: of(dtype, [90, 101], 1), b: zeros([101], { dtype }), V: of(dtype, [101, 32], 2) };
  const [X, labels] = [of(dtype, [203, 90], 3), int32(Array.from({ length: 203 }, (_, i) => (i * 7) % 30))];
  const step = (p: typeof params, X: Tensor, labels: Tensor) => {
    const loss = (q: typeof params) => crossEntropy(matmul(relu(add(matmul(X, q.W), q.b)), q.V), labels);
    const { value, grad } = valueAndGrad(loss)(p);
    return { value, params: treeMap((w, g) => axpy(-0.1, g, w), p, grad) };
  };
  return [step, [params, X, labels]] as const;
}

/**
 * Matrix products of all layouts and of a batch, softmax with its VJP, and loops whose operands are broadcast along the axis that
 * threads divide.
 */
function mixture(dtype: "float32" | "float64") {
  const [a, b] = [of(dtype, [71, 132], 4), of(dtype, [132, 67], 5)];
  const f = (a: Tensor, b: Tensor) => {
    const c = matmul(a, b);
    const heads = transpose(reshape(a, { shape: [71, 6, 22] }), { axes: [1, 0, 2] });
    const { value, pullback } = vjp((x: Tensor) => softmax(x), a);
    return [
      c,
      matmul(transpose(b), transpose(a)),
      matmul(transpose(a), a),
      matmul(heads, reshape(b, { shape: [6, 22, 67] })),
      value,
      pullback(value)[0],
      mul(exp(sub(a, 1)), tanh(add(a, a))),
      add(mul(c, c), sub(c, of(dtype, [67], 6))),
      add(of(dtype, [1, 71 * 67 * 2], 7), of(dtype, [1, 1], 8)),
    ];
  };
  return [f, [a, b]] as const;
}

/** Loops with sums of rows, sums of columns, and a sum of all elements, which one thread computes. */
function sums(dtype: "float32" | "float64") {
  const f = (a: Tensor, b: Tensor) => {
    const loop = (x: Tensor, shift: number) => mul(sub(exp(x), tanh(x)), add(mul(x, x), shift));
    const [rows, columns] = [loop(a, 1), loop(a, 2)];
    return [
      rows,
      sum(rows, { axis: 1, keepDims: true }),
      mean(columns, { axis: 0 }),
      sum(loop(a, 3), { axis: 1 }),
      sum(loop(a, 4)),
      mean(loop(b, 5), { axis: [1, 2] }),
      sum(loop(b, 6), { axis: [0, 1] }),
      mean(loop(b, 7), { axis: 0, keepDims: true }),
    ];
  };
  return [f, [of(dtype, [71, 132], 9), of(dtype, [37, 5, 71], 10)]] as const;
}

/**
 * A float32 product of a matrix with few rows and a matrix of more than 16 MB. Threads divide the columns of the large
 * matrix.
 */
const long = () => [(g: Tensor, x: Tensor) => matmul(transpose(x), g), largeMatrices(6555, 641, 3)] as const;

describe.each(["wasm", "js"] as const)("with engine %s", (engine) => {
  const settings = [
    ["float32", 2],
    ["float32", 3],
    ["float64", 2],
  ] as const;
  it.each(sampled(settings, engine === "wasm" ? 2 : 3))(
    "a plan in %s gives the same bits on %i threads as on one",
    async (dtype, threads) => {
      for (const [f, args] of [network(dtype), mixture(dtype), sums(dtype), long()] as const) {
        const call = f as (...args: never) => unknown;
        const wanted = call(...(args as never));
        const compiled = compile(call as never, { engine, threads }) as unknown as typeof compile & {
          plan: (...args: never) => { threads: number };
        };
        expectAgreement((compiled as unknown as typeof call)(...(args as never)), wanted);
        expect(compiled.plan(...(args as never)).threads).toBe(threads);
        await new Promise((resolve) => setTimeout(resolve, 300)); // until the workers are ready
        // A compiled function runs the first calls on one thread, and the next calls on all threads, to compare the
        // times.
        for (let i = 0; i < 25; i++) expectAgreement((compiled as unknown as typeof call)(...(args as never)), wanted);
      }
    },
  );
});

it("short instructions stay on one thread, and so do plans on platforms without shared memory", () => {
  const small = compile((x: Tensor) => tanh(x), { threads: 2 });
  expect(small.plan(random([20])).threads).toBe(1);
  const [f, args] = network("float32");
  vi.stubGlobal("SharedArrayBuffer", undefined);
  const compiled = compile(f, { threads: 2 });
  expectAgreement(compiled(...args), f(...args));
  expect(compiled.plan(...args).threads).toBe(1);
});

it("the threads that are slower are not used", () => {
  const shareOf = (single: number, threads: number): number => {
    const choice = new Choice();
    let used = 0;
    for (let i = 0; i < 1000; i++) {
      const { usesThreads } = choice;
      if (usesThreads) used++;
      choice.record(usesThreads, usesThreads ? threads : single);
    }
    return used / 1000;
  };
  expect(shareOf(1, 1.5)).toBeLessThan(0.03);
  expect(shareOf(1, 0.6)).toBeGreaterThan(0.96);
});

it("threads that are slow for a while are used again", () => {
  const choice = new Choice();
  const used: boolean[] = [];
  for (let i = 0; i < 3000; i++) {
    const { usesThreads } = choice;
    used.push(usesThreads);
    choice.record(usesThreads, usesThreads ? (i > 500 && i < 1000 ? 3 : 0.6) : 1);
  }
  expect(used.slice(600, 1000).filter(Boolean).length).toBeLessThan(40);
  expect(used.slice(2000).filter(Boolean).length).toBeGreaterThan(900);
});

it("a plan inside a worker starts threads and gives eager's bits", () => {
  const program = `
    import { Worker } from "node:worker_threads";
    const text = \`
      const { parentPort } = require("node:worker_threads");
      (async () => {
        const { compile } = await import("${new URL("../dist/index.js", import.meta.url)}");
        const { grad, ones, zeros } = await import("${new URL("../../core/dist/index.js", import.meta.url)}");
        const { kernels, matmul, randomKey, randomNormal, sum, tanh } = await import("${new URL("../../ops/dist/index.js", import.meta.url)}");
        kernels("simd");
        const [x, w] = [randomNormal(randomKey(1), { shape: [200, 90] }), randomNormal(randomKey(2), { shape: [90, 110] })];
        const f = (w) => grad((v) => sum(tanh(matmul(x, v))))(w);
        const compiled = compile((w) => f(w), { threads: 2 });
        const wanted = JSON.stringify(f(w));
        let equal = 0;
        for (let i = 0; i < 30; i++) {
          if (i === 5) await new Promise((resolve) => setTimeout(resolve, 300));
          if (JSON.stringify(compiled(w)) === wanted) equal++;
        }
        parentPort.postMessage([equal, compiled.plan(w).threads]);
      })();
    \`;
    const worker = new Worker(text, { eval: true, execArgv: [] });
    worker.on("message", (message) => {
      console.log(...message);
      worker.terminate();
    });
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
    timeout: 60_000,
  });
  expect([stdout, stderr]).toEqual(["30 2\n", ""]);
});

it("a process with threads ends by itself", () => {
  const program = `
    import { compile } from "${new URL("../dist/index.js", import.meta.url)}";
    import { ones } from "${new URL("../../core/dist/index.js", import.meta.url)}";
    import { matmul } from "${new URL("../../ops/dist/index.js", import.meta.url)}";
    const square = compile((x) => matmul(x, x), { threads: 2 });
    for (let i = 0; i < 30; i++) square(ones([200, 200]));
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (let i = 0; i < 30; i++) square(ones([200, 200]));
    console.log(square.plan(ones([200, 200])).threads);
  `;
  const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
    timeout: 60_000,
  });
  expect([stdout, status]).toEqual(["2\n", 0]);
});
