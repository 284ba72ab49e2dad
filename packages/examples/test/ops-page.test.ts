import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import * as core from "../../ops/test/all/core.ts";
import * as ops from "../../ops/test/all/ops.ts";

/** Imports a JavaScript file of tools/docs, which has no type declarations. */
const tool = (name: string) => import(new URL(`../../../tools/docs/${name}`, import.meta.url).href);
const { opsPage } = (await tool("opsPage.mjs")) as { opsPage: (core: unknown, ops: unknown) => string };
const { modelOf } = (await tool("model.mjs")) as { modelOf: (entries: readonly Entry[]) => Model };

type Entry = Readonly<Record<"name" | "report" | "source", string>>;
interface Model {
  readonly modules: readonly {
    readonly exports: readonly { name: string }[];
    readonly unexported: readonly string[];
  }[];
  readonly rules: Readonly<Record<string, readonly string[]>>;
}

const declarations = `
interface Tensor { readonly size: number }
type Args<I, O> = [...{ [K in keyof I]: number }, ...(O extends undefined ? [] : [options: O])];
interface Op<I extends readonly Tensor[], O = undefined> { (...args: Args<I, O>): Tensor }
type Axes = number | readonly number[];
export interface Base {
  /** Where.
   * Default: all. */
  readonly axis?: Axes | undefined;
}
interface More extends Base { readonly size: number }
const hidden = 1;
/**
 * Multiplies w by b.
 * @throws Error if b is 0
 */
export const labeled: Op<readonly [w: Tensor, b: Tensor], More> = defineOp({ name: "labeled", vjp: [(g) => g, null] });
export const pair: Op<readonly [Tensor, Tensor]> = family("pair");
export const single: Op<readonly [Tensor]> = withSamples(hidden);
const local: Op<readonly [Tensor]> = named("other", (g) => -g);
export { local };
export function text(text: string, count = hidden, ...tensors: readonly Tensor[]): void {}
export function overloaded(x: Tensor, options: Base & More): Tensor;
export function overloaded(x: Tensor, options?: Base): Tensor;
export function overloaded(x: Tensor): Tensor { return x; }
function family(name: string) { return defineOp({ name, vjp: [(g) => 2 * g] }); }
`;

const page = readFileSync(new URL("../../../docs/ops.md", import.meta.url), "utf8");
const others = ["allClose", "kernels", "kernelCallOf", "newKernels", "newSharedKernels", "internalOps"];
const opNames = Object.keys(ops).filter((name) => !others.includes(name));
const rows = new Map([...page.matchAll(/^\| <a id="(\w+)"><\/a>.*$/gm)].map(([row, name = ""]) => [name, row]));

describe("docs/ops.md", () => {
  test("matches the declarations", () => {
    const isCurrent = opsPage(core, ops) === page;
    expect(isCurrent, "the declarations have changed: run `npm run docs`, and commit docs/ops.md").toBe(true);
  });

  test("has a row for each op, linked from the contents", () => {
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
  ])("shows the signature, the differentiable inputs and the dtypes of %s", (name, signature, by, dtypes) => {
    const row = rows.get(name)!;
    expect(row).toContain(`[${signature}]`);
    expect(row.endsWith(` | ${by} | ${dtypes} |`)).toBe(true);
  });
});

describe("the model of a module", () => {
  const folder = mkdtempSync(join(tmpdir(), "wengert-model-"));
  const source = join(folder, "index.ts");
  writeFileSync(join(folder, "ops.ts"), declarations);
  writeFileSync(
    source,
    'export { type Base, labeled, local as renamed, overloaded, pair, single, text } from "./ops.ts";',
  );
  const model = modelOf([{ name: "module", report: "module", source }]);
  rmSync(folder, { recursive: true });
  const exported = (name: string) => model.modules[0]!.exports.find((each) => each.name === name);

  test("names inputs by the labels of a tuple, or by their usual names", () => {
    expect(exported("labeled")).toMatchObject({
      kind: "function",
      doc: "Multiplies w by b. @throws Error if b is 0",
      inputs: ["w", "b"],
    });
    expect(exported("single")).toMatchObject({ inputs: ["x"] });
    expect(exported("pair")).toMatchObject({ inputs: ["a", "b"] });
    expect(exported("text")).toMatchObject({ inputs: ["text", "count?", "...tensors"], options: [] });
  });

  test("has options including inherited ones, and uses the most general overload", () => {
    const axis = { name: "axis", optional: true, type: "number | number[]", doc: "Where. Default: all." };
    expect(exported("labeled")).toMatchObject({
      options: [axis, { name: "size", optional: false, type: "number", doc: "" }],
    });
    expect(exported("overloaded")).toMatchObject({ inputs: ["x"], options: [axis] });
  });

  test("has declarations without comments and bodies, and the declarations that they refer to", () => {
    expect(exported("single")).toMatchObject({ text: "const single: Op<readonly [\n    Tensor\n]>;" });
    expect(exported("renamed")).toMatchObject({
      text: "// exported as renamed:\nconst local: Op<readonly [\n    Tensor\n]>;",
    });
    expect(exported("Base")).toMatchObject({
      kind: "type",
      text: "interface Base {\n    readonly axis?: Axes | undefined;\n}",
    });
    const names = model.modules[0]!.unexported.map((text) => /\w+ (\w+)/.exec(text)?.[1]);
    expect(names).toEqual(["Args", "Axes", "More", "Op", "Tensor"]);
  });

  test("maps the name of an op to the code of its VJP rules, from a spec, a call or its family", () => {
    expect(model.rules).toEqual({ labeled: ["(g) => g", "null"], other: ["(g) => -g"], pair: ["(g) => 2 * g"] });
  });
});
