import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { fromNdarray, type Tensor } from "@wengert/core";
import { ndarray } from "@wengert/core/extend";
import { softmax } from "@wengert/ops";
import * as ort from "onnxruntime-node";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import onnx from "../src/onnx/main.ts";
import { readDigits, wholeSet } from "../src/shared/mnist.ts";
import { runQuietly } from "./support.ts";

// Opens the page that the example `onnx` writes, from the disk and without a network.

const [shell, whole] = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"];
const executablePath = process.env.CHROMIUM ?? (existsSync(shell) ? shell : whole);

/** Returns the ten probabilities that the page shows. */
const probabilitiesIn = (page: Page): Promise<number[]> =>
  page.locator("#bars data").evaluateAll((list) => list.map((each) => Number(each.getAttribute("value"))));

describe.skipIf(!existsSync(executablePath) && !process.env.CI)("the page of the example onnx", () => {
  const out = mkdtempSync(join(tmpdir(), "wengert-onnx-page-"));
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  const requests: string[] = [];
  const clear = async () => {
    await page.locator("#clear").click();
    await page.locator("#answer", { hasText: "Draw a digit" }).waitFor();
  };
  beforeAll(async () => {
    await runQuietly(onnx, [
      "--steps",
      "200",
      "--tune",
      "1",
      "--limit",
      "6400",
      "--test",
      "100",
      "--lines",
      "64",
      "--epochs",
      "1",
      "--out",
      out,
    ]);
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    page = await browser.newPage();
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(join(out, "index.html")).href);
    await page.locator("#digits button").nth(47).waitFor();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(out, { recursive: true });
  });

  test("gives test images the probabilities of ONNX Runtime in Node, within 1e-6", async () => {
    const { images, labels } = wholeSet(await readDigits("t10k", { dtype: "float32", limit: 48 }));
    const wanted = await probabilitiesInNode(join(out, "digits.onnx"), images);
    const predictions = wanted.map((row) => row.indexOf(Math.max(...row)));
    const buttons = page.locator("#digits button");
    const marks = await buttons.evaluateAll((list) => list.map((each) => each.className));
    expect(marks).toEqual(predictions.map((each, i) => (each === labels.array!.data[i] ? "" : "wrong")));
    for (let i = 0; i < 48; i += 3) {
      await clear();
      await buttons.nth(i).click();
      await page.locator("#answer", { hasText: `Prediction: ${predictions[i]} ` }).waitFor();
      const shown = await probabilitiesIn(page);
      for (const [k, probability] of wanted[i]!.entries()) expect(Math.abs(shown[k]! - probability)).toBeLessThan(1e-6);
    }
  });

  test("classifies a digit that the visitor draws, at any place of the pad", async () => {
    const lines: number[][] = [];
    for (const [x, y] of [
      [140, 40],
      [60, 55],
    ] as const) {
      await clear();
      await page.locator("#pad").scrollIntoViewIfNeeded();
      const pad = (await page.locator("#pad").boundingBox())!;
      await page.mouse.move(pad.x + x, pad.y + y);
      await page.mouse.down();
      await page.mouse.move(pad.x + x, pad.y + y + 180, { steps: 10 });
      await page.mouse.up();
      await page.locator("#answer", { hasText: "Prediction: 1 " }).waitFor({ timeout: 5000 }); // a vertical line is a one
      lines.push(await probabilitiesIn(page));
    }
    const [first, second] = lines as [number[], number[]];
    expect(first.reduce((sum, probability) => sum + probability)).toBeCloseTo(1, 12);
    for (const [k, probability] of first.entries()) expect(second[k]).toBeCloseTo(probability, 6);
  });

  test("loads no other files and reports no errors", () => {
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !/^(file|blob):/.test(url))).toEqual([]);
    expect(requests.filter((url) => url.startsWith("file:"))).toHaveLength(1);
  });
});

async function probabilitiesInNode(file: string, images: Tensor): Promise<number[][]> {
  const session = await ort.InferenceSession.create(file);
  const { output } = await session.run({
    images: new ort.Tensor("float32", images.array!.data as Float32Array, [...images.shape]),
  });
  await session.release();
  return softmax(fromNdarray(ndarray(Float64Array.from(output!.data as Float32Array), [...output!.dims]))).toNested();
}
