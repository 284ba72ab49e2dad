import { readdirSync, readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { describe, expect, test as plain, vi } from "vitest";
import * as core from "../../ops/test/all/core.ts";
import * as ops from "../../ops/test/all/ops.ts";
import { allExamples } from "../build/examples.ts";
import { check, type Question } from "../src/exercises/check.ts";
import * as derivatives from "../src/exercises/derivatives.ts";
import * as exercises from "../src/exercises/index.ts";
import * as rules from "../src/exercises/rules.ts";
import { packed } from "../src/page/packed.ts";
import { toJavaScript } from "../src/sandbox/typescript.ts";
import { sampled, test, violations, visit } from "./support.ts";

const unsolved = allExamples().filter(({ kind }) => kind === "exercise");
const page = readFileSync(new URL("../../../docs/teaching-solutions.md", import.meta.url), "utf8");
const solutions = new Map(
  [...page.matchAll(/^```ts (exercise-\d+)\n(.*?)^```$/gms)].map(([, name = "", code = ""]) => [name, code]),
);

/** Runs a program in the sandbox. Returns the printed text and the number of recordings. */
function run(code: string): { printed: string; lists: number } {
  const printed: string[] = [];
  let lists = 0;
  const record = (...args: Parameters<typeof core.record>) => {
    lists++;
    for (const _ of core.record(...args).pulls());
  };
  const modules: Record<string, object> = {
    "@wengert/core": { ...core, record },
    "@wengert/ops": ops,
    exercises,
  };
  const log = vi.spyOn(console, "log").mockImplementation((...values) => void printed.push(values.join(" ")));
  try {
    new Function("require", "exports", toJavaScript(code).javascript)((name: string) => modules[name], {});
  } finally {
    log.mockRestore();
  }
  return { printed: printed.join("\n"), lists };
}

describe.each(unsolved)("$name", ({ name, title, code }) => {
  plain("prints its task and shows no list before it is solved", () => {
    const { printed, lists } = run(code);
    if (name === "exercise-8")
      expect(printed).toMatch(/^Not right\. The value is right, but the gradient still has a NaN/);
    else expect(printed).toMatch(/^exercise-[12]$/.test(name) ? /^(.*: not yet\n?)+$/ : /^Not yet\. /);
    expect(lists).toBe(name === "exercise-8" ? 1 : 0);
  });

  plain("has a solution that passes the check and shows its list", () => {
    const { printed, lists } = run(solutions.get(name)!);
    expect(printed).toMatch(/^(Right\.|.* is right\n)/);
    expect(printed).not.toMatch(/not right/i);
    expect(lists).toBe(1);
    expect(page).toContain(`## ${title}\n`);
    const comments = (text: string) => [...text.matchAll(/\/\/ (.*)/g)].map(([, comment]) => comment);
    expect(comments(solutions.get(name)!)).toEqual(comments(code));
  });
});

plain("there are ten exercises, and each solution has its exercise", () => {
  expect(unsolved.map(({ name }) => name)).toEqual(Array.from({ length: 10 }, (_, i) => `exercise-${i + 1}`));
  expect([...solutions.keys()].sort()).toEqual(unsolved.map(({ name }) => name).sort());
});

const go = (page: Page, hash: string) =>
  page.evaluate((wanted) => {
    location.hash = wanted;
  }, hash);

const docs = new URL("../../../docs/", import.meta.url);
/** Returns the distinct URLs in the docs that match a pattern. */
const addresses = (pattern: RegExp): string[] => {
  const texts = readdirSync(docs)
    .filter((file) => file.endsWith(".md"))
    .map((file) => readFileSync(new URL(file, docs), "utf8"));
  return [...new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map(([found]) => found)))];
};

plain("every example that the docs link to exists", () => {
  const named = addresses(/#\/tape\?example=[\w-]+/g);
  expect(named.length).toBeGreaterThan(15);
  for (const each of named) expect(allExamples().map(({ name }) => `#/tape?example=${name}`)).toContain(each);
});

test("every part of the Softmax room and all data of the Fit room that the docs link to exist", async () => {
  const page = await visit("#/softmax");
  for (const each of addresses(/#\/softmax\?part=\w+/g)) {
    await go(page, each);
    await page.locator(`.parts a[aria-current=step][href="${each}"]`).waitFor();
  }
  for (const each of addresses(/#\/fit\?(?:data|set)=\w+/g)) {
    await go(page, each);
    const [, field, name] = /(data|set)=(\w+)/.exec(each)!;
    if (field === "data") await page.locator("[aria-pressed=true]", { hasText: new RegExp(name!, "i") }).waitFor();
    else expect(await page.locator("select", { has: page.locator("option[value=moons]") }).inputValue()).toBe(name);
  }
});

const wrong: readonly (readonly [name: string, right: string, wrong: string, hint: RegExp])[] = [
  ["exercise-1", "y: 8", "y: 3", /y: 3 is not right\. That is one of two contributions/],
  ["exercise-1", '"#1": 3', '"#1": 5', /5 is the value of #1/],
  ["exercise-1", "x: 3", "x: 2", /x: 2 is not right\. Sum rule/],
  ["exercise-2", "9", "3", /b\[0\]: 3 is not right\. That is the contribution of one row/],
  ["exercise-2", "12", "4", /b\[1\]: 4 is not right\. That is the contribution of one row|That is a mean/],
  ["exercise-2", "12", "21", /b has two numbers/],
  ["exercise-3", "matmul(G, transpose(B))", "matmul(transpose(G), transpose(B))", /the first factor is G/],
  ["exercise-3", "matmul(G, transpose(B))", "matmul(G, B.transpose())", /B\.transpose is not a function/],
  ["exercise-3", "matmul(transpose(A), G)", "transpose(matmul(G, A))", /the factor after Aᵀ is G/],
  ["exercise-4", "-s[i]! * s[j]!", "s[i]! * s[j]!", /Off the diagonal the sign is wrong/],
  ["exercise-5", ", { axis: 1, keepDims: true }", "", /belongs to one row/],
  ["exercise-5", ", { axis: 1, keepDims: true }", ", { axis: 1 }", /did you mean expandDims|keepDims/],
  ["exercise-5", "mul(s, sub(g, sum(mul(g, s), { axis: 1, keepDims: true })))", "mul(s, g)", /diag\(s\) times g/],
  ["exercise-6", "div(sub(softmax(x), t), x.shape[0]!)", "sub(softmax(x), t)", /divide by n/],
  ["exercise-7", "sigmoid(neg(x))", "sub(1, sigmoid(x))", /s rounds to 1/],
  ["exercise-8", "sqrt(where(isPositive, x, 1))", "sqrt(x)", /replace it with another number/],
  ["exercise-8", "where(isPositive, sqrt(where(isPositive, x, 1)), 0)", "sqrt(x)", /For\nx = .*\nit returns/],
  ["exercise-9", "grad((y: Tensor) => sum(mul(grad(f)(y), v)))(x)", "mul(grad(f)(x), v)", /differentiate with respect to x once more/],
  ["exercise-9", "sum(mul(grad(f)(y), v))", "mul(grad(f)(y), v)", /grad: f must return a scalar/],
  ["exercise-10", "mul(expandDims(g, { axis: 1 }), softmax(x))", "softmax(x)", /multiplies it by the cotangent g/],
  ["exercise-10", "softmax(x)", "softmax(x, { axis: 0 })", /runs along axis 0/],
  ["exercise-10", "expandDims(g, { axis: 1 })", "g", /expandDims/],
]; // biome-ignore format: a line each

plain.each(wrong)("%s: the answer %s, written as %s, gets its hint", (name, right, answer, hint) => {
  const code = solutions.get(name)!;
  expect(code).toContain(right);
  const said = (): string => {
    try {
      return run(code.replace(right, answer)).printed;
    } catch (error) {
      return String(error); // the Tape page shows the line of the error
    }
  };
  expect(said()).toMatch(hint);
});

const questions = Object.entries({ ...rules.questions, ...derivatives.questions });

plain.each(questions)("%s: every known slip gets its hint", (_, either) => {
  const question = either as unknown as Question<unknown, readonly unknown[]>;
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  try {
    expect(check(question, question.right)).toBe(true);
    log.mockClear();
    for (const { answer, hint } of question.slips) {
      expect(check(question, answer)).toBe(false);
      expect(log.mock.lastCall).toEqual([`Not right. ${hint}`]);
    }
  } finally {
    log.mockRestore();
  }
});

const printed = (page: Page) => page.locator(".printed");

test("a reader chooses an exercise, answers wrong, then right, and sees its list", async () => {
  const page = await visit("#/tape");
  const choice = page.getByRole("combobox", { name: "Example" });
  await choice.selectOption("exercise-1");
  await printed(page).getByText("y: not yet").waitFor();
  await page.getByText("Write your answer in the program.").waitFor();
  expect(await page.locator(".list").count()).toBe(0);
  expect(await violations(page)).toEqual([]);
  await page.locator("body").press("e");
  const fill = async (before: string, number: string) => {
    const line = page.locator(".cm-line", { hasText: before });
    await line.click();
    await page.keyboard.press("End");
    for (let i = 0; i < "NaN,".length; i++) await page.keyboard.press("Backspace");
    await page.keyboard.type(`${number},`);
  };
  await fill('#1": NaN', "3");
  await fill("x: NaN", "3");
  await fill("y: NaN", "5");
  await printed(page).getByText("y: 5 is not right. That is one of two contributions.").waitFor();
  await page.getByRole("textbox").press("Backspace");
  await page.keyboard.press("Backspace");
  await page.keyboard.type("8,");
  await printed(page).getByText("All right.").waitFor();
  await page.locator(".list tbody tr", { hasText: "mul" }).waitFor();
  // Runs exercises in the sandbox, first unsolved and then solved.
  for (const { name } of sampled(unsolved, 5)) {
    await go(page, `#/tape?example=${name}`);
    await page.waitForFunction((wanted) => location.hash === `#/tape?example=${wanted}`, name);
    await printed(page)
      .getByText(/not yet|Not yet|Not right/)
      .first()
      .waitFor();
    expect(await page.getByRole("alert").count(), name).toBe(0);
    await go(page, `#/tape?example=${name}&code=${packed(solutions.get(name)!)}`);
    await printed(page)
      .getByText(/(All right|Right)\./)
      .first()
      .waitFor();
    await page.locator(".list tbody tr").first().waitFor();
    expect(await choice.inputValue()).toBe(name);
  }
});
