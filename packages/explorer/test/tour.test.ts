import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { describe, expect, test as plain } from "vitest";
import { allExamples } from "../build/examples.ts";
import { stops } from "../src/page/stops.ts";
import { rightAnswer, verdictOn } from "../src/tour/answer.ts";
import { type Text, texts } from "../src/tour/texts.ts";
import { test, violations, visit } from "./support.ts";

describe("the texts", () => {
  plain("belong to the stops, in the same order", () => {
    expect(texts.map(({ name }) => name)).toEqual(stops.map(({ name }) => name));
    expect(stops).toHaveLength(12);
    const programs = stops.flatMap(({ fields: { example } }) => example ?? []);
    const known = allExamples().map(({ name }) => name);
    expect(programs.filter((name) => !known.includes(name))).toEqual([]);
  });

  plain.each(texts.map((text) => [text.name, text] as const))(
    "of %s accept the right answer, and give each wrong answer its own hint",
    (_, text) => {
      const { answer, why } = text;
      expect(verdictOn(text, rightAnswer(text))).toEqual({ isRight: true, hint: "" });
      const wrong =
        answer.kind === "number" ? answer.hints : answer.options.filter(([option]) => option !== answer.right);
      expect(new Set(wrong.map(([, hint]) => hint)).size).toBe(wrong.length);
      for (const [given, hint] of wrong) expect(verdictOn(text, String(given))).toEqual({ isRight: false, hint });
      expect(why.split(/[.:?] (?=[A-Z0-9`])/).length).toBeLessThanOrEqual(3); // two sentences
    },
  );

  plain("read numbers as people write them", () => {
    const text = texts.find(({ name }) => name === "cross-entropy")!;
    for (const given of ["-0.75", "−0.75", " -.75", "−0,75", "-3/4"])
      expect(verdictOn(text, given)?.isRight).toBe(true);
    for (const given of ["", "three", "1/0", "1e", "--1"]) expect(verdictOn(text, given)).toBeUndefined();
    expect(verdictOn(text, "123")).toEqual({ isRight: false, hint: (text.answer as { otherwise: string }).otherwise });
  });

  plain("are those of the lesson plans in docs/teaching.md", async () => {
    const path = new URL("../../../docs/teaching.md", import.meta.url);
    const written = readFileSync(path, "utf8");
    const shown = [...written.matchAll(row)].map(([, , name]) => name);
    expect(new Set(shown)).toEqual(new Set(stops.map(({ name }) => name)));
    await expect(
      written.replaceAll(row, (_, minutes: string, name: string) => rowOf(minutes, name)),
    ).toMatchFileSnapshot(path.pathname); // -u writes the rows
  });
});

/** Matches a row of a table in docs/teaching.md that contains the address of a stop of the tour. */
const row = /^\| ([^|]*) \| `#\/tour\/([\w-]+)`.*\|$/gm;

function rowOf(minutes: string, name: string): string {
  const text = texts.find((each) => each.name === name)!;
  return `| ${minutes} | \`#/tour/${name}\`: ${text.title} | ${text.question} **${rightAnswer(text)}.** ${text.why} |`;
}

const panel = (page: Page) => page.getByRole("complementary", { name: "The tour" });
const answer = async (page: Page, { answer: { kind } }: Text, given: string) => {
  if (kind === "number") await panel(page).getByRole("textbox").fill(given);
  else
    await panel(page)
      .getByRole("radio", { name: given.replace("ᵀ", "T"), exact: true })
      .check();
  await panel(page).getByRole("button", { name: "Check" }).click();
};

/** For each stop of the tour, a function that waits until the page shows the result for the right answer. */
const shown: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  chain: (page) => cotangent(page, "x", "24"),
  list: (page) => page.locator(".list tbody tr").nth(3).getByText("square").waitFor(),
  sweep: (page) => cotangent(page, "x", "40"),
  twice: (page) => cotangent(page, "x", "7"),
  bias: (page) => cotangent(page, "b", "4 1 2"),
  matmul: (page) => page.locator(".stage .rule-formula").first().waitFor(),
  "softmax-mean": (page) => page.locator(".fulcrum-label", { hasText: "⟨g, s⟩ = 3" }).waitFor(),
  "softmax-difference": (page) => page.getByLabel("of class 0").getByText("−1").waitFor(),
  "softmax-scale": (page) => page.getByLabel("of class 2").getByText("1.25").waitFor(),
  "cross-entropy": (page) => cotangent(page, "logits", "0.5 0.25 −0.75"),
  "second-order": (page) => cotangent(page, "x", "18"),
  training: (page) => page.getByRole("button", { name: "Step", exact: true }).waitFor(),
};
const cotangent = (page: Page, name: string, value: string) =>
  page
    .locator(".list tbody tr")
    .filter({ has: page.locator("td.op", { hasText: new RegExp(`^${name}$`) }) })
    .locator("td.cotangent", { hasText: new RegExp(`^${value}$`) })
    .waitFor();

test("a reader takes the tour on a phone, from the start page to its end, and the browser keeps the progress", async () => {
  const page = await visit("", { viewport: { width: 390, height: 844 } });
  await page.getByRole("heading", { level: 1, name: "Reverse mode, step by step" }).waitFor();
  for (let i = 0; i < 5; i++) await page.getByRole("button", { name: "Step", exact: true }).click();
  await page.getByText("4 + 3 = 7").waitFor();
  await page.getByText("The function changes by 0.0701.").waitFor();
  const fits = async () => {
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  };
  await fits();
  await page.getByRole("link", { name: "Take the tour" }).click();
  await page.getByRole("link", { name: "Start", exact: true }).click();
  for (const text of texts) {
    await panel(page).getByRole("heading", { name: text.title }).waitFor();
    await expect.poll(() => page.evaluate(() => scrollY)).toBe(0);
    await page.waitForFunction((name) => location.hash.startsWith(`#/tour/${name}`), text.name);
    if (text.name === "list") await page.locator(".list").waitFor({ state: "hidden" });
    const { answer: right } = text;
    const [wrong, hint] =
      right.kind === "number" ? right.hints[0]! : right.options.find(([option]) => option !== right.right)!;
    await answer(page, text, String(wrong));
    await panel(page).getByText(hint.split("`")[0]!).waitFor();
    if (text.name === "bias") await fits();
    await answer(page, text, rightAnswer(text));
    await panel(page).getByText(text.why.split("`")[0]!.split("ᵀ")[0]!).first().waitFor();
    await shown[text.name]!(page);
    if (text.name === "bias") {
      await panel(page).getByRole("button", { name: "See it below" }).click();
      const sum = page.getByRole("table", { name: "contribution to b" });
      await expect.poll(() => sum.evaluate((each) => each.getBoundingClientRect().top)).toBeLessThan(750);
    }
    if (text.name === "softmax-scale") await fits();
    await page.evaluate(() => scrollTo(0, 300));
    await panel(page)
      .getByRole("link", { name: /^(Next|See)/ })
      .click();
  }
  await page.getByRole("heading", { name: "You have finished the tour" }).waitFor();
  await fits();
  await page.reload();
  await page.getByText("12 of 12 finished").waitFor();
  await page.getByRole("button", { name: "Forget my progress" }).click();
  await page.getByText("0 of 12 finished").waitFor();
});

test("a stop has an address, which keeps the changes of the room, and keys go between stops", {
  tags: "soak",
}, async () => {
  const page = await visit("#/tour/twice?at=2", { viewport: { width: 1440, height: 900 }, colorScheme: "dark" });
  await page.getByRole("slider", { name: "Moment" }).waitFor();
  const moment = () => page.getByRole("slider", { name: "Moment" }).inputValue();
  expect(await moment()).toBe("2");
  await page.locator("body").press("ArrowRight");
  await page.waitForFunction(() => location.hash === "#/tour/twice?at=3");
  await page.getByRole("combobox", { name: "Example" }).selectOption("reuse");
  await page.waitForFunction(() => location.hash === "#/tour/twice?example=reuse&at=");
  await page.reload();
  await page.getByText("The inputs of f").waitFor();
  expect(await moment()).toBe("0");
  await page.locator("#room").press(".");
  await panel(page).getByRole("heading", { name: "A bias" }).waitFor();
  await panel(page).getByRole("textbox").fill("x");
  await panel(page).getByRole("button", { name: "Check" }).click();
  await panel(page).getByText("Write a number").waitFor();
  await panel(page).getByRole("textbox").fill("100");
  await page.keyboard.press("Enter");
  await panel(page).getByRole("button", { name: "Show the answer" }).click();
  await shown.bias!(page);
  expect(await violations(page)).toEqual([]);
  await page.locator("#room").press(",");
  await page.waitForFunction(() => location.hash === "#/tour/twice");
  await page.goBack();
  await panel(page).getByRole("heading", { name: "A bias" }).waitFor();
  await shown.bias!(page); // a finished stop of the tour opens with its answer
});

test("a damaged progress counts as no progress", async () => {
  const page = await visit("#/tour");
  for (const stored of ["not JSON", '{"bias":"maybe","other":"answered"}', "null"]) {
    await page.evaluate((text) => localStorage.setItem("wengert-tour", text), stored);
    await page.reload();
    await page.getByText("0 of 12 finished").waitFor();
  }
});
