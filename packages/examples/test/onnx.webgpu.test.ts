import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Tensor } from "@wengert/core";
import { dense, sequential } from "@wengert/nn";
import { crossEntropy, randomKey, relu } from "@wengert/ops";
import * as train from "@wengert/train";
import { chromium } from "playwright-core";
import { expect, test } from "vitest";
import { bundle } from "../../ops/test/bundle.ts";
import { type Batch, classes, pixelsPerImage, readDigits, wholeSet } from "../src/shared/mnist.ts";

// Fits digits in a page with ONNX Runtime on WebGPU, and compares the losses with those of eager ops in Node.

const [shell, whole] = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"];
const executablePath = process.env.CHROMIUM ?? (existsSync(shell) ? shell : whole);
const runtime = dirname(createRequire(import.meta.url).resolve("onnxruntime-web"));
/** The options with which Chromium computes WebGPU on the processor, by SwiftShader. */
const softwareGpu = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"];

/** The program of the test page, which trains a network. The paths of the imports are relative to `bundle.ts`. */
const program = `
  import { fromNdarray } from "../../core/src/index.ts";
  import { ndarray } from "../../core/src/extend.ts";
  import { crossEntropy, randomKey, relu } from "../../ops/src/index.ts";
  import { compile } from "../../compile/src/index.ts";
  import { dense, sequential } from "../../nn/src/index.ts";
  import { adam, fit } from "../../train/src/index.ts";
  import { onnx } from "../../onnx/src/index.ts";

  globalThis.learn = async (ort, pixels, labels) => {
    const net = sequential(dense(32), relu, dense(${classes}));
    const params = net.init(randomKey(1), { shape: [64, ${pixelsPerImage}], dtype: "float32" });
    const data = {
      images: fromNdarray(ndarray(pixels, [labels.length, ${pixelsPerImage}])),
      labels: fromNdarray(ndarray(labels, [labels.length])),
    };
    const engine = onnx(ort, { providers: ["webgpu"] });
    const loss = (params, { images, labels }) => crossEntropy(net.apply(params, images), labels);
    const { history } = await fit(loss, params, data, {
      optimizer: adam({ learningRate: 0.002 }),
      epochs: 4,
      batchSize: 64,
      history: { everySteps: 1 },
      compile: (f) => compile(f, { engine }),
    });
    return history.train.map((point) => point.loss);
  };`;

const html = `<script src="/program.js"></script><script type="module">
  import * as ort from "/runtime/ort.webgpu.min.mjs";
  ort.env.wasm.wasmPaths = "/runtime/";
  ort.env.wasm.numThreads = 1;
  const read = async (path) => (await fetch(path)).arrayBuffer();
  let submissions = 0;
  const { submit } = globalThis.GPUQueue?.prototype ?? {};
  if (submit) GPUQueue.prototype.submit = function (...args) { submissions++; return submit.apply(this, args); };
  const run = async () => {
    if (!(await navigator.gpu?.requestAdapter())) return "no GPU";
    const losses = await learn(ort, new Float32Array(await read("/pixels")), new Int32Array(await read("/labels")));
    return { losses, submissions };
  };
  globalThis.made = await run().catch((error) => String(error.stack));
</script>`;

test.skipIf(!existsSync(executablePath) && !process.env.CI)(
  "fit learns digits on WebGPU, with the losses of eager ops within 1e-4",
  { tags: "soak", timeout: 120_000 },
  async ({ skip }) => {
    const digits = await readDigits("train", { dtype: "float32", limit: 640 });
    const { code } = await bundle(program, "iife");
    const bytesOf = (array: ArrayBufferView) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);
    const files: Readonly<Record<string, readonly [Buffer | string, string]>> = {
      "/": [html, "text/html"],
      "/program.js": [code, "text/javascript; charset=utf-8"],
      "/pixels": [bytesOf(digits.pixels), "application/octet-stream"],
      "/labels": [bytesOf(digits.labels), "application/octet-stream"],
    };
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", ...softwareGpu] });
    try {
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on("console", (message) => complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(String(error)));
      await page.route("**/*", (route) => {
        const { pathname } = new URL(route.request().url());
        const [body, contentType] = files[pathname] ?? [];
        if (body !== undefined) return route.fulfill({ body, contentType: contentType! });
        if (!pathname.startsWith("/runtime/")) return route.fulfill({ status: 404 });
        const type = pathname.endsWith(".wasm") ? "application/wasm" : "text/javascript";
        return route.fulfill({ path: join(runtime, pathname.slice("/runtime/".length)), contentType: type });
      });
      await page.goto("http://localhost/");
      await page.waitForFunction("globalThis.made", undefined, { timeout: 90_000 });
      const made = (await page.evaluate("globalThis.made")) as { losses: number[]; submissions: number } | string;
      if (made === "no GPU") return skip("Chromium has no WebGPU adapter here");
      if (typeof made === "string") throw new Error(made);
      const wanted = await lossesInNode(wholeSet(digits));
      expect(complaints).toEqual([]);
      expect(made.losses).toHaveLength(40);
      expect(made.submissions).toBeGreaterThanOrEqual(40);
      for (const [i, loss] of wanted.entries()) expect(Math.abs(made.losses[i]! / loss - 1)).toBeLessThan(1e-4);
      expect(wanted.at(-1)).toBeLessThan(wanted[0]! / 3);
    } finally {
      await browser.close();
    }
  },
);

async function lossesInNode(data: Batch): Promise<number[]> {
  const net = sequential(dense(32), relu, dense(classes));
  const params = net.init(randomKey(1), { shape: [64, pixelsPerImage], dtype: "float32" });
  const loss = (now: typeof params, { images, labels }: Batch): Tensor => crossEntropy(net.apply(now, images), labels);
  const { history } = await train.fit(loss, params, data, {
    optimizer: train.adam({ learningRate: 0.002 }),
    epochs: 4,
    batchSize: 64,
    history: { everySteps: 1 },
  });
  return history.train.map((point) => point.loss);
}
