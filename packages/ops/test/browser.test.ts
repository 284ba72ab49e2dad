import { runInNewContext } from "node:vm";
import { kernels } from "@wengert/ops";
import { beforeAll, describe, expect, test } from "vitest";
import { bundle } from "./bundle.ts";

// These tests run the library as a web page does: as one minified bundle, without the global variables of Node.
const program = `
  import { grad, hessian, tensor } from "@wengert/core";
  import { kernels, log, mul, softmax, sum } from "@wengert/ops";
  const f = (x) => sum(mul(softmax(x), log(softmax(x))));
  globalThis.answer = [grad(f)(tensor([1, 2, 3])), hessian(f)(tensor([1, 2, 3]))].join(" ");
  globalThis.kernels = kernels();
`;
const answer = /^tensor\(\[-0\.14181709, -0\.14077036, {2}0\.28258745\], float64\) tensor/;

let code: string;
beforeAll(async () => {
  ({ code } = await bundle(program, "iife"));
});

describe("without Node", () => {
  test("core and ops run with the available kernels", () => {
    const page: { answer?: string; kernels?: unknown } = {};
    runInNewContext(code, page);
    expect(page.answer).toMatch(answer);
    const { available, missing } = kernels();
    expect(page.kernels).toEqual({ choice: "auto", running: available.at(-1), available, missing });
  });

  test("a page with a policy against WebAssembly uses plain loops and reports the reason", () => {
    const page: { answer?: string; kernels?: unknown } = {};
    runInNewContext(code, page, { contextCodeGeneration: { wasm: false } });
    expect(page.answer).toMatch(answer);
    expect(page.kernels).toMatchObject({ choice: "auto", running: "plain", available: ["plain"] });
    expect(page.kernels).toHaveProperty("missing.simd", expect.stringMatching(/CompileError.*'wasm-unsafe-eval'/));
  });

  test.each([true, false])(
    "a page that forbids code from strings gives the same results; WebAssembly allowed: %s",
    (wasm) => {
      const [open, strict]: { answer?: string; kernels?: { running?: string } }[] = [{}, {}];
      runInNewContext(code, open!);
      runInNewContext(code, strict!, { contextCodeGeneration: { strings: false, wasm } });
      expect(strict!.answer).toBe(open!.answer);
      expect(strict!.kernels?.running).toBe(wasm ? kernels().available.at(-1) : "plain");
    },
  );

  test("a host without WebAssembly uses plain loops", () => {
    const page: { answer?: string; kernels?: unknown; WebAssembly?: unknown } = { WebAssembly: undefined };
    runInNewContext(code, page);
    expect(page.answer).toMatch(answer);
    expect(page.kernels).toMatchObject({ choice: "auto", running: "plain", available: ["plain"] });
    expect(page.kernels).toHaveProperty("missing.simd", "WebAssembly is not available");
  });
});
