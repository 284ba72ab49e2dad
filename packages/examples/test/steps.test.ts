import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { format } from "node:util";
import { describe, expect, test, vi } from "vitest";

// The course of docs/build-your-own.md: each step is a folder, as a reader's own is when the step is done.
const steps = new URL("../steps/", import.meta.url);
const names = readdirSync(steps)
  .filter((name) => /^\d\d-/.test(name))
  .sort();
const code = (step: number, file = "tape.ts"): string =>
  readFileSync(new URL(`${names[step - 1]}/${file}`, steps), "utf8");
const folder = new URL("../dist/steps/", import.meta.url);
rmSync(folder, { recursive: true, force: true });

/** Runs a file of one step in a folder with the tape of another, 0 for the empty one, and returns what it prints. */
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

/** What a step's test says to the code of the step before. */
const complaints = [
  /tensor\) is not a function/,
  /record\) is not a function/,
  /vjp\) is not a function/,
  /3 !== 6/,
  /undefined !== \[|undefined/,
  /shapes differ: \[2,3\] and \[3\]/,
  /matmul\) is not a function/,
  /softmax\) is not a function/,
  /8,\n\+? +12,/,
  /#1 = add\(0, 0\)/,
];

test("the course has ten steps", () => expect(names).toHaveLength(10));

describe.each(names.map((name, i) => [name, i + 1] as const))("%s", (_, step) => {
  test("its test fails before the step, and for the reason that it is about", async () => {
    await expect(run(step, "test.ts", step - 1)).rejects.toThrow(complaints[step - 1]);
  });

  for (let later = step; later <= names.length; later++) {
    test(`its test passes with the tape of step ${later}`, async () => {
      expect(await run(step, "test.ts", later)).toEqual([`step ${step} passes`]);
    });
  }
});

test("the fit prints what it says", async () => {
  const promised = [...code(10, "fit.ts").matchAll(/^\/\/ → (.*)$/gm)].map(([, line]) => line);
  expect(promised).toHaveLength(7);
  expect(await run(10, "fit.ts", 10)).toEqual(promised);
});
