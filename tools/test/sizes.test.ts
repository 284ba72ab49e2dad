import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { bundle } from "../../packages/ops/test/bundle.ts";

// Checks the bundle sizes of nn, train, data and report, minified and gzipped, without the WebAssembly binaries. The tests of
// ops check the sizes of core and ops.

const withoutBinaries = {
  name: "without binaries",
  load: (id: string) =>
    id.endsWith("/wasm/binaries.ts") ? "export const binaries = [], randomBinaries = [];" : undefined,
};
/** Bundles a program that imports the packages compile, nn, train, data, report, mpi or onnx. */
const load = (program: string) =>
  bundle(
    program.replaceAll(/"(compile|nn|train|data|report|mpi|onnx)"/g, (_, name) => `"../../${name}/src/index.ts"`),
    "es",
    withoutBinaries,
  );
const size = async (program: string) => gzipSync((await load(program)).code, { level: 9 }).length;

test("a fit of a linear model takes at most 57 kB", async () => {
  const program =
    'import { crossEntropy, matmul } from "@wengert/ops"; import { adam, fit } from "train"; console.log(adam, fit, matmul, crossEntropy);';
  expect(await size(program)).toBeLessThanOrEqual(57_000);
});

test("optimizers take at most 24.5 kB, and files at most 15 kB", async () => {
  expect(await size('import { adam } from "train"; console.log(adam);')).toBeLessThanOrEqual(24_500);
  expect(await size('import { load, save } from "train"; console.log(load, save);')).toBeLessThanOrEqual(15_000);
});

test("a net of dense layers takes at most 26.2 kB", async () => {
  const program = 'import { dense, sequential } from "nn"; console.log(dense, sequential);';
  expect(await size(program)).toBeLessThanOrEqual(26_200);
});

test("the export of programs takes at most 79.4 kB", async () => {
  expect(await size('import { toOnnx } from "onnx"; console.log(toOnnx);')).toBeLessThanOrEqual(79_400);
});

test("the import of models takes at most 81.7 kB, and does not contain the export", async () => {
  const program = 'import { fromOnnx } from "onnx"; console.log(fromOnnx);';
  expect(await size(program)).toBeLessThanOrEqual(81_700);
  expect((await load(program)).code).not.toContain("toOnnx: ");
});

test("compile takes at most 66.8 kB, as it knows the ops that have kernels or run in loops", async () => {
  const program = 'import { compile } from "compile"; console.log(compile);';
  expect(await size(program)).toBeLessThanOrEqual(66_800);
});

test("an import without bindings leaves no code", async () => {
  expect(
    (
      await load(
        'import "compile"; import "nn"; import "train"; import "data"; import "report"; import "mpi"; import "onnx";',
      )
    ).code.trim(),
  ).toBe("");
});

test("readers of images and tables load on demand", async () => {
  const { modules } = await load('import * as data from "data"; console.log(data);');
  expect(Object.keys(modules).filter((name) => /fast-png|jpeg-js|pica/.test(name))).toEqual([]);
});
