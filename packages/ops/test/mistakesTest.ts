// Mistakes and what users are told of them: for the errors.test.ts of ops and of train.

import { compileFunction } from "node:vm";
import { WengertError } from "@wengert/core";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { areMutated, type Source } from "./sources.ts";

/** Runs `body` as in a page, where Node's modules are missing. */
export async function inPage<T>(body: () => T): Promise<Awaited<T>> {
  const { getBuiltinModule } = process;
  try {
    Object.assign(process, { getBuiltinModule: undefined });
    return await body();
  } finally {
    Object.assign(process, { getBuiltinModule });
  }
}

/** The functions among the exports of a package. */
export const functionNames = (exported: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(exported).flatMap(([name, value]) =>
    typeof value === "function" && !/^[A-Z]/.test(name) ? [name] : [],
  );

/** A heading, and under it mistakes; what begins with # is a sentence between them. */
export type Chapter = Readonly<Record<string, readonly string[]>>;

interface Mistakes {
  /** What the mistakes are made with. */
  readonly prelude: string;
  readonly mistakes: Chapter;
  /** What programs may name. */
  readonly scope: Readonly<Record<string, unknown>>;
  /** Functions each of which must have refused something. */
  readonly speakers: readonly string[];
  /** Where the messages come from, each of which must have been heard. */
  readonly sources: readonly Source[];
  /** A text as it stands on the page: without what is different each time, as the name of a temporary folder is. */
  readonly normalizeText?: (text: string) => string;
}

/** Makes each mistake, writes what came of it to errors.snapshot.md beside the test, and finds messages that nobody has read. */
export function testMistakes({
  prelude,
  mistakes,
  scope,
  speakers,
  sources,
  normalizeText = (text) => text,
}: Mistakes): void {
  /** The error of a program as a user could have written it, to whose lines stacks refer as mistake.js. It may await. */
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
        it(code, async () => {
          const error = await errorOfProgram(code);
          expect(error).toBeInstanceOf(WengertError);
          expect(error.message).toMatch(/^[a-zA-Z0-9]+: \S/);
          const call = error.stack!.slice(error.stack!.indexOf(error.message) + error.message.length).split("\n")[1];
          expect(call, "the stack begins with the user's own call").toMatch(/mistake\.js:\d+:\d+/);
          errors.set(code, error);
        });
    });

  test("what they are told reads well from top to bottom", async () => {
    const block = (...lines: string[]) => ["```js", lines.join("\n\n"), "```"].join("\n");
    const comment = (text: string) => text.replaceAll(/^/gm, "// ");
    const withMessage = (line: string) =>
      isProgram(line) ? `${line}\n${comment(normalizeText(String(errors.get(line))))}` : comment(line.slice(2));
    const page = [
      "# What you are told when something goes wrong",
      "Who speaks, what was expected, what came, and what to do. Tensors are called by their labels. In what follows",
      block(prelude.trim()),
      ...Object.entries(mistakes).flatMap(([chapter, lines]) => [`## ${chapter}`, block(...lines.map(withMessage))]),
    ];
    await expect(`${page.join("\n\n")}\n`).toMatchFileSnapshot("errors.snapshot.md");
  });

  test("each function of the package has its say", () => {
    const recorded = new Set([...errors.values()].map(({ message }) => message.split(":")[0]));
    expect(speakers.filter((name) => !recorded.has(name))).toEqual([]);
  });

  describe.skipIf(areMutated)("nothing that the sources can say is missing", () => {
    const allMessages = () => [...errors.values()].map(({ message }) => message).join("\n");
    for (const { file, errors: places, words } of sources) {
      for (const place of places)
        it(`the error that is made at ${file}:${place}`, () =>
          expect(stacks.find((stack) => stack.includes(`${file}:${place}`))).toBeDefined());
      for (const text of words) it(`${file}: ${text}`, () => expect(allMessages().includes(text)).toBe(true));
    }
  });
}
