import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format } from "node:util";
import { describe, expect, test, vi } from "vitest";

const root = new URL("../../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");
const docs = [
  "README.md",
  ...["core", "ops", "train"].map((name) => `packages/${name}/README.md`),
  ...readdirSync(new URL("docs/", root), { encoding: "utf8", recursive: true })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** The fenced blocks of a page with what stands after the three backquotes. */
function blocksOf(page: string): { info: string; code: string }[] {
  return [...page.matchAll(/^```(\S+(?: [^\n]*)?)\n(.*?)^```$/gms)].map(([, info = "", code = ""]) => ({ info, code }));
}

// "```ts": a program of its own, which becomes a file here.
const folder = new URL("../dist/docs/", import.meta.url);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const programs = docs.flatMap((path) =>
  blocksOf(read(path))
    .filter(({ info }) => info === "ts")
    .map(({ code }, i) => {
      const file = new URL(`${path.replaceAll(/\W/g, "-")}-${i + 1}.ts`, folder);
      writeFileSync(file, code);
      return { path, code, file };
    }),
);

test("every program in the docs compiles", () => {
  const base = fileURLToPath(new URL("tsconfig.test.json", root));
  // As a user compiles: against the built declarations, and without what only a project of a workspace needs.
  const compilerOptions = {
    composite: false,
    declarationMap: false,
    incremental: false,
    tsBuildInfoFile: null,
    customConditions: [],
    rootDir: ".",
  };
  writeFileSync(
    new URL("tsconfig.json", folder),
    JSON.stringify({ extends: base, compilerOptions, include: ["*.ts"] }),
  );
  const tsc = fileURLToPath(new URL("node_modules/typescript/bin/tsc", root));
  const { stdout } = spawnSync(process.execPath, [tsc, "-p", fileURLToPath(folder)], { encoding: "utf8" });
  expect(stdout).toBe("");
});

describe.each(docs)("%s", (path) => {
  const blocks = blocksOf(read(path));

  // What a program prints is what its lines that begin with "// →" say.
  for (const [i, { code, file }] of programs.filter((program) => program.path === path).entries()) {
    test(`program ${i + 1} runs and prints what it says`, async () => {
      const printed: string[] = [];
      const log = vi.spyOn(console, "log").mockImplementation((...values) => void printed.push(format(...values)));
      try {
        await import(file.href);
      } finally {
        log.mockRestore();
      }
      const lines = printed.join("\n").split("\n");
      const promised = [...code.matchAll(/^\s*\/\/ →[ ]?(.*)$/gm)].map(([, line]) => line);
      if (promised.length > 0) expect(lines.map((line) => line.trimEnd())).toEqual(promised);
    });
  }

  // "```ts some/file.ts": a quotation. A line "// …" stands for what is left out.
  for (const { info, code } of blocks.filter(({ info }) => /^ts \S+\.ts$/.test(info))) {
    test(`quotes ${info.slice(3)} as it is: ${code.split("\n")[0]}`, () => {
      const source = read(info.slice(3));
      let from = 0;
      for (const piece of code.split(/^\s*\/\/ …\n/m).filter((text) => text.trim() !== "")) {
        const at = source.indexOf(piece.trimEnd(), from);
        expect(at, `not in ${info.slice(3)}:\n${piece}`).toBeGreaterThanOrEqual(0);
        from = at + piece.trimEnd().length;
      }
    });
  }

  test("links lead to files that exist", () => {
    for (const [, target = ""] of read(path).matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g)) {
      expect(() => readFileSync(new URL(target, new URL(path, root))), target).not.toThrow(/ENOENT/);
    }
  });
});
