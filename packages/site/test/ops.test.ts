import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as core from "@wengert/core";
import * as coreExtend from "@wengert/core/extend";
import * as ops from "@wengert/ops";
import * as opsExtend from "@wengert/ops/extend";
import MiniSearch from "minisearch";
import { describe, expect, test } from "vitest";
import { withOutput } from "../build/opExamples.ts";
import { opPages } from "../build/opPages.ts";
import { plotOf } from "../build/opPlots.ts";
import { policiesOf } from "../build/policies.ts";
import type { Wengert } from "../build/wengert.ts";
import { find, searchOptions } from "../src/search.ts";

const dist = new URL("../dist/docs/", import.meta.url);
const read = (url: string): string => readFileSync(new URL(url, dist), "utf8");
const wengert = { core: { ...core, ...coreExtend }, ops: { ...ops, ...opsExtend } } as unknown as Wengert;
const pages = await opPages();
const isOp = (value: unknown) => typeof value === "function" && ("spec" in value || "samples" in value);
const exported = Object.entries(wengert.ops).flatMap(([name, value]) => (isOp(value) ? [name] : []));
const programIn = (text: string): string => /^```ts\n(.*?)^```$/ms.exec(text)?.[1] ?? "";

describe("the pages of the ops", () => {
  test("exist for each exported op, with all parts", () => {
    expect(pages.map(({ title }) => title).sort()).toEqual(exported.sort());
    for (const { url, title, text } of pages) {
      expect(existsSync(new URL(url, dist)), url).toBe(true);
      expect(text, title).toContain(`\`\`\`ts signature\n${title}(`);
      for (const part of ["Example", "See also"]) expect(text, title).toContain(`\n## ${part}\n`);
      expect(text, title).toMatch(/\/\/ → \S/);
      expect(text, title).toMatch(/- Source: \[`ops\/src\/[\w/]+\.ts`\]/);
      expect(text, title).not.toMatch(/undefined|\[object/);
    }
  });

  test("have programs that print the documented output", () => {
    for (const { title, text } of pages) {
      const program = programIn(text);
      expect(withOutput(program.replaceAll(/^\/\/ → .*\n/gm, ""), wengert), title).toBe(program);
    }
  });

  test("have programs that compile", () => {
    const folder = new URL("../out/programs/", import.meta.url);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const { title, text } of pages) writeFileSync(new URL(`${title}.ts`, folder), programIn(text));
    const compilerOptions = { module: "nodenext", target: "es2023", strict: true, noEmit: true, skipLibCheck: true };
    const config = { compilerOptions: { ...compilerOptions, types: ["node"] }, include: ["*.ts"] };
    writeFileSync(new URL("tsconfig.json", folder), JSON.stringify(config));
    const tsc = new URL("../../../node_modules/typescript/bin/tsc", import.meta.url).pathname;
    const { stdout } = spawnSync(process.execPath, [tsc, "-p", folder.pathname], { encoding: "utf8" });
    expect(stdout).toBe("");
  });

  test("are found first by the name of the op", () => {
    const index = MiniSearch.loadJSON(read("search.json"), searchOptions);
    for (const { title, url } of pages) expect(find(index, title)[0]?.url, title).toBe(url);
    expect(find(index, "cross entropy")[0]?.url).toBe("ops/crossEntropy.html");
    expect(find(index, "how do I use crossEntropy?")[0]?.url).toBe("ops/crossEntropy.html");
  });

  test("are linked from the list of ops and from the API reference, with signature, shapes and example", () => {
    const list = read("ops.html");
    const entries = new Map(
      ["api/ops.html", "api/ops-extend.html"].flatMap((api) =>
        read(api)
          .split('<h3 id="')
          .map((entry) => [entry.slice(0, entry.indexOf('"')), entry] as const),
      ),
    );
    for (const { title, url } of pages) {
      expect(list, title).toContain(`href="${url}"`);
      const own = entries.get(title.toLowerCase()) ?? "";
      expect(own, title).toContain(`href="../${url}"`);
      for (const part of [`<code>${title}(`, "<summary>Example</summary>"]) expect(own, title).toContain(part);
      if (title !== "expr") expect(own, title).toContain(">result<");
    }
  });
});

test("a plot has a line for the value and one for the derivative, with a gap at each pole and jump", () => {
  const linesOf = (name: string) =>
    [...plotOf(name, ["x"], wengert).matchAll(/<path[^>]* d="([^"]+)"/g)].map(([, d = ""]) => d);
  for (const { title, text } of pages.filter(({ text }) => text.includes("## Plot"))) {
    expect(text.match(/stroke="var\(--(?:forward|backward)\)"/g), title).toHaveLength(2);
    expect(text, title).not.toMatch(/<path[^>]* d="[^"]*NaN/);
  }
  const pieces = (d: string) => d.split("M").filter((piece) => piece.includes("L")).length;
  expect(linesOf("exp").slice(-2).map(pieces)).toEqual([1, 1]);
  expect(linesOf("tan").slice(-1).map(pieces)[0]).toBe(3); // the poles −π/2 and π/2
  expect(linesOf("sign").slice(-1).map(pieces)[0]).toBe(2);
  expect(linesOf("relu").slice(-2).map(pieces)).toEqual([2, 1]);
});

test("a policy belongs to the ops in its case, but not to everyday words", () => {
  const table = `## Policies

| case | Wengert | why |
| --- | --- | --- |
| NaN in abs, sign and relu | NaN | a |
| where, a branch not taken | 0 | b |
| any, all, norm over an empty axis | empty | c |
| relu at 0, if all entries are equal, where | 0 | d |
| sign of a zero result | 0 | e |

## Accuracy
`;
  const found = policiesOf(table, ["abs", "sign", "relu", "where", "any", "all", "at", "equal"]);
  const reasons = Object.fromEntries(
    [...found].map(([name, list]) => [name, list.map(({ reason }) => reason).join("")]),
  );
  expect(reasons).toEqual({ abs: "a", sign: "a", relu: "ad", where: "b", any: "c", all: "c" });
});

test("the API reference shows a program of the documentation for functions that such a program uses", () => {
  const page = read("api/core.html");
  const entry = (name: string) => page.split(`<h3 id="${name}">`)[1]?.split("<h3 ")[0] ?? "";
  for (const name of ["grad", "vjp", "jvp", "vmap", "scan", "trace", "jacobian", "hvp", "checkpoint", "tensor"]) {
    expect(entry(name), name).toContain("<summary>Example</summary>");
    expect(entry(name), name).toMatch(/From <a href="\.\.\/\w/);
  }
  const json = JSON.parse(read("search.json")) as { storedFields: Record<string, { title: string; text: string }> };
  const found = Object.values(json.storedFields).find(({ title }) => title === "grad()");
  expect(found?.text).not.toContain("console.log");
});
