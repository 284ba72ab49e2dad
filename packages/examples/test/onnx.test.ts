import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import onnx from "../src/onnx/main.ts";
import { expectReadable, expectRefusal, runQuietly } from "./support.ts";

const out = mkdtempSync(join(tmpdir(), "wengert-onnx-example-"));
afterAll(() => rmSync(out, { recursive: true }));

const mean = (list: readonly number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;

test("trains, exports, classifies with ONNX Runtime, continues the training without Wengert, and fine-tunes the last layer", async () => {
  const args = [
    "--steps",
    "40",
    "--tune",
    "200",
    "--limit",
    "640",
    "--test",
    "200",
    "--lines",
    "256",
    "--epochs",
    "3",
    "--out",
    out,
  ];
  const { outcome, printed } = await runQuietly(onnx, args);
  const { here, there } = outcome.losses;
  expect([here.length, there.length]).toEqual([40, 40]);
  // An epoch has ten batches (640 images), so the mean of ten losses is the mean loss of an epoch.
  const epochs = [here, there].flatMap((list) => [0, 10, 20, 30].map((from) => mean(list.slice(from, from + 10))));
  for (const [i, loss] of epochs.entries()) if (i > 0) expect(loss).toBeLessThan(epochs[i - 1]!);
  expect(epochs.at(-1)).toBeLessThan(0.4);
  expect(outcome.accuracies.onnxRuntime).toBe(outcome.accuracies.wengert);
  expect(outcome.accuracies.onnxRuntime).toBeGreaterThan(0.7);
  expect(outcome.inverted.before).toBeLessThan(0.2);
  expect(outcome.inverted.after).toBeGreaterThan(0.6);
  expect(outcome.published.before).toBeLessThan(0.7);
  expect(outcome.published.after).toBeGreaterThan(outcome.published.before + 0.05);
  expectReadable(printed);
  expect(printed).toMatch(/^ {2}41 to 48 +\d\.\d{4}$/m);
  expect(readdirSync(out).sort()).toEqual(["digits.onnx", "index.html", "start.safetensors", "step.onnx"]);
});

test("the other process imports Node's modules and ONNX Runtime alone", () => {
  const source = readFileSync(new URL("../src/onnx/continue.mjs", import.meta.url), "utf8");
  const imported = [...source.matchAll(/from "(.*)"/g)].map(([, name]) => name);
  expect(imported).toEqual(["node:fs", "node:path", "onnxruntime-node"]);
  expect(source).not.toMatch(/\bimport\(|require/);
});

test("rejects a batch that is larger than the training set with a one-line message", async () => {
  await expectRefusal(onnx, ["--batch", "65", "--limit", "64", "--out", out], "--batch is 65, but --limit is 64");
});
