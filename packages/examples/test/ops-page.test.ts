import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as core from "@wengert/core";
import * as ops from "@wengert/ops";
import { afterAll, describe, expect, test } from "vitest";

/** What one file of tools/ exports: JavaScript, whose types a test cannot import. */
const tool = (name: string) => import(new URL(`../../../tools/${name}`, import.meta.url).href);
const { opsPage } = (await tool("docs.mjs")) as { opsPage: (core: unknown, ops: unknown) => string };
const { declarationsOf } = (await tool("declarations.mjs")) as {
  declarationsOf: (index: string) => { name: string; doc: string; inputs: string[]; options: { name: string }[] }[];
};

const page = readFileSync(new URL("../../../docs/ops.md", import.meta.url), "utf8");
const opNames = Object.keys(ops).filter((name) => name !== "kernels");
const rows = new Map([...page.matchAll(/^\| <a id="(\w+)"><\/a>.*$/gm)].map(([row, name = ""]) => [name, row]));

describe("docs/ops.md", () => {
  test("is what the declarations say", () => {
    const isCurrent = opsPage(core, ops) === page;
    expect(isCurrent, "the declarations have changed: run `npm run docs`, and commit docs/ops.md").toBe(true);
  });

  test("has a row for each op, to which the contents lead", () => {
    expect([...rows.keys()].sort()).toEqual(opNames.sort());
    const anchors = new Set([...page.matchAll(/<a id="(\w+)">/g)].map(([, id]) => id));
    for (const [, title = ""] of page.matchAll(/^## (.*)$/gm)) anchors.add(title.toLowerCase().replaceAll(" ", "-"));
    for (const [, target = ""] of page.matchAll(/\]\(#([^)]+)\)/g)) expect([...anchors]).toContain(target);
  });

  test.each([
    ["sum", "`sum(x, { axis?, keepDims = false })`", "`x`", "float, int32; bool → int32"],
    ["where", "`where(condition, a, b)`", "`a` `b`", "float, int32, bool"],
    ["softmax", "`softmax(x, { axis = -1, where? })`", "`x`", "float"],
    ["softmaxPullback", "`softmaxPullback(s, g, { axis = -1 })`", "`s` `g`", "float"],
    ["oneHot", '`oneHot(indices, { numClasses, dtype = "float64" })`', "–", "int32 → `dtype`"],
    ["equal", "`equal(a, b)`", "–", "float, int32, bool → bool"],
    ["mse", '`mse(prediction, target, { reduction = "mean" })`', "`prediction` `target`", "float, int32"],
    ["concat", "`concat(tensors, { axis = 0 })`", "`tensors`", "float, int32, bool"],
  ])("tells the signature, the inputs to differentiate by and the dtypes of %s", (name, signature, by, dtypes) => {
    const row = rows.get(name)!;
    expect(row).toContain(`[${signature}]`);
    expect(row.endsWith(` | ${by} | ${dtypes} |`)).toBe(true);
  });
});

describe("declarations", () => {
  const folder = mkdtempSync(join(tmpdir(), "wengert-declarations-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  function declarations(file: string, source: string) {
    writeFileSync(join(folder, `${file}.ts`), source);
    writeFileSync(join(folder, `${file}-index.ts`), `export { type Note, op } from "./${file}.ts";`);
    return declarationsOf(join(folder, `${file}-index.ts`));
  }

  test("have inputs by the labels of a tuple, or by the names that the kernel gives them", () => {
    const labelled = "/** y = x. */\nexport const op: Op<readonly [w: Tensor, b: Tensor]> = defineOp({});";
    expect(declarations("labelled", labelled)[0]).toMatchObject({ name: "op", doc: "y = x.", inputs: ["w", "b"] });
    const taken = "/** y = s. */\nexport const op: Op<Binary> = defineOp({ kernel: (out, [s, g]) => {} });";
    expect(declarations("taken", taken)[0]?.inputs).toEqual(["s", "g"]);
    const plain = "/** y = a. */\nexport const op: Op<Binary> = family((out, inputs) => {});";
    expect(declarations("plain", plain)[0]?.inputs).toEqual(["a", "b"]);
  });

  test("have options from interfaces and what these extend, from literals, and from functions", () => {
    writeFileSync(
      join(folder, "base.ts"),
      "export type Axes = number | readonly number[];\nexport interface Base { /** Where.\n * Default: all. */ readonly axis?: Axes | undefined; }",
    );
    const extended = `import type { Base } from "./base.ts";
interface More extends Base { readonly size: number }
/** y = x. */
export const op: Op<Unary, Params, More> = defineOp({});`;
    expect(declarations("extended", extended)[0]?.options).toEqual([
      { name: "axis", optional: true, type: "number | number[]", doc: "Where. Default: all." },
      { name: "size", optional: false, type: "number", doc: "" },
    ]);
    const sampled = `type F = (text: string, ...tensors: readonly Tensor[]) => Tensor;
/** y = x. */
const local: Sampled<F> & { readonly spec: Spec } = withSamples(f);
export { local as op };`;
    expect(declarations("sampled", sampled)[0]).toMatchObject({ inputs: ["text", "...tensors"], options: [] });
    const called = `interface Callable { (x: TensorLike, options?: { readonly axis: number }): Tensor }
/** y = x. */
export const op: Callable = g;`;
    expect(declarations("called", called)[0]).toMatchObject({ inputs: ["x"], options: [{ name: "axis" }] });
  });

  test.each([
    ["without-comment", "export const op: Op<Unary> = defineOp({});", "op has no doc comment: write its formula"],
    ["with-note", "// y = x\nexport const op: Op<Unary> = defineOp({});", "op has no doc comment"],
    ["typeless", "/** y = x */\nexport const op = 3;", "the type of op is none that tools/declarations.mjs reads"],
    ["elsewhere", "export const other: Op<Unary> = f;", "exports op, but declares no constant of that name"],
  ])("are refused %s, with the file and what to write", (file, source, message) => {
    expect(() => declarations(file, source)).toThrow(message);
    expect(() => declarations(file, source)).toThrow(`${file}.ts`);
  });
});
