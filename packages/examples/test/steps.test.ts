import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { format } from "node:util";
import { grad, type Tensor, tensor, vjp, vmap } from "@wengert/core";
import { add, div, exp, log, matmul, mul, softmax, sub, sum, tanh, transpose } from "@wengert/ops";
import { describe, expect, test, vi } from "vitest";

// Tests the course of docs/build-your-own.md. Each step has a folder with the files that a reader has after that step.
const root = new URL("../../../", import.meta.url);
const steps = new URL("../steps/", import.meta.url);
const names = readdirSync(steps)
  .filter((name) => /^\d\d-/.test(name))
  .sort();
const code = (step: number, file = "tape.ts"): string =>
  readFileSync(new URL(`${names[step - 1]}/${file}`, steps), "utf8");
const page = (name: string): string => readFileSync(new URL(`docs/build-your-own/${name}.md`, root), "utf8");
const folder = new URL("../dist/steps/", import.meta.url);
rmSync(folder, { recursive: true, force: true });

/**
 * Runs a file from the folder of step number `step` of the course, and returns the printed lines. The file imports the
 * tape.ts of step number `tapeOf`. If `tapeOf` is 0, the imported tape.ts is empty.
 */
async function run(step: number, file: string, tapeOf: number): Promise<string[]> {
  const here = new URL(`${step}-${file}-on-${tapeOf}/`, folder);
  mkdirSync(here, { recursive: true });
  if (tapeOf === 0) writeFileSync(new URL("tape.ts", here), "export {};\n");
  else copyFileSync(new URL(`${names[tapeOf - 1]}/tape.ts`, steps), new URL("tape.ts", here));
  copyFileSync(new URL(`${names[step - 1]}/${file}`, steps), new URL(file, here));
  const printed: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((...values) => void printed.push(format(...values)));
  try {
    await import(new URL(file, here).href);
  } finally {
    log.mockRestore();
  }
  return printed.join("\n").split("\n");
}

/** For each step of the course, the error that its test must report if the learner has not yet changed tape.ts. */
const complaints = [
  /tensor\) is not a function/,
  /record\) is not a function/,
  /vjp\) is not a function/,
  /3 !== 6/,
  /undefined/, // no shape
  /Arrays do not all have the same dimensionality/, // thrown by ndarray-ops, which does not broadcast
  /matmul\) is not a function/,
  /softmax\) is not a function/,
  /8,\n\+? +12,/,
  /#1 = add\(0, 0\)/,
  /vmap\) is not a function/,
];

test("the course has eleven steps", () => expect(names).toHaveLength(11));

describe.each(names.map((name, i) => [name, i + 1] as const))("%s", (name, step) => {
  test("its test fails with the tape of the previous step, for the reason that the step explains", async () => {
    await expect(run(step, "test.ts", step - 1)).rejects.toThrow(complaints[step - 1]);
  });

  for (let later = step; later <= names.length; later++) {
    test(`its test passes with the tape of step ${later}`, async () => {
      expect(await run(step, "test.ts", later)).toEqual([`step ${step} passes`]);
    });
  }

  test("the answer to its exercise is correct", () => run(step, "answer.ts", step));

  test("its page shows the whole tape and the whole test", () => {
    for (const file of ["tape.ts", "test.ts"])
      expect(page(name)).toContain(`\`\`\`ts packages/examples/steps/${name}/${file}\n${code(step, file)}\`\`\`\n`);
    expect(page("answers")).toContain(`answer.ts\n${code(step, "answer.ts")}\`\`\`\n`);
  });

  if (step === 1) return;
  test("the diffs on its page turn the previous tape into its tape", () => {
    const hunks = [...page(name).matchAll(/^```diff\n(.*?)^```$/gms)].map(([, hunk = ""]) => hunk);
    expect(hunks.reduce(applied, { text: code(step - 1), end: 0 }).text).toBe(code(step));
  });
});

/**
 * A text to which some hunks of a diff have been applied. `end` is the offset at which the last change ends. A hunk
 * without context lines inserts its lines at this offset.
 */
interface Applied {
  readonly text: string;
  readonly end: number;
}

function applied({ text, end }: Applied, hunk: string): Applied {
  const lines = hunk.trimEnd().split("\n");
  const without = (sign: string) =>
    lines
      .filter((line) => !line.startsWith(sign))
      .map((line) => `${line.slice(1)}\n`)
      .join("");
  const [before, after] = [without("+"), without("-")];
  const at = before === "" ? end : text.indexOf(before);
  expect(at, `not there:\n${before}`).toBeGreaterThanOrEqual(0);
  if (before !== "") expect(text.indexOf(before, at + 1), `there twice:\n${before}`).toBe(-1);
  return { text: text.slice(0, at) + after + text.slice(at + before.length), end: at + after.length };
}

describe("the last step compared with the library", () => {
  test("the fit prints what it promises, and runs on the library with only its imports changed", async () => {
    const fit = code(10, "fit.ts");
    const promised = [...fit.matchAll(/^\/\/ → (.*)$/gm)].map(([, line]) => line);
    expect(promised).toHaveLength(7);
    expect(await run(10, "fit.ts", 10)).toEqual(promised);
    expect(page("10-fit")).toContain(`fit.ts\n${fit}\`\`\`\n`);
    const [, program = ""] = /^```ts\n(.*?)^```$/ms.exec(page("core")) ?? []; // docs.test.ts runs it
    expect(program.replaceAll(/^import .*\n/gm, "")).toBe(fit.replace(/^import .*\n/, ""));
  });

  test("the table of core.md lists every declaration of the tape and every file of core", () => {
    const declared = [
      ...code(names.length).matchAll(/^(?:export )?(?:class|const|function|interface|let|type) (\w+)/gm),
    ];
    expect(declared.length).toBeGreaterThan(35);
    const table = page("core")
      .match(/^\| .*\|$/gm)!
      .join("\n");
    for (const [, name] of declared) expect(table).toContain(`\`${name}\``);
    const all = readdirSync(new URL("packages/core/src/", root), { recursive: true, encoding: "utf8" });
    const files = all.map((file) => file.replaceAll("\\", "/")).filter((file) => file.endsWith(".ts"));
    expect(files.length).toBeGreaterThan(25);
    for (const file of files) expect(table).toContain(`(../../packages/core/src/${file})`);
  });

  const library = { tensor, vjp, grad, vmap, add, sub, mul, div, exp, log, tanh, sum, transpose, matmul, softmax };
  type Library = typeof library;
  const load = async () => (await import(new URL(`${names.at(-1)}/tape.ts`, steps).href)) as Library;

  const matrix = (rows: number, columns: number, seed: number): number[][] =>
    Array.from({ length: rows }, (_, i) =>
      Array.from({ length: columns }, (_, j) => Math.sin(seed + 7 * i + 3 * j) + 1.5),
    );
  const [A, row, column] = [matrix(2, 3, 1), matrix(1, 3, 2)[0]!, matrix(2, 1, 3)];
  const crossEntropy = ({ mul, sum, log, softmax, tensor }: Library, logits: Tensor) =>
    mul(
      tensor(-1),
      sum(
        mul(
          tensor([
            [0, 1, 0],
            [1, 0, 0],
          ]),
          log(softmax(logits)),
        ),
      ),
    );

  const numbersOf = (x: Tensor): number[] =>
    JSON.stringify(x.toNested())
      .match(/[^[\],]+/g)!
      .map(Number);

  /**
   * Functions of a matrix, a row and a column. The test compares the pullbacks of these functions with those of the
   * library.
   */
  const pullbacks: Record<string, (of: Library, ...inputs: Tensor[]) => Tensor> = {
    "a row": ({ add, mul, tanh }, A, row) => tanh(mul(A, add(A, row))),
    "a column": ({ div, exp, sub }, A, _, column) => exp(div(sub(A, column), column)),
    "a number": ({ log, mul, sum }, A) => mul(sum(log(A)), A),
    matmul: ({ matmul, transpose, tanh }, A, _, column) => matmul(tanh(transpose(A)), column),
    softmax: ({ softmax, mul }, A, row) => softmax(mul(A, row)),
    crossEntropy: (of, A, row) => crossEntropy(of, of.mul(A, row)),
    "a gradient": (of, A, row) => of.grad((A: Tensor) => crossEntropy(of, of.mul(A, row)))(A),
    "a gradient of a gradient": (of, A) => {
      const cubes = (x: Tensor) => of.sum(of.mul(of.exp(x), of.mul(x, x)));
      return of.grad((x: Tensor) => of.sum(of.mul(x, of.grad(cubes)(x))))(A);
    },
    "a batch of gradients": (of, A, row) => {
      const loss = (w: Tensor, x: Tensor) => of.sum(of.mul(x, of.softmax(of.mul(w, x))));
      return of.vmap((x: Tensor) => of.grad((w: Tensor) => loss(w, x))(row))(A);
    },
  };

  test.each(Object.entries(pullbacks))("pulls back the same: %s", async (_, f) => {
    const [ours, theirs] = [await load(), library].map((of) => {
      const inputs = [A, row, column].map((nested) => of.tensor(nested)) as [Tensor, Tensor, Tensor];
      const { value, pullback } = of.vjp((A: Tensor, row: Tensor, column: Tensor) => f(of, A, row, column), ...inputs);
      return [value, ...pullback(of.tanh(value))];
    }) as [Tensor[], Tensor[]];
    for (const [i, x] of theirs.entries()) {
      expect(ours[i]!.shape).toEqual(x.shape);
      const [found, wanted] = [numbersOf(ours[i]!), numbersOf(x)];
      wanted.forEach((number, j) => {
        expect(Math.abs(found[j]! - number)).toBeLessThan(1e-13 * Math.max(1, Math.abs(number)));
      });
    }
  });
});
