import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

// Kills a process at random moments while it fits a model. Restarts the process after each kill.

const fitter = fileURLToPath(new URL("fitter.mjs", import.meta.url));

/**
 * Runs fitter.mjs to the end, or kills the process after it has printed a number of lines. Returns the first and last
 * step, and the result.
 */
function run(path: string, lines: number): Promise<{ first: number; last: number; fitted: string | undefined }> {
  const child = spawn(process.execPath, [fitter, path], { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  child.stdout.on("data", (chunk) => {
    printed += chunk;
    if (printed.split("\n").length > lines) child.kill("SIGKILL");
  });
  return new Promise((resolve) =>
    child.on("close", () => {
      const steps = printed.split("\n").filter((line) => /^\d+$/.test(line));
      resolve({ first: Number(steps[0]), last: Number(steps.at(-1)), fitted: /^fitted (.*)$/m.exec(printed)?.[1] });
    }),
  );
}

test("a fit that is killed repeatedly is bit-identical to an uninterrupted one", { tags: "soak" }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "wengert-killed-"));
  const { fitted } = await run(join(folder, "whole"), Infinity);
  let [kills, reached] = [0, 0];
  for (;;) {
    const next = await run(join(folder, "parts"), 10 + Math.random() * 30);
    if (next.first > 0) expect(next.first, "at most the current step is lost").toBeGreaterThanOrEqual(reached);
    if (next.fitted !== undefined) {
      expect(next.fitted === fitted).toBe(true);
      break;
    }
    reached = next.last;
    kills++;
  }
  expect(kills).toBeGreaterThan(2);
  rmSync(folder, { recursive: true });
});
