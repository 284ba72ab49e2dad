// Runs wrong calls and records their error messages, for the errors.test.ts of several packages.

import { compileFunction } from "node:vm";
import { WengertError } from "@wengert/core";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { areMutated, type Source } from "./sources.ts";

/** Runs `body` as in a browser, without access to Node's modules. */
export async function inPage<T>(body: () => T): Promise<Awaited<T>> {
  const { getBuiltinModule } = process;
  try {
    Object.assign(process, { getBuiltinModule: undefined });
    return await body();
  } finally {
    Object.assign(process, { getBuiltinModule });
  }
}

/** Returns the names of the functions that a package exports. */
export const functionNames = (exported: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(exported).flatMap(([name, value]) =>
    typeof value === "function" && !/^[A-Z]/.test(name) ? [name] : [],
  );

/** Maps a heading to a list of wrong calls. A line that begins with # is a comment, not a call. */
export type Chapter = Readonly<Record<string, readonly string[]>>;

interface Mistakes {
  /** Source code, such as imports, that runs before each call in `mistakes`. */
  readonly prelude: string;
  readonly mistakes: Chapter;
  /** Maps the name of each variable in the source code of `mistakes` to its value. */
  readonly scope: Readonly<Record<string, unknown>>;
  /** The names of functions that must each throw in at least one of the calls in `mistakes`. */
  readonly speakers: readonly string[];
  /**
   * The source files to check: each error message in them must be thrown by at least one of the calls in `mistakes`.
   */
  readonly sources: readonly Source[];
  /** Replaces the parts of a message that differ between runs, such as the name of a temporary folder. */
  readonly normalizeText?: (text: string) => string;
}

/**
 * Runs each wrong call and writes the error messages to errors.snapshot.md next to the test. Fails if the sources
 * contain a message that no call throws.
 */
export function testMistakes({
  prelude,
  mistakes,
  scope,
  speakers,
  sources,
  normalizeText = (text) => text,
}: Mistakes): void {
  /**
   * Returns the error that a program throws. The program may use await; in stack traces, its file name is mistake.js.
   */
  async function errorOfProgram(code: string): Promise<Error> {
    const body = `return (async () => {${prelude}\n${code}\n})()`;
    const program = compileFunction(body, Object.keys(scope), { filename: "mistake.js" });
    try {
      await program(...Object.values(scope));
    } catch (error) {
      return error as Error;
    }
    throw new Error("expected an error");
  }

  /** The complete stack of each error, including the library's own calls, which `error.stack` omits. */
  const stacks: string[] = [];
  let before: typeof Error.prepareStackTrace;
  beforeAll(() => {
    before = Error.prepareStackTrace;
    Error.prepareStackTrace = (error, calls) => {
      const stack: string = before?.(error, calls) ?? [error, ...calls.map((call) => `    at ${call}`)].join("\n");
      stacks.push(stack.replaceAll(/\?host=\d+/g, "")); // copies of a module have the same lines
      return stack;
    };
  });
  afterAll(() => {
    Error.prepareStackTrace = before;
  });

  const errors = new Map<string, Error>();
  const isProgram = (line: string): boolean => !line.startsWith("# ");

  for (const [chapter, lines] of Object.entries(mistakes))
    describe(chapter, () => {
      for (const code of lines.filter(isProgram))
        it(code, async () => {
          const error = await errorOfProgram(code);
          expect(error).toBeInstanceOf(WengertError);
          expect(error.message).toMatch(/^[a-zA-Z0-9]+: \S/);
          const call = error.stack!.slice(error.stack!.indexOf(error.message) + error.message.length).split("\n")[1];
          expect(call, "the stack begins with the user's own call").toMatch(/mistake\.js:\d+:\d+/);
          errors.set(code, error);
        });
    });

  test("the messages match errors.snapshot.md", async () => {
    const block = (...lines: string[]) => ["```js", lines.join("\n\n"), "```"].join("\n");
    const comment = (text: string) => text.replaceAll(/^/gm, "// ");
    const withMessage = (line: string) =>
      isProgram(line) ? `${line}\n${comment(normalizeText(String(errors.get(line))))}` : comment(line.slice(2));
    const page = [
      "# Error messages",
      "Each message names the function, the problem, the value and the fix. Tensors appear by their labels. The examples use:",
      block(prelude.trim()),
      ...Object.entries(mistakes).flatMap(([chapter, lines]) => [`## ${chapter}`, block(...lines.map(withMessage))]),
    ];
    await expect(`${page.join("\n\n")}\n`).toMatchFileSnapshot("errors.snapshot.md");
  });

  test("each function of the package throws at least once", () => {
    const recorded = new Set([...errors.values()].map(({ message }) => message.split(":")[0]));
    expect(speakers.filter((name) => !recorded.has(name))).toEqual([]);
  });

  describe.skipIf(areMutated)("every message of the sources appears", () => {
    const allMessages = () => [...errors.values()].map(({ message }) => message).join("\n");
    for (const { file, errors: places, words } of sources) {
      for (const place of places)
        it(`the error at ${file}:${place}`, () =>
          expect(stacks.find((stack) => stack.includes(`${file}:${place}`))).toBeDefined());
      for (const text of words) it(`${file}: ${text}`, () => expect(allMessages().includes(text)).toBe(true));
    }
  });
}
