import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as core from "@wengert/core";
import * as ops from "@wengert/ops";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../../ops/test/bundle.ts";
import { sampled } from "../../ops/test/soak.ts";

// Trains a network in a page with onnxruntime-web, and compares the losses with those of eager ops in Node.

const [shell, whole] = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"];
const executablePath = process.env.CHROMIUM ?? (existsSync(shell) ? shell : whole);
const runtime = dirname(createRequire(import.meta.url).resolve("onnxruntime-web"));

/** The options with which Chromium computes WebGPU on the processor, by SwiftShader. */
const softwareGpu = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"];

/**
 * The body of a function, as text. The parameters of the function are `core`, `ops` and `compiled`, where `compiled`
 * compiles a function. The function returns the losses of 30 training steps.
 */
const training = `
  const { fromNdarray, randomKey, tensor, treeMap, valueAndGrad } = { ...core, ...ops };
  const { add, axpy, crossEntropy, matmul, randomNormal, relu } = ops;
  const [a, b, c] = ops.splitKey(randomKey(1), 3);
  const float32 = { dtype: "float32" };
  const X = randomNormal(c, { shape: [32, 20], ...float32 });
  const labels = tensor(Array.from({ length: 32 }, (_, i) => (i * 7) % 5), { dtype: "int32" });
  let params = {
    A: ops.mul(randomNormal(a, { shape: [20, 16], ...float32 }), 0.3),
    B: ops.mul(randomNormal(b, { shape: [16, 5], ...float32 }), 0.3),
  };
  const loss = ({ A, B }, X, labels) => crossEntropy(matmul(relu(matmul(X, A)), B), labels);
  const step = compiled((params, X, labels) => {
    const { value, grad } = valueAndGrad(loss)(params, X, labels);
    return { loss: value, params: treeMap((p, slope) => axpy(-0.5, slope, p), params, grad) };
  });
  const losses = [];
  for (let i = 0; i < 30; i++) {
    const next = await step(params, X, labels);
    params = next.params;
    losses.push(next.loss.item());
  }
  return losses;`;

describe.skipIf(!existsSync(executablePath) && !process.env.CI)("in a page", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox", ...softwareGpu] });
  });
  afterAll(() => browser?.close());

  const providers = [
    ["wasm", "ort.wasm.min.mjs"],
    ["webgpu", "ort.webgpu.min.mjs"],
  ] as const;
  test.for(sampled(providers, 2))(
    "with %s, a training step gives the losses of eager ops within 1e-5",
    async ([provider, file], { skip }) => {
      const program = `
      import * as core from "../../core/src/index.ts"; // the paths are relative to bundle.ts
      import * as ops from "../../ops/src/index.ts";
      import { compile } from "../../compile/src/index.ts";
      import { onnx } from "../../onnx/src/index.ts";
      globalThis.train = async (ort, options) => {
        const compiled = (f) => compile(f, { engine: onnx(ort, options) });
        ${training}
      };`;
      const { code } = await bundle(program, "iife");
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on("console", (message) => complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(String(error)));
      const html = `<script src="/program.js"></script><script type="module">
      import * as ort from "/runtime/${file}";
      ort.env.wasm.wasmPaths = "/runtime/";
      const isMissing = "${provider}" === "webgpu" && !(await navigator.gpu?.requestAdapter());
      globalThis.made = isMissing ? "no GPU" : await train(ort, { threads: 1, providers: ["${provider}"] }).catch((error) => String(error.stack));
    </script>`;
      await page.route("**/*", (route) => {
        const { pathname } = new URL(route.request().url());
        if (pathname === "/") return route.fulfill({ body: html, contentType: "text/html" });
        if (pathname === "/program.js")
          return route.fulfill({ body: code, contentType: "text/javascript; charset=utf-8" });
        if (!pathname.startsWith("/runtime/")) return route.fulfill({ status: 404 });
        const type = pathname.endsWith(".wasm") ? "application/wasm" : "text/javascript";
        return route.fulfill({
          body: readFileSync(join(runtime, pathname.slice("/runtime/".length))),
          contentType: type,
        });
      });
      await page.goto("http://localhost/");
      await page.waitForFunction("globalThis.made");
      const losses = (await page.evaluate("globalThis.made")) as number[] | "no GPU";
      if (losses === "no GPU") return skip("Chromium has no WebGPU adapter here");
      const inNode = new Function("core", "ops", "compiled", `return (async () => { ${training} })()`);
      const wanted: number[] = await inNode(core, ops, (f: never) => f);
      expect(complaints).toEqual([]);
      expect(losses).toHaveLength(30);
      for (const [i, loss] of wanted.entries())
        expect(Math.abs((losses[i] ?? Number.NaN) / loss - 1)).toBeLessThan(1e-5);
      expect(wanted.at(-1)).toBeLessThan(wanted[0]! / 2);
      await page.close();
    },
  );
});
