import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { found, run } from "../../mpi/test/mpirun.ts";
import digitsMpi from "../src/digits-mpi/main.ts";
import { expectReadable, expectRefusal, runQuietly } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "wengert-digits-mpi-"));
afterAll(() => rmSync(folder, { recursive: true }));

const small = ["--limit", "2000", "--epochs", "1", "--batch", "32", "--hidden", "16", "--rate", "0.02"];

describe("without mpirun", () => {
  const options = [...small, "--out", join(folder, "one")];

  test("a single process learns without MPI, and resumes from its checkpoint", async () => {
    const { outcome, printed } = await runQuietly(digitsMpi, options);
    expectReadable(printed);
    expect(printed).toMatch(/^2,000 images, 1 process\ntest accuracy \d\d\.\d\d %, \d+\.\d s$/);
    expect(outcome.history.validation.at(-1)!.metrics.accuracy).toBeGreaterThan(0.75);
    const again = await runQuietly(digitsMpi, [...options, "--resume"]);
    expect(String(again.outcome.params[1].W)).toBe(String(outcome.params[1].W));
  });

  test("a learning rate that is too large is one line", { tags: "soak" }, async () => {
    await expectRefusal(digitsMpi, [...options, "--rate", "1e30"], "use a smaller --rate");
  });
});

// `npm test` uses one MPI, and `npm run soak` uses each installed MPI.
const launchers = process.env.WENGERT_SOAK ? found : found.slice(0, 1);

describe.each(launchers)("on two processes of $name", { timeout: 200_000 }, ({ mpirun }) => {
  const main = fileURLToPath(new URL("../dist/digits-mpi/main.js", import.meta.url));
  // At Ctrl-C, mpirun of Open MPI sends SIGTERM to the processes, and mpirun of MPICH sends SIGINT.
  const [signal, code] = mpirun === "mpirun.openmpi" ? ["SIGTERM", 143] : ["SIGINT", 130];
  const interrupt = new URL(`interrupt.mjs?${signal}`, import.meta.url).href;
  const launch = (out: string, args: readonly string[] = [], nodeOptions: readonly string[] = []) =>
    run([mpirun, "-n", "2", process.execPath, ...nodeOptions, main, ...small, "--out", join(folder, out), ...args]);
  const checkpoint = (out: string) => readFileSync(join(folder, out, "checkpoint.safetensors"));
  /** Returns the number of lines that match a pattern. */
  const count = (text: string, pattern: RegExp) => text.split(/[\r\n]+/).filter((line) => pattern.test(line)).length;

  test("an interrupted run resumes bit for bit, and only process 0 prints and writes a checkpoint", {
    tags: "soak",
  }, async () => {
    const [whole, parts] = [`${mpirun}-whole`, `${mpirun}-parts`];
    const first = await launch(whole);
    expect([first.code, first.stderr]).toEqual([0, ""]);
    expect(first.stdout).toMatch(/2,000 images, 2 processes/);
    const stopped = await launch(parts, [], ["--import", interrupt]);
    expect(stopped.code).toBe(code);
    expect(stopped.stdout).toMatch(/stopped after step \d+ of 63; resume from .* with --resume/);
    expect(checkpoint(parts).equals(checkpoint(whole))).toBe(false);
    const resumed = await launch(parts, ["--resume"]);
    expect([resumed.code, resumed.stderr]).toEqual([0, ""]);
    expect(checkpoint(parts).equals(checkpoint(whole))).toBe(true);

    for (const { stdout } of [first, stopped, resumed]) expect(count(stdout, /images,/)).toBe(1);
    for (const { stdout } of [first, resumed]) expect(count(stdout, /^test accuracy/)).toBe(1);
    expect(count(stopped.stdout, /^stopped/)).toBe(1);
    for (const out of [whole, parts]) expect(readdirSync(join(folder, out))).toEqual(["checkpoint.safetensors"]);
  });

  test("an error ends both processes with code 1, without a stack", async () => {
    const { code, stdout, stderr } = await launch(`${mpirun}-error`, ["--rate", "1e30"]);
    expect(code).toBe(1);
    expect(stdout + stderr).toMatch(/^digits-mpi: .*use a smaller --rate/m);
    expect(stderr).not.toMatch(/^ {4}at /m); // no stack
  });
});
