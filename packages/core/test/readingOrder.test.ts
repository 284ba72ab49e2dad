import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const source = (name: string): string => readFileSync(new URL(`../src/${name}`, import.meta.url), "utf8");

/**
 * The source folders of core, each with its files in reading order. A folder imports only from folders listed before
 * it.
 */
const folders = {
  checks: ["errors", "options", "arguments", "platform", "sources"],
  values: [
    "view",
    "copy",
    "ndarray",
    "format",
    "dtype",
    "exposure",
    "donation",
    "tensor",
    "create",
    "operands",
    "tree",
  ],
  autodiff: ["tape", "op", "axes", "fanout", "sweep", "sharedUses", "vjp", "grad", "stopGradient"],
  transforms: ["replay", "dryRun", "batch", "vmap", "derivatives", "custom", "body", "scan", "equations", "implicit"],
  programs: ["trace", "record", "pushes", "names", "explain", "dot", "cost", "nonFinite", "diagnosis", "gradcheck"],
};
const filesOf = (folder: keyof typeof folders): string[] => folders[folder].map((name) => `${folder}/${name}.ts`);
const importOrder = (Object.keys(folders) as (keyof typeof folders)[]).flatMap(filesOf);

test("every file of core is in the reading order", () => {
  const all = readdirSync(new URL("../src/", import.meta.url), { recursive: true, encoding: "utf8" });
  const files = all.map((file) => file.replaceAll("\\", "/")).filter((file) => /\/.*\.ts$/.test(file));
  expect(files.sort()).toEqual(importOrder.toSorted());
});

test("docs/how-it-works.md starts with the tape, continues with programs, and ends with values and checks", () => {
  const page = readFileSync(new URL("../../../docs/how-it-works.md", import.meta.url), "utf8");
  const described = [...page.matchAll(/^\*\*\[(\w+\/\w+\.ts)\]/gm)].map(([, name]) => name);
  const chapters = ["autodiff", "transforms", "programs", "values", "checks"] as const;
  expect(described).toEqual(chapters.flatMap(filesOf));
});

test.each(importOrder.map((name, i) => [name, i] as const))("%s imports only files above it", (name, i) => {
  const imported = [...source(name).matchAll(/from "(\.{1,2}\/[^"]+)"/g)].map(([, path]) =>
    new URL(path!, `file:///${name}`).pathname.slice(1),
  );
  for (const file of imported) expect(importOrder.slice(0, i), `${name} imports ${file}`).toContain(file);
});
