import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const source = (name: string): string => readFileSync(new URL(`../src/${name}`, import.meta.url), "utf8");

/** The order of docs/how-it-works.md. */
const order = [
  "errors.ts",
  "options.ts",
  "view.ts",
  "copy.ts",
  "ndarray.ts",
  "format.ts",
  "tensor.ts",
  "mistakes.ts",
  "tree.ts",
  "tape.ts",
  "op.ts",
  "fanout.ts",
  "backward.ts",
  "custom.ts",
  "derivatives.ts",
  "trace.ts",
  "inspect.ts",
  "gradcheck.ts",
];

test("every file of core has its place in the reading order", () => {
  expect(readdirSync(new URL("../src/", import.meta.url)).sort()).toEqual([...order, "index.ts"].sort());
});

test("docs/how-it-works.md takes the files in that order", () => {
  const page = readFileSync(new URL("../../../docs/how-it-works.md", import.meta.url), "utf8");
  const told = [...page.matchAll(/^\*\*\[(\w+\.ts)\]/gm)].map(([, name]) => name);
  expect(told).toEqual(order);
});

test.each(order.map((name, i) => [name, i] as const))("%s imports only files above it", (name, i) => {
  const imported = [...source(name).matchAll(/from "\.\/(\w+\.ts)"/g)].map(([, file]) => file!);
  for (const file of imported) expect(order.slice(0, i), `${name} imports ${file}`).toContain(file);
});

test("reverse mode itself is read in a quarter of an hour: five files of less than 700 lines", () => {
  const chapter = ["tape.ts", "op.ts", "fanout.ts", "backward.ts", "derivatives.ts"];
  expect(chapter.reduce((lines, name) => lines + source(name).split("\n").length - 1, 0)).toBeLessThan(700);
});
