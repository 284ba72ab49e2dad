import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Tensor, valueAndGrad } from "@wengert/core";
import { leaves, ravel } from "@wengert/core/extend";
import { adam, applyUpdates, fit, fromSafetensors } from "@wengert/train";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dataOf, loss, meanLoss, modelOf, optionsOf, rows } from "./model.mjs";
import { found, type Installation, programPath, run, runRanks } from "./mpirun.ts";

const folder = mkdtempSync(join(tmpdir(), "wengert-mpi-"));
afterAll(() => rmSync(folder, { recursive: true }));

type DType = "float32" | "float64";
const dtypes: readonly DType[] = ["float32", "float64"];

/**
 * The largest allowed difference between the results of several ranks and those of a single process, relative to the
 * largest number.
 */
const tolerances = { float32: 1e-6, float64: 1e-12 };

/** The results that program.mjs writes on one rank. */
interface Results {
  readonly [key: string]: unknown;
  readonly errors: readonly string[];
  readonly float32: Trained;
  readonly float64: Trained;
}
interface Trained {
  readonly plain: string;
  readonly compiled: string;
  readonly plans: number;
  readonly fit: Summary;
  readonly compiledFit: Summary;
  readonly resumed: Summary;
  readonly stopped: unknown;
  readonly shown: number;
}
interface Summary {
  readonly params: string;
  readonly best: string;
  readonly history: History;
  readonly step: number;
}
type History = Readonly<
  Record<"train" | "validation", readonly { step: number; loss: number; metrics: Readonly<Record<string, number>> }[]>
>;

const numbersOf = (tree: unknown): number[] =>
  leaves("test", tree, "tree").flatMap((leaf: Tensor) => Array.from(ravel(leaf.array!)));
const parse = (base64: string): number[] => numbersOf(fromSafetensors(Buffer.from(base64, "base64")).tree);

function expectClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  const scale = Math.max(...expected.map(Math.abs));
  const error = Math.max(...expected.map((x, i) => Math.abs(x - actual[i]!)));
  expect(actual.length).toBe(expected.length);
  expect(error / scale).toBeLessThanOrEqual(tolerance);
}

/** Runs the training loop `plainLoop` of program.mjs in the process of the test, without MPI. */
function plainLoop(dtype: DType): number[] {
  const step = valueAndGrad(meanLoss);
  const batch = dataOf(10, dtype);
  const optimizer = adam({ learningRate: 0.01 });
  let params = modelOf(dtype);
  let state = optimizer.init(params);
  let value: Tensor | undefined;
  for (let i = 0; i < 5; i++) {
    const result = step(params, batch);
    const next = optimizer.update(result.grad, state, params);
    [params, state, value] = [applyUpdates(params, next.updates), next.state, result.value];
  }
  return numbersOf({ params, value });
}

/** Returns the numbers of ranks to test. `npm test` starts four ranks only with the first installed MPI library. */
const sizesFor = (installation: Installation): readonly number[] =>
  process.env.WENGERT_SOAK ? [1, 2, 4] : installation === found[0] ? [2, 4] : [2];

describe.each(found)("$name", (installation: Installation) => {
  describe.each(sizesFor(installation))("on %i ranks", (size) => {
    const own = join(folder, `${installation.library}-${size}`);
    let results: readonly Results[];
    beforeAll(async () => {
      mkdirSync(own);
      const { code, stderr } = await runRanks(installation, size, "program.mjs", own, installation.library);
      expect([code, stderr]).toEqual([0, ""]);
      results = Array.from({ length: size }, (_, rank) => JSON.parse(readFileSync(join(own, `${rank}.json`), "utf8")));
    }, 120_000);

    test("each process has its rank", () => {
      expect(results.map(({ rank }) => rank)).toEqual(Array.from({ length: size }, (_, rank) => rank));
      expect(results.map((one) => one.size)).toEqual(results.map(() => size));
    });

    test.each(["Float32Array", "Float64Array", "Int32Array"])("the collectives compute with a %s", (name) => {
      const arrays = Array.from({ length: size }, (_, rank) => [rank + 1, 3 - rank, 3]);
      const combined = (f: (a: number, b: number) => number) =>
        [0, 1, 2].map((i) => arrays.map((array) => array[i]!).reduce(f));
      for (const result of results)
        expect(result[name]).toEqual({
          sum: combined((a, b) => a + b),
          min: combined((a, b) => Math.min(a, b)),
          max: combined((a, b) => Math.max(a, b)),
          product: combined((a, b) => a * b),
          inPlace: true,
          broadcast: arrays.at(-1),
          allgather: arrays.flat(),
          empty: [],
        });
    });

    test.skipIf(size === 1)("allreduceMean weights the trees, and ignores a tree of weight 0", () => {
      const ranks = Array.from({ length: size }, (_, rank) => rank);
      const total = ranks.reduce((a, b) => a + b);
      const mean = ranks.reduce((sum, rank) => sum + rank * rank, 0) / total;
      for (const result of results) expect(result.mean).toEqual({ a: [Math.fround(mean), 1], b: [[mean, 1]] });
    });

    test.each(dtypes)("a plain loop on uneven batches equals one process in %s, also with a compiled step", (dtype) => {
      const alone = plainLoop(dtype);
      for (const loop of ["plain", "compiled"] as const) {
        for (const result of results) expect(result[dtype][loop]).toBe(results[0]![dtype][loop]);
        expectClose(parse(results[0]![dtype][loop]), alone, tolerances[dtype]);
      }
      const hasRows = (rank: number) => size !== 4 || rank !== 1;
      expect(results.map((result) => result[dtype].plans)).toEqual(results.map((_, rank) => (hasRows(rank) ? 1 : 0)));
    });

    test.each(dtypes)("fit equals one process in %s, also where ranks have no row, and with compile", async (dtype) => {
      const alone = await fit(loss, modelOf(dtype), dataOf(rows, dtype), optionsOf(dtype));
      const numbers = ({ train, validation }: History) =>
        [...train, ...validation].flatMap(({ step, loss, metrics }) => [step, loss, metrics.accuracy!]);
      for (const name of ["fit", "compiledFit"] as const) {
        const together = results[0]![dtype][name];
        for (const result of results) expect(result[dtype][name]).toEqual(together);
        expectClose(parse(together.params), numbersOf(alone.params), tolerances[dtype]);
        expectClose(parse(together.best), numbersOf(alone.best.params), tolerances[dtype]);
        expectClose(numbers(together.history), numbers(alone.history), tolerances[dtype]);
      }
    });

    test.each(dtypes)("an interrupted fit in %s stops on all ranks, and resumes bit for bit", (dtype) => {
      for (const result of results) {
        expect(result[dtype].stopped).toEqual(["aborted", 5]);
        expect(result[dtype].resumed).toEqual(result[dtype].fit);
      }
    });

    test("only rank 0 shows progress and touches checkpoints", () => {
      expect(results.map(({ float64 }) => float64.shown)).toEqual([10, ...results.slice(1).map(() => 0)]);
      expect(results.map(({ files }) => files)).toEqual(results.map(() => false));
    });

    test("fit returns on all ranks after rank 0 has written the last checkpoint", () => {
      expect(results.map(({ waited }) => waited)).toEqual(results.map(() => true));
    });

    test("methods throw after finalize", () => {
      for (const { finalized } of results) expect(finalized).toMatch(/^MpiError: barrier: MPI is already finalized/);
    });

    test.skipIf(size !== 2)("all ranks report differences between the ranks", () => {
      for (const { errors, drift } of results)
        expect([...errors, drift]).toEqual([
          expect.stringMatching(
            /^ArgumentError: dataParallel: .* different ones for params\.out\[0\], float64 \[5, 3\]/,
          ),
          expect.stringMatching(/^ArgumentError: fit: .* different ones for params\.out\[0\], float64 \[5, 3\]/),
          expect.stringMatching(/^ArgumentError: fit: .* different ones for data\.X/),
          expect.stringMatching(/^ArgumentError: fit: .* different ones for the options/),
          expect.stringMatching(
            /^ArgumentError: dataParallel: the weights of all ranks must have a positive sum, got 0/,
          ),
          expect.stringMatching(/^ArgumentError: fit: .* differ after step 100/),
        ]);
    });

    test.skipIf(size !== 2)("an error of MPI becomes an exception with MPI's text", () => {
      expect(results[1]!.truncated).toMatch(/^MpiError: broadcast: MPI failed with code \d+, ".*truncated.*"/i);
    });
  });

  const thrown = /^rank 1 of 2 failed: Error: the disk of rank 1 is full$/m;
  test.each([
    ["throws an error", "throw", 1, thrown],
    ["rejects a promise", "reject", 1, thrown],
    ["exits with code 3", "exit", 3, undefined],
    ["calls abort(4)", "abort", 4, undefined],
  ])("a rank that %s ends all ranks with its code and its message", async (_, failure, code, message) => {
    const ended = await runRanks(installation, 2, "failing.mjs", failure, installation.library);
    expect(ended.code).toBe(code);
    if (message) expect(ended.stderr).toMatch(message);
  });

  test("a rank that is killed ends all ranks with a code other than 0 and a message of mpirun", async () => {
    const { code, stdout, stderr } = await runRanks(installation, 2, "failing.mjs", "kill", installation.library);
    expect(code).toBeGreaterThan(0);
    expect(stdout + stderr).toMatch(/signal:? 9/i); // Open MPI writes to stderr, MPICH to stdout
  });

  test("a program that does not finalize ends with exit code 0", async () => {
    expect(await runRanks(installation, 2, "failing.mjs", "end")).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test.runIf(found.length > 1)("the library of another MPI is an error", async () => {
    const other = found.find(({ name }) => name !== installation.name)!;
    const { code, stdout, stderr } = await runRanks(other, 2, "failing.mjs", "end", installation.library);
    expect(code).not.toBe(0);
    expect(stdout + stderr).toMatch(/openMpi: the launcher started 2 processes, but libmpi\w*\.so\.\d+ \(.*\) found 1/);
  });
});

test.runIf(process.platform === "linux")("a wrong library path is one clear error", async () => {
  const node = (library: string) => run([process.execPath, programPath("failing.mjs"), "end", library]);
  const missing = await node("/nowhere/libmpi.so");
  expect(missing.code).toBe(1);
  expect(missing.stderr).toMatch(
    /MpiError: openMpi: no MPI library can be loaded \(\/nowhere\/libmpi\.so: cannot open .*apt install openmpi-bin/,
  );
  const other = await node("libm.so.6");
  expect(other.stderr).toMatch(/MpiError: openMpi: libm\.so\.6 is not an MPI library/);
});
