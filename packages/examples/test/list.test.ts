import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const folder = new URL("../", import.meta.url);
const names = readdirSync(new URL("src/", folder)).filter((name) => existsSync(new URL(`src/${name}/main.ts`, folder)));

test("`npm run example` lists each example with its summary", () => {
  const script = fileURLToPath(new URL("../../tools/setup/example.mjs", folder));
  const { status, stdout } = spawnSync(process.execPath, [script], { encoding: "utf8" });
  expect(status).toBe(0);
  const lines = stdout
    .split("\n")
    .slice(2)
    .filter((line) => line !== "");
  expect(lines.map((line) => line.trim().split(/ {2,}/)[0])).toEqual(names.toSorted());
  for (const line of lines) expect(line.trim().split(/ {2,}/)[1]).toMatch(/^.{20,}$/);
});

test("the README has a row for each example", () => {
  const rows = readFileSync(new URL("README.md", folder), "utf8").matchAll(/^\| `([\w-]+)` \|/gm);
  expect([...rows].map(([, name]) => name!).sort()).toEqual(names.toSorted());
});
