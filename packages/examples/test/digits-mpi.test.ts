import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import digitsMpi from "../src/digits-mpi/main.ts";
import { expectReadable, expectRefusal, runQuietly } from "./support.ts";

// The tests of packages/mpi run fits on several processes. These tests run the example without MPI.

const out = mkdtempSync(join(tmpdir(), "wengert-digits-mpi-"));
afterAll(() => rmSync(out, { recursive: true }));

const small = ["--limit", "2000", "--epochs", "1", "--batch", "32", "--hidden", "16", "--rate", "0.02", "--out", out];

test("a single process learns without MPI, and resumes from its checkpoint", async () => {
  const { outcome, printed } = await runQuietly(digitsMpi, small);
  expectReadable(printed);
  expect(printed).toMatch(/^2,000 images, 1 process\ntest accuracy \d\d\.\d\d %, \d+\.\d s$/);
  expect(outcome.history.validation.at(-1)!.metrics.accuracy).toBeGreaterThan(0.75);
  const again = await runQuietly(digitsMpi, [...small, "--resume"]);
  expect(String(again.outcome.params[1].W)).toBe(String(outcome.params[1].W));
});

test("a learning rate that is too large is one line", async () => {
  await expectRefusal(digitsMpi, [...small, "--rate", "1e30"], "use a smaller --rate");
});
