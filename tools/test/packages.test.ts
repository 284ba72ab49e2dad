import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writePageWithMap } from "../release/packages/bundles.mjs";
import { answerOf, compared, type Probe } from "../release/packages/numbers.mjs";
import { hasBrowser, openPages } from "../release/packages/pages.mjs";
import { entriesOf, output } from "../release/packages/project.mjs";
import { compile } from "../release/packages/types.mjs";
import { pack, packageOf, unpack } from "../release/packed.mjs";

// Installs the packed packages into a separate project and tests them there, without a registry. `npm run test:packages`
// tests more runtimes, compilers and bundlers.

const root = new URL("../../", import.meta.url).pathname;
const project = mkdtempSync(join(tmpdir(), "wengert-project-"));
let tarballs: string[];
beforeAll(() => {
  tarballs = pack(join(project, "tarballs"));
  unpack(tarballs, project);
  cpSync(join(root, "tools/release/packages/consumer"), project, { recursive: true });
  writeFileSync(join(project, "package.json"), '{ "name": "consumer", "private": true, "type": "module" }');
}, 180_000); // packs every package
afterAll(() => rmSync(project, { recursive: true, force: true }));

let answer: Probe | undefined;
/** Returns the results of the program run.mjs in the running Node. Runs the program only once. */
function probed(): Probe {
  const entries = entriesOf(project).map(({ name }) => name);
  answer ??= answerOf(output(project, [process.execPath, "run.mjs", entries.join(), project]));
  return answer;
}

test("each public package has a tarball with all files that its package.json names", () => {
  expect(tarballs.map(packageOf)).toEqual(["compile", "core", "data", "mpi", "nn", "onnx", "ops", "report", "train"]);
  for (const tarball of tarballs) {
    output(root, [process.execPath, "node_modules/publint/src/cli.js", tarball, "--strict"]);
  }
});

test("each entry can be imported, each op be called and pulled back, and a mistake throws", () => {
  expect(probed().available).toContain("plain");
});

test.each(["nodenext", "bundler"])("the declarations compile in a project with moduleResolution %s", (resolution) => {
  compile(project, [process.execPath, join(root, "node_modules/typescript/bin/tsc")], resolution);
});

test.skipIf(!hasBrowser && !process.env.CI)(
  "a page without a bundler computes the same numbers, also with plain loops",
  async () => {
    const { name, hash } = writePageWithMap(project);
    for (const [policy, kernels] of [
      [`script-src 'self' ${hash} 'wasm-unsafe-eval'`, "plain, simd"],
      [`script-src 'self' ${hash}`, "plain"],
    ]) {
      const pages = await openPages(project, policy);
      try {
        expect(compared(await pages.answer(name), probed())).toContain(`by ${kernels}`);
      } finally {
        await pages.close();
      }
    }
  },
);
