import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { bundle } from "../../packages/ops/test/bundle.ts";

// What train, data and report add to a page: minified, gzipped, without the binaries of the kernels. Core and ops are measured where they are.

const withoutBinaries = {
  name: "without binaries",
  load: (id: string) => (id.endsWith("/wasm/binaries.ts") ? "export const binaries = [];" : undefined),
};
/** A program that imports these packages; it is bundled as one of ops' own. */
const load = (program: string) =>
  bundle(
    program.replaceAll(/"(train|data|report)"/g, (_, name) => `"../../${name}/src/index.ts"`),
    "es",
    withoutBinaries,
  );
const size = async (program: string) => gzipSync((await load(program)).code, { level: 9 }).length;

test("a fit of a linear model", async () => {
  const program =
    'import { crossEntropy, matmul } from "@wengert/ops"; import { adam, fit } from "train"; console.log(adam, fit, matmul, crossEntropy);';
  expect(await size(program)).toBeLessThanOrEqual(48_000);
});

test("optimizers alone, and files alone", async () => {
  expect(await size('import { adam } from "train"; console.log(adam);')).toBeLessThanOrEqual(22_000);
  expect(await size('import { load, save } from "train"; console.log(load, save);')).toBeLessThanOrEqual(13_500);
});

test("of an import of nothing, nothing is left", async () => {
  expect((await load('import "train"; import "data"; import "report";')).code.trim()).toBe("");
});

test("what reads images and tables comes when it is wanted", async () => {
  const { modules } = await load('import * as data from "data"; console.log(data);');
  expect(Object.keys(modules).filter((name) => /papaparse|fast-png|jpeg-js|pica/.test(name))).toEqual([]);
});
