import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";

// Each folder in a package's src has a README that lists the folders from which its files may import. These tests check
// that the sources import no other folders.

const root = new URL("../../", import.meta.url).pathname;

interface Folder {
  readonly name: string;
  /** The folders that a source folder may import, according to its README. */
  readonly allowed: readonly string[];
  /** The folders that the files of a source folder import. */
  readonly imported: ReadonlySet<string>;
}

function foldersOf(src: string): Folder[] {
  const names = readdirSync(src, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return names.map(({ name }) => {
    const readme = readFileSync(join(src, name, "README.md"), "utf8");
    const [, line = ""] = /^The folder `\w+` may import only from ([^.]*)\.$/m.exec(readme) ?? [];
    const files = readdirSync(join(src, name), { recursive: true, encoding: "utf8" }).filter((f) => /\.tsx?$/.test(f));
    const targets = files.flatMap((file) => {
      const path = join(src, name, file);
      const paths = [...readFileSync(path, "utf8").matchAll(/(?:from |import |import\()"(\.[^"]+)"/g)].map(([, to]) =>
        join(dirname(path), to!),
      );
      return paths.map((to) => relative(src, to).split("/")[0]!);
    });
    return {
      name,
      allowed: [...line.matchAll(/`(\w+)`/g)].map(([, folder]) => folder!),
      imported: new Set(targets.filter((target) => target !== name)),
    };
  });
}

describe.each(["core", "ops", "compile", "nn", "train", "onnx", "explorer"])("the folders of %s", (name) => {
  const folders = foldersOf(join(root, "packages", name, "src"));

  test.each(folders.map((folder) => [folder.name, folder] as const))(
    "%s imports what its README allows",
    (_, folder) => {
      expect([...folder.imported].filter((target) => !folder.allowed.includes(target))).toEqual([]);
    },
  );

  test("no README allows more than the folder imports", () => {
    const unused = folders.flatMap(({ name, allowed, imported }) =>
      allowed.filter((folder) => !imported.has(folder)).map((folder) => `${name} -> ${folder}`),
    );
    expect(unused).toEqual([]);
  });

  test("imports between folders have no cycle", () => {
    const left = new Map(folders.map((folder) => [folder.name, folder.allowed]));
    for (let removed = true; removed; ) {
      removed = false;
      for (const [folder, allowed] of left)
        if (!allowed.some((target) => left.has(target))) removed = left.delete(folder);
    }
    expect([...left.keys()]).toEqual([]);
  });
});

const order = [
  "core",
  "ops",
  "compile",
  "nn",
  "train",
  "data",
  "report",
  "mpi",
  "onnx",
  "examples",
  "explorer",
  "site",
];

test("packages depend only on packages before them", () => {
  for (const [i, name] of order.entries()) {
    const { dependencies = {} } = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
    const own = Object.keys(dependencies).flatMap((dependency) => /^@wengert\/(\w+)$/.exec(dependency)?.[1] ?? []);
    for (const dependency of own) expect(order.slice(0, i), `${name} depends on ${dependency}`).toContain(dependency);
  }
});
