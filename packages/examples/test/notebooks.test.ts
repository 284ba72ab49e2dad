import { readFileSync } from "node:fs";
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { expect, test } from "vitest";

// Runs the cells of docs/notebooks.md in Node, with stand-ins for the functions that the notebooks provide.

const page = readFileSync(new URL("../../../docs/notebooks.md", import.meta.url), "utf8");
const cellsOf = (title: string): string[] => {
  const [, section = ""] = page.split(`\n## ${title}\n`);
  return [...section.split("\n## ")[0]!.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code = ""]) => code);
};

/** Imports the npm packages that the code of a notebook uses. Returns the modules by package name. */
async function modulesOf(code: string): Promise<Record<string, unknown>> {
  const names = [...code.matchAll(/from "npm:([^"]+)"/g)].map(([, name = ""]) => name);
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await import(name)] as const)));
}

/** Replaces each import statement of a cell by the declaration of a constant. */
const withoutImports = (cell: string): string =>
  cell
    .replaceAll(/^import \* as (\w+) from "npm:([^"]+)";$/gm, 'const $1 = modules["$2"];')
    .replaceAll(/^import \{([^}]*)\} from "npm:([^"]+)";$/gm, 'const {$1} = modules["$2"];');

const { document } = parseHTML("<!doctype html><html><body></body></html>");

test("the cells for Observable fit a line, and draw the loss", async () => {
  const cells = cellsOf("Observable");
  expect(cells).toHaveLength(5);
  // In an Observable notebook, a cell with a generator reruns the other cells for each generated value. This test runs
  // the other cells once, with the last value.
  const code = cells.map(withoutImports).join("\n").replace("const fitted = (", "const fitted = last(");
  const shown: unknown[] = [];
  const lastOf = (values: () => Iterable<unknown>) => () => [...values()].at(-1);
  const run = new Function("modules", "view", "Inputs", "display", "Plot", "last", code);
  run(
    await modulesOf(cells.join("\n")),
    (value: unknown) => value,
    { range: (_: unknown, { value }: { value: number }) => value },
    (value: unknown) => shown.push(value),
    { lineY: (data: Plot.Data) => ({ plot: (options: object) => Plot.lineY(data).plot({ document: document as never, ...options }) }) }, // biome-ignore format: one line
    lastOf,
  );
  expect(shown[0]).toMatch(/^y = (2\.0|1\.9)\d+ x \+ (1\.0|0\.9)\d+$/);
  expect(String((shown[1] as { outerHTML: string }).outerHTML)).toMatch(/<path[^>]* d="M/);
});

test("the cells for Jupyter compute a gradient, fit a model and draw its loss", async () => {
  const cells = cellsOf("Jupyter with the Deno kernel");
  expect(cells).toHaveLength(3);
  /**
   * Jupyter shows the value of the last expression of each cell. In this test, each cell pushes this value to `shown`.
   */
  const shown = cells
    .map(withoutImports)
    .map((cell) => cell.trimEnd().replace(/^(\S.*);$(?![\s\S])/m, "shown.push($1);"));
  const code = `return (async () => {\n${shown.join("\n")}\n})();`;
  const values: unknown[] = [];
  const Deno = {
    jupyter: { html: (texts: TemplateStringsArray, ...inserted: string[]) => String.raw(texts, ...inserted) },
  };
  await new Function("modules", "shown", "Deno", code)(await modulesOf(cells.join("\n")), values, Deno);
  expect(String(values[0])).toMatch(/^tensor\(\[\[.*float64\)$/s);
  expect(values[1]).toBe(1);
  expect(values[2]).toMatch(/<path[^>]* d="M/);
});
