import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accuracy } from "@wengert/train";
import { afterAll, expect, test, vi } from "vitest";
import cnn from "../src/cnn/main.ts";
import { expectReadable, expectRefusal, expectSelfContained, runQuietly } from "./support.ts";

const out = mkdtempSync(join(tmpdir(), "wengert-cnn-"));
afterAll(() => rmSync(out, { recursive: true }));

const small = ["--limit", "160", "--test", "100", "--batch", "16", "--out", out];

test("learns from 160 images, and prints and draws its results", async () => {
  const { outcome, printed } = await runQuietly(cnn, [...small, "--epochs", "4"]);
  const { fit, file } = outcome;
  const right = fit.history.validation.map(({ metrics }) => metrics.accuracy!);
  expect(right.at(-1)).toBeGreaterThan(0.4);
  expect(accuracy(fit.test.scores, fit.test.labels)).toBe(right.at(-1));
  expect([fit.steps, fit.images, fit.test.images.shape]).toEqual([40, 160, [100, 28, 28]]);
  expect(printed).toContain("80,202");
  expect(printed).toMatch(/^40 steps in \d+ s\. Test accuracy \d\d\.\d\d %$/m);
  expectReadable(printed);
  expectSelfContained(file, 4); // plots of loss, accuracy, confusion and calibration
  const page = readFileSync(file, "utf8");
  expect(page).toContain("npm run example -- cnn --epochs 4 --batch 16 --limit 160 --test 100");
  expect(page).toMatch(/80,202.*parameters/s);
  expect(page.match(/alt="filter \d+"/g)).toHaveLength(16);
  expect(page).toMatch(/#\d+ +maxPool2d/);
  expect(readdirSync(out).sort()).toEqual(["checkpoint.safetensors", "index.html"]);
});

test("stops when the signal is aborted, and resumes to the same checkpoint and page, bit for bit", async () => {
  const files = () => ["checkpoint.safetensors", "index.html"].map((name) => readFileSync(join(out, name)));
  await runQuietly(cnn, [...small, "--epochs", "2"]);
  const whole = files();
  const stop = new AbortController();
  const stopping = runQuietly(cnn, [...small, "--epochs", "2"], stop.signal);
  vi.mocked(console.log).mockImplementation((line) => {
    if (/test images/.test(line)) setTimeout(() => stop.abort(), 60); // after some steps of the fit
  });
  const stopped = await stopping;
  expect(stopped.outcome.fit.stopped).toBe(true);
  expect(stopped.printed).toMatch(/resume from .*checkpoint\.safetensors with --resume$/);
  expect(readFileSync(stopped.outcome.file, "utf8")).toContain("stopped early");
  await runQuietly(cnn, [...small, "--epochs", "2", "--resume"]);
  expect(files().map((file, i) => file.equals(whole[i]!))).toEqual([true, true]);
});

test.each([
  [["--dropout", "1"], '--dropout must be a number from 0 to 0.9, not "1".'],
  [["--rate", "1e30"], "use a smaller --rate"],
])("rejects %j with a one-line message", async (args, message) => {
  await expectRefusal(cnn, [...small, "--epochs", "1", ...args], message);
});
