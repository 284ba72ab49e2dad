import { compileFunction } from "node:vm";
import * as core from "@wengert/core";
import { WengertError } from "@wengert/core";
import { gradcheck } from "@wengert/core/gradcheck";
import * as ops from "@wengert/ops";
import { afterAll, beforeAll, describe, expect, it, test, vi } from "vitest";
import { failing, host, on, webAssembly, withoutRelaxedSimd } from "./hosts.ts";
import { mistakes, prelude } from "./mistakes.ts";
import { areMutated, sources } from "./sources.ts";
import { errorOf, everySample, everything, tensorsIn } from "./support.ts";

// A machine on which an array has 2^28 elements at most, wherever this runs.
vi.hoisted(() => {
  globalThis.Float64Array = new Proxy(Float64Array, {
    construct(Kind, args, target) {
      if (Number(args[0]) > 2 ** 28) throw new RangeError("Array buffer allocation failed");
      return Reflect.construct(Kind, args, target) as object;
    },
  });
});

const scope = {
  ...core,
  ...ops,
  gradcheck,
  on,
  withoutWebAssembly: await host(undefined),
  withoutSimd: await host(webAssembly({ validate: () => false })),
  withoutRelaxedSimd: await host(withoutRelaxedSimd()),
  strictPage: await host(webAssembly({ Module: failing(new EvalError("violates the page's policy")) })),
  withoutMemory: await host(webAssembly({ Instance: failing(new RangeError("could not allocate memory")) })),
};

/** The error of a program as a user could have written it, to whose lines stacks refer as mistake.js. */
function errorOfProgram(code: string): Error {
  const program = compileFunction(`${prelude}\n${code}`, Object.keys(scope), { filename: "mistake.js" });
  return errorOf(() => program(...Object.values(scope)));
}

/** Whole stacks, with the calls inside the library that an error leaves out of its own. */
const stacks: string[] = [];
const { prepareStackTrace } = Error;
beforeAll(() => {
  Error.prepareStackTrace = (error, calls) => {
    const stack = prepareStackTrace!(error, calls);
    stacks.push(stack.replaceAll(/\?host=\d+/g, "")); // copies of a module have its lines
    return stack;
  };
});
afterAll(() => {
  if (prepareStackTrace) Error.prepareStackTrace = prepareStackTrace;
});

const errors = new Map<string, Error>();
const isProgram = (line: string): boolean => !line.startsWith("# ");

for (const [chapter, lines] of Object.entries(mistakes))
  describe(chapter, () => {
    for (const code of lines.filter(isProgram))
      it(code, () => {
        const error = errorOfProgram(code);
        expect(error).toBeInstanceOf(WengertError);
        expect(error.message).toMatch(/^[a-zA-Z0-9]+: \S/);
        expect(error.stack!.split("\n")[1], "the stack begins with the user's own call").toMatch(/mistake\.js:\d+:\d+/);
        errors.set(code, error);
      });
  });

test("what they are told reads well from top to bottom", async () => {
  const block = (...lines: string[]) => ["```js", lines.join("\n\n"), "```"].join("\n");
  const told = (line: string) => (isProgram(line) ? `${line}\n// ${errors.get(line)}` : `// ${line.slice(2)}`);
  const page = [
    "# What you are told when something goes wrong",
    "Who speaks, what was expected, what came, and what to do. Tensors are called by their labels. In what follows",
    block(prelude.trim()),
    ...Object.entries(mistakes).flatMap(([chapter, lines]) => [`## ${chapter}`, block(...lines.map(told))]),
  ];
  await expect(`${page.join("\n\n")}\n`).toMatchFileSnapshot("errors.snapshot.md");
});

test("each function of the package has its say", () => {
  const speakers = new Set([...errors.values()].map(({ message }) => message.split(":")[0]));
  expect(everything.map(({ name }) => name).filter((name) => !speakers.has(name))).toEqual([]);
});

describe("hints cost nothing when nothing is wrong: no label is put into words by", () => {
  for (const { title, call, sample } of everySample)
    it(title, () => {
      let words = 0;
      const label = { toString: () => `${words++}` } as unknown as string;
      for (const t of tensorsIn(sample)) t.label = label;
      call(...sample);
      expect(words).toBe(0);
    });
});

describe.skipIf(areMutated)("nothing that the sources can say is missing", () => {
  const said = () => [...errors.values()].map(({ message }) => message).join("\n");
  for (const { file, errors: places, words } of sources) {
    for (const place of places)
      it(`the error that is made at ${file}:${place}`, () =>
        expect(stacks.find((stack) => stack.includes(`${file}:${place}`))).toBeDefined());
    for (const text of words) it(`${file}: ${text}`, () => expect(said().includes(text)).toBe(true));
  }
});
