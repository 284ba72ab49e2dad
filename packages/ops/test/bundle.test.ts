import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { binaries, randomBinaries } from "../src/wasm/binaries.ts";
import { type Bundle, bundle } from "./bundle.ts";

// Tests the size of a page's bundle, minified and gzipped. The WebAssembly binaries are counted separately.

const withoutBinaries = {
  name: "without binaries",
  load: (id: string) =>
    id.endsWith("/wasm/binaries.ts") ? "export const binaries = [], randomBinaries = [];" : undefined,
};
const load = (program: string) => bundle(program, "es", withoutBinaries);
const compressed = (text: string): number => gzipSync(text, { level: 9 }).length;

/** Fails if a bundle has more than `most` bytes. The failure lists the largest modules. */
function expectAtMost(most: number, { code, modules }: Bundle): void {
  const size = compressed(code);
  if (size <= most) return;
  const largest = Object.entries(modules).sort(([, a], [, b]) => b - a);
  const list = largest.map(([name, bytes]) => `  ${String(bytes).padStart(6)}  ${name}`).join("\n");
  expect.fail(`the bundle has ${size} bytes, more than ${most}; its modules before minification:\n${list}`);
}

describe("size", () => {
  test("everything", async () => {
    const program =
      'import * as core from "@wengert/core"; import * as ops from "@wengert/ops"; console.log(core, ops);';
    expectAtMost(103_000, await load(program));
  });

  test("a program that fits a linear model", async () => {
    const program =
      'import { grad } from "@wengert/core"; import { crossEntropy, matmul } from "@wengert/ops"; console.log(grad, matmul, crossEntropy);';
    expectAtMost(32_100, await load(program));
  });

  test("the binaries of the kernels, included once", async () => {
    const texts = JSON.stringify(binaries);
    expect(compressed(texts)).toBeLessThanOrEqual(18_900);
    const program = 'import { exp } from "@wengert/ops"; console.log(exp);';
    const [complete, without] = [await bundle(program, "es"), await load(program)];
    expect(complete.code.length - without.code.length).toBeLessThanOrEqual(texts.length);
  });

  test("the binary of the random numbers, only if a program draws them", async () => {
    const texts = JSON.stringify(randomBinaries);
    expect(compressed(texts)).toBeLessThanOrEqual(3_000);
    const program = 'import { randomNormal } from "@wengert/ops"; console.log(randomNormal);';
    const [complete, without] = [await bundle(program, "es"), await load(program)];
    const size = complete.code.length - without.code.length;
    expect(size).toBeGreaterThan(0);
    expect(size).toBeLessThanOrEqual(texts.length);
  });
});

describe("unused code is removed", () => {
  const nothing = 'import "@wengert/core"; import "@wengert/core/gradcheck"; import "@wengert/ops";';

  test("an import of nothing leaves nothing", async () => {
    expect((await load(nothing)).code.trim()).toBe("");
  });

  test("without sideEffects in package.json, because modules have no side effects", async () => {
    const distrust = {
      name: "distrust",
      transform: (code: string, id: string) =>
        /\/(core|ops)\/src\//.test(id) ? { code, moduleSideEffects: true } : undefined,
    };
    const { modules } = await bundle(nothing, "es", withoutBinaries, distrust);
    const left = Object.entries(modules).filter(([name, size]) => name.includes("/src/") && size > 400); // not mere constants
    // Bundlers keep the class Tensor even if it is unused, because they treat a method named by a symbol as a side
    // effect.
    const ofTensor = [
      "values/tensor",
      "checks/errors",
      "values/format",
      "values/ndarray",
      "values/copy",
      "values/donation",
      "values/exposure",
      "values/view",
    ];
    expect(left.map(([name]) => name).sort()).toEqual(ofTensor.map((name) => `core/src/${name}.ts`).sort());
  });

  test("ops without kernels do not include the binaries", async () => {
    const without = ["reshape", "transpose", "slice", "concat", "equal", "argmax"];
    const { modules } = await load(`import { ${without} } from "@wengert/ops"; console.log(${without});`);
    expect(Object.keys(modules).filter((name) => name.includes("wasm"))).toEqual([]);
    expect((await load('import { exp } from "@wengert/ops"; console.log(exp);')).modules).toHaveProperty([
      "ops/src/wasm/kernels.ts",
    ]);
  });
});
