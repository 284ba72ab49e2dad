import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accuracy } from "@wengert/train";
import { afterAll, expect, test, vi } from "vitest";
import cnn from "../src/cnn/main.ts";
import { expectReadable, expectRefusal, expectSelfContained, runQuietly } from "./support.ts";

const out = mkdtempSync(join(tmpdir(), "wengert-cnn-"));
afterAll(() => rmSync(out, { recursive: true }));

const small = ["--limit", "160", "--test", "100", "--batch", "16", "--epochs", "3", "--out", out];

test("learns, prints and draws its results; stops when the signal is aborted, and resumes bit for bit", async () => {
  const { outcome, printed } = await runQuietly(cnn, small);
  const { fit, file } = outcome;
  const right = fit.history.validation.map(({ metrics }) => metrics.accuracy!);
  expect(right.at(-1)).toBeGreaterThan(0.4);
  expect(accuracy(fit.test.scores, fit.test.labels)).toBe(right.at(-1));
  expect([fit.steps, fit.images, fit.test.images.shape]).toEqual([30, 160, [100, 28, 28]]);
  expect(printed).toMatch(/^30 steps in \d+ s\. Test accuracy \d\d\.\d\d %$/m);
  expectReadable(printed);
  expectSelfContained(file, 4); // plots of loss, accuracy, confusion and calibration
  const page = readFileSync(file, "utf8");
  expect(page).toContain("npm run example -- cnn --epochs 3 --batch 16 --limit 160 --test 100");
  expect(page).toMatch(/80,202.*parameters/s);
  expect(page.match(/alt="filter \d+"/g)).toHaveLength(16);
  expect(page).toMatch(/#\d+ +maxPool2d/);
  expect(readdirSync(out).sort()).toEqual(["checkpoint.safetensors", "index.html"]);

  const files = () => ["checkpoint.safetensors", "index.html"].map((name) => readFileSync(join(out, name)));
  const whole = files();
  const stop = new AbortController();
  const stopping = runQuietly(cnn, small, stop.signal);
  vi.mocked(console.log).mockImplementation((line) => {
    if (/test images/.test(line)) setTimeout(() => stop.abort(), 60); // after some steps of the fit
  });
  const stopped = await stopping;
  expect(stopped.outcome.fit.stopped).toBe(true);
  expect(stopped.printed).toMatch(/resume from .*checkpoint\.safetensors with --resume$/);
  expect(readFileSync(stopped.outcome.file, "utf8")).toContain("stopped early");
  await runQuietly(cnn, [...small, "--resume"]);
  expect(files().map((file, i) => file.equals(whole[i]!))).toEqual([true, true]);
});

test("rejects a dropout of 1 with a one-line message", async () => {
  await expectRefusal(cnn, ["--dropout", "1"], '--dropout must be a number from 0 to 0.9, not "1".');
});
