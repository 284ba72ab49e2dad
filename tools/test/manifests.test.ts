import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const packages = new URL("../../packages/", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, packages), "utf8");
const published = readdirSync(packages).filter((name) => !JSON.parse(read(`${name}/package.json`)).private);

test("nine packages are published", () => {
  expect(published).toEqual(["compile", "core", "data", "mpi", "nn", "onnx", "ops", "report", "train"]);
});

describe.each(published)("packages/%s", (name) => {
  test("package.json has the fields that npm shows, and the Node version of all packages", () => {
    expect(JSON.parse(read(`${name}/package.json`))).toMatchObject({
      description: expect.stringMatching(/^[A-Z].{20,120}[^.]$/),
      keywords: expect.arrayContaining([expect.any(String)]),
      license: "MIT",
      engines: { node: ">=20.16" },
    });
  });

  test("README.md has no relative links: npm cannot resolve them without a repository address", () => {
    const links = [...read(`${name}/README.md`).matchAll(/\]\(([^)]*)\)/g)].map(([, target = ""]) => target);
    expect(links.filter((target) => !/^https:|^#/.test(target))).toEqual([]);
  });
});
