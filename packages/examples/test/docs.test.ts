import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format } from "node:util";
import { describe, expect, test, vi } from "vitest";

const root = new URL("../../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");
const docs = [
  "README.md",
  ...["core", "ops", "compile", "nn", "train", "data", "report", "mpi", "onnx"].map(
    (name) => `packages/${name}/README.md`,
  ),
  ...readdirSync(new URL("docs/", root), { encoding: "utf8", recursive: true })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
  ...readdirSync(new URL("packages/site/examples/", root)).map((name) => `packages/site/examples/${name}`),
];

/** Returns the fenced code blocks of a Markdown page, with their info strings. */
function blocksOf(page: string): { info: string; code: string }[] {
  return [...page.matchAll(/^```(\S+(?: [^\n]*)?)\n(.*?)^```$/gms)].map(([, info = "", code = ""]) => ({ info, code }));
}

// Each "```ts" block is a complete program. Programs that import "node:" modules go into a project with the types of Node.
const folder = new URL("../dist/docs/", import.meta.url);
const optionsOf = { anywhere: [], node: ["--types", "node"] };
rmSync(folder, { recursive: true, force: true });
for (const project of Object.keys(optionsOf)) mkdirSync(new URL(project, folder), { recursive: true });
const programs = docs.flatMap((path) =>
  blocksOf(read(path))
    .filter(({ info }) => info === "ts")
    .map(({ code }, i) => {
      const project = code.includes(' from "node:') ? "node" : "anywhere";
      const file = new URL(`${project}/${path.replaceAll(/\W/g, "-")}-${i + 1}.ts`, folder);
      writeFileSync(file, code);
      return { path, code, file };
    }),
);

/**
 * Returns the code in the column "here" of the tables of a docs page, which compare libraries. Skips calls that
 * contain an ellipsis (…).
 */
function callsInTables(page: string): string[] {
  const tables = page.split(/\n\s*\n/).filter((block) => /^\|[^|]+\| here \| what differs \|/.test(block));
  const cells = tables.flatMap((table) => table.split("\n").slice(2)).map((row) => row.split(/(?<!\\)\|/)[2] ?? "");
  const codes = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!));
  return codes.filter((code) => /[(;]/.test(code) && !code.includes("…"));
}

/** Declares the variables that the calls in the tables of docs/coming-from.md use. */
const tableVariables = `
import * as all from "@wengert/core";
import { leaves, unflatten } from "@wengert/core/extend";
import { gradcheck } from "@wengert/core/gradcheck";
import { readImages } from "@wengert/data";
import { compile } from "@wengert/compile";
import * as nn from "@wengert/nn";
import * as ops from "@wengert/ops";
import * as train from "@wengert/train";
const { checkpoint, customJvp, customVjp, explain, fixedPoint, grad, hessian, hvp, jacobian, jvp, linearize } = all;
const { fullLike, nonFinite, onesLike, root, scan, stopGradient, tensor, trace, treeMap, valueAndGrad, vjp, vmap, zerosLike } = all;
const { argmax, add, cast, clip, concat, crossEntropy, div, expandDims, foldIn, kernels, max, randomKey } = ops;
const { randomNormal, reshape, slice, softmax, splitKey, stack, sum, take, takeAlong, transpose, variance, where } = ops;
const { addAt, arange, argsort, at, choice, eye, glorotUniform, linspace, median, moveAxis, norm, quantile } = ops;
const { randomBernoulli, randomInteger, repeat, setAt, sort, split, std, tile, topK, unstack } = ops;
const { avgPool2d, conv2d, convTranspose2d, dropout, klDivergence, layerNorm, maxPool2d, rmsNorm } = ops;
const { allClose, diff, floorDivide, isClose, scaledDotProductAttention, windows } = ops;
const { accuracy, adam, adamw, applyUpdates, batches, chain, clipByGlobalNorm, fit, lbfgs, load, partition } = train;
const { save, toSafetensors } = train;
type Tensor = all.Tensor;
interface Params { readonly weights: Tensor }
interface Batch { readonly x: Tensor; readonly y: Tensor }
declare const x: Tensor, y: Tensor, w: Tensor, a: Tensor, b: Tensor, g: Tensor, dy: Tensor, i: Tensor, X: Tensor;
declare const kernel: Tensor, q: Tensor, k: Tensor, t: Tensor, stride: number;
declare const mask: Tensor, m: Tensor, logits: Tensor, labels: Tensor, key: Tensor, v: Tensor, p: Params;
declare const params: Params, grads: Params, updates: Params, tree: Params, data: Batch, list: readonly Tensor[];
declare const loss: (p: Params) => Tensor, args: [Tensor];
declare const body: (carry: Tensor, x: Tensor) => readonly [Tensor, Tensor], step: (x: Tensor) => Tensor;
declare const init: Tensor, xs: Tensor, start: Tensor, first: Params, second: Params, model: (p: Params, x: Tensor) => Tensor;
declare const value: (x: Tensor) => Tensor, tangent: (args: [Tensor], tangents: [Tensor], y: Tensor) => Tensor;
declare const forward: (x: Tensor) => [Tensor, Tensor], backward: (saved: Tensor, g: Tensor) => [Tensor];
declare const pullback: (g: Tensor) => readonly [Tensor], optimizer: train.Optimizer, validation: { data: Batch };
declare const epoch: number, epochs: number, seed: number, learningRate: number, shape: [number], size: [number, number];
declare const path: string, blob: Blob, net: nn.Layer<Params>;
declare let state: ReturnType<typeof optimizer.init>;
`;
const migrationCalls = callsInTables(read("docs/coming-from.md"));
/**
 * Returns the TypeScript type of `f`, which is an argument of the call `code`. The calls are from docs/coming-from.md.
 */
const typeOfF = (code: string): string => {
  if (code.includes("hasAux")) return "(x: Tensor) => readonly [Tensor, string]";
  if (code.includes("{ v, w }")) return "(p: { v: Tensor; w: Tensor }) => Tensor";
  return code.includes("argnums") ? "(x: Tensor, y: Tensor) => Tensor" : "(x: Tensor) => Tensor";
};
const migrationCode = migrationCalls.map((code, n) => `async function call${n}(f: ${typeOfF(code)}) { ${code}; }`);
writeFileSync(new URL("anywhere/migration.ts", folder), [tableVariables, ...migrationCode, "export {};"].join("\n"));

test("the tables of the page for users of other libraries have more than 80 calls, which compile with the programs", () =>
  expect(migrationCalls.length).toBeGreaterThan(80));

const tscPath = fileURLToPath(new URL("node_modules/typescript/bin/tsc", root));

// The programs of the docs compile against the built type declarations of the packages, as in a user's project.
test.each(Object.entries(optionsOf))("programs compile under the defaults of tsc --init: %s", (project, options) => {
  const cwd = fileURLToPath(new URL(project, folder));
  const tsc = (...args: readonly string[]) =>
    spawnSync(process.execPath, [tscPath, ...args], { cwd, encoding: "utf8" });
  expect(tsc("--init").status).toBe(0);
  expect(tsc("-p", ".", "--noEmit", ...options).stdout).toBe("");
});

/** Returns the TypeScript casts in a program, except `as const` and renamed imports. */
function castsIn(code: string): string[] {
  const literals = /\/\/[^\n]*|\/\*.*?\*\/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`/gs;
  const bare = code.replaceAll(literals, "").replaceAll(/^import [^;]*;/gm, "");
  return [...bare.matchAll(/^.*\bas (?!const\b).*$/gm)].map(([line]) => line.trim());
}

test("castsIn finds casts", () => {
  expect(castsIn("const key = splitKey(k) as [Tensor, Tensor];\nf({ a: 1 } as object);")).toHaveLength(2);
  const castless = 'import { a as b } from "c";\nconst d = [1] as const; // as long as\nconst e = "as given";';
  expect(castsIn(castless)).toEqual([]);
});

describe.each(docs)("%s", (path) => {
  const blocks = blocksOf(read(path));

  test("no program needs a cast", () => {
    const own = blocks.filter(({ info }) => /^ts(?: exercise-\d+)?$/.test(info));
    expect(own.flatMap(({ code }) => castsIn(code))).toEqual([]);
  });

  // Lines that begin with "// →" are the expected output of a program.
  for (const [i, { code, file }] of programs.filter((program) => program.path === path).entries()) {
    test(`program ${i + 1} runs and prints its expected output`, async () => {
      const printed: string[] = [];
      const log = vi.spyOn(console, "log").mockImplementation((...values) => void printed.push(format(...values)));
      try {
        await import(file.href);
      } finally {
        log.mockRestore();
      }
      const lines = printed.join("\n").split("\n");
      const promised = [...code.matchAll(/^\s*\/\/ →[ ]?(.*)$/gm)].map(([, line]) => line);
      if (path.startsWith("packages/site/examples/")) expect(promised, "examples print results").not.toEqual([]);
      if (promised.length > 0) expect(lines.map((line) => line.trimEnd())).toEqual(promised);
    });
  }

  // A code block that begins with "```ts some/file.ts" quotes some/file.ts. A line "// …" in the block marks omitted
  // lines.
  for (const { info, code } of blocks.filter(({ info }) => /^ts \S+\.ts$/.test(info))) {
    test(`quotes ${info.slice(3)} verbatim: ${code.split("\n")[0]}`, () => {
      const source = read(info.slice(3));
      let from = 0;
      for (const piece of code.split(/^\s*\/\/ …\n/m).filter((text) => text.trim() !== "")) {
        const at = source.indexOf(piece.trimEnd(), from);
        expect(at, `not in ${info.slice(3)}:\n${piece}`).toBeGreaterThanOrEqual(0);
        from = at + piece.trimEnd().length;
      }
    });
  }

  test("links point to existing files", () => {
    for (const [, target = ""] of read(path).matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g)) {
      expect(() => readFileSync(new URL(target, new URL(path, root))), target).not.toThrow(/ENOENT/);
    }
  });
});
