import { jacobian, type Tensor, tensor, vjp } from "@wengert/core";
import { div, softmax } from "@wengert/ops";
import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import { aligned, short } from "../src/parts/numbers.ts";
import { sampled, test, violations, visit } from "./support.ts";

const fields = (page: Page): Promise<Record<string, string>> =>
  page.evaluate(() => Object.fromEntries(new URLSearchParams(location.hash.split("?")[1])));
const until = (page: Page, part: string) => page.waitForFunction((text) => location.hash.includes(text), part);
const logit = (page: Page, i: number) => page.getByRole("slider", { name: `logit x${"₀₁₂₃₄₅₆₇₈₉"[i]}` });
const shares = (page: Page) => page.locator(".share output").allTextContents();
const softmaxOf = (x: readonly number[], t = 1): string[] => aligned(softmax(div(tensor(x), t)).toNested<number[]>());
const part = (page: Page, name: string) => page.getByRole("article", { name });

describe("logits", () => {
  test("are dragged by the pointer, and the shares update", async () => {
    const page = await visit("#/softmax");
    const box = (await logit(page, 2).boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.9, box.y + box.height / 2, { steps: 8 });
    await page.mouse.up();
    const third = Number(await logit(page, 2).getAttribute("aria-valuenow"));
    expect(third).toBeCloseTo(4, 1);
    expect(await shares(page)).toEqual(softmaxOf([2, 1, third]));
    await until(page, `x=2+1+${third}`);
  });

  test("move by keys, in steps and to the ends, and can be typed", async () => {
    const page = await visit("#/softmax");
    await logit(page, 0).focus();
    for (const key of ["ArrowRight", "ArrowUp", "Shift+ArrowLeft", "PageDown"]) await page.keyboard.press(key);
    await until(page, "x=1.19+1+0");
    await page.keyboard.press("End");
    await until(page, "x=5+1+0");
    await page.keyboard.press("Home");
    await until(page, "x=-5+1+0");
    const typed = page.getByRole("textbox", { name: "logit x₁, as a number" });
    await typed.fill("1e3");
    await typed.press("Enter");
    await until(page, "x=-5+1000+0");
    expect(await shares(page)).toEqual(["0", "1", "0"]);
    await typed.fill("nonsense");
    expect(await typed.getAttribute("aria-invalid")).toBe("true");
    await typed.press("Tab");
    expect(await typed.inputValue()).toBe("1000");
    for (const [written, shown] of [
      ["-inf", "0"],
      ["nan", "NaN"],
      ["∞", "NaN"],
    ] as const) {
      // biome-ignore format: pairs
      await typed.fill(written);
      await typed.press("Enter");
      await page.locator(".share output").nth(1).getByText(shown, { exact: true }).waitFor();
    }
  });

  test("are added, removed and masked, and the back button undoes it", { tags: "soak" }, async () => {
    const page = await visit("#/softmax");
    await page.getByRole("button", { name: "One class more" }).click();
    await until(page, "x=2+1+0+0");
    await page.getByRole("checkbox", { name: "class 1 takes part" }).uncheck();
    await until(page, "mask=1");
    expect((await shares(page))[1]).toBe("0");
    await page.getByRole("combobox", { name: "Preset" }).selectOption("uniform");
    await page.waitForFunction(() => !location.hash.includes("mask"));
    expect(await shares(page)).toEqual(["0.25", "0.25", "0.25", "0.25"]);
    await page.goBack();
    await until(page, "mask=1");
    await page.goBack();
    await page.goBack();
    expect(await page.locator(".share").count()).toBe(3);
    for (let i = 0; i < 12; i++) await page.locator("#room").press("+");
    expect(await page.locator(".share").count()).toBe(10);
    for (let i = 0; i < 12; i++) await page.locator("#room").press("-");
    expect(await page.locator(".share").count()).toBe(2);
  });

  test("are divided by the temperature T", { tags: "soak" }, async () => {
    const page = await visit("#/softmax?x=2+1+0&t=0.5");
    await logit(page, 0).waitFor();
    expect(await shares(page)).toEqual(softmaxOf([2, 1, 0], 0.5));
    await page.getByRole("slider", { name: "Temperature" }).press("End");
    await until(page, "t=10");
    expect(await shares(page)).toEqual(softmaxOf([2, 1, 0], 10));
  });
});

test("every preset shows its shares in every part", { tags: "soak" }, async () => {
  const page = await visit("#/softmax");
  const choice = page.getByRole("combobox", { name: "Preset" });
  await choice.waitFor();
  const names = await choice
    .locator("option")
    .evaluateAll((all) => all.map((each) => (each as HTMLOptionElement).value));
  expect(names).toEqual([
    "plain",
    "two",
    "uniform",
    "ties",
    "sure",
    "lead",
    "ten",
    "thousands",
    "huge",
    "out",
    "nothing",
    "nan",
  ]);
  for (const name of names) {
    await choice.selectOption(name);
    await page.waitForFunction((wanted) => document.querySelector("select")?.value === wanted, name);
    const x = (await fields(page)).x?.split(" ").map((word) => Number(word.replace("inf", "Infinity")));
    if (x) expect(await shares(page), name).toEqual(softmaxOf(x));
    const links = await page.locator(".parts a").all();
    for (const link of links) {
      await link.click();
      await page.locator(".part[aria-label] h2").waitFor();
    }
  }
});

describe("the Jacobian", () => {
  test("explains each cell, by keys and under the pointer, with the numbers of the tape", async () => {
    const J = jacobian((x: Tensor) => softmax(x))(tensor([2, 1, 0])).toNested<number[][]>();
    const page = await visit("#/softmax?part=jacobian");
    const grid = page.getByRole("grid");
    await grid.locator("td[tabindex='0']").focus();
    const told = page.locator(".told");
    await told.getByText(`∂s₀/∂x₀ = ${short(J[0]![0]!)}`).waitFor();
    await page.keyboard.press("ArrowRight");
    await told.getByText(`∂s₀/∂x₁ = ${short(J[0]![1]!)}`).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("End");
    await told.getByText(`∂s₁/∂x₂ = ${short(J[1]![2]!)}`).waitFor();
    await until(page, "cell=1+2");
    await grid.getByRole("gridcell", { name: /^∂s₂\/∂x₀/ }).hover();
    await told.getByText(`∂s₂/∂x₀ = ${short(J[2]![0]!)}`).waitFor();
    const derivation = page.getByRole("list", { name: "The quotient rule for ∂s₂/∂x₀" });
    await derivation
      .locator("annotation", { hasText: "s_{2}\\, s_{0} = -0.09003 \\cdot 0.6652" })
      .waitFor({ state: "attached" });
  });
});

describe("the pullback", () => {
  test("is built in stages and agrees with the product by the matrix", async () => {
    const page = await visit("#/softmax?part=pullback");
    const { value: s, pullback } = vjp((x: Tensor) => softmax(x), tensor([2, 1, 0]));
    const found = pullback(tensor([3, -1, 0.5]))[0].toNested<number[]>();
    const room = part(page, "Pullback");
    const outputs = () => room.locator(".beam-row output").allTextContents();
    await room.getByText("The cotangent of s has one number per class").waitFor();
    expect(await outputs()).toEqual(aligned([3, -1, 0.5]));
    const mean = s.toNested<number[]>().reduce((sum, si, i) => sum + si * [3, -1, 0.5][i]!, 0);
    await page.locator("body").press("ArrowRight");
    await room.locator(".fulcrum-label", { hasText: `⟨g, s⟩ = ${short(mean)}` }).waitFor();
    await room.getByRole("button", { name: "The next stage" }).click();
    await room.getByText("The vertical line is the new zero").waitFor();
    expect(await outputs()).toEqual(aligned([3 - mean, -1 - mean, 0.5 - mean]));
    await page.locator("body").press("ArrowRight");
    await room.getByText("The bars shrink").waitFor();
    expect(await outputs()).toEqual(aligned(found));
    await page.locator("body").press("ArrowRight");
    await room.getByText(/at the diamonds/).waitFor();
    await until(page, "stage=4");
    expect(await room.locator(".by-matrix").count()).toBe(3);
    await page.goBack(); // stages add no entries to the history
    await page.waitForFunction(() => !location.hash.includes("stage"));
  });

  test("is zero if all g are equal; g can be dragged and typed", { tags: "soak" }, async () => {
    const page = await visit("#/softmax?part=pullback&stage=3");
    const room = part(page, "Pullback");
    const g = room.getByRole("slider", { name: "cotangent g₁" });
    const box = (await g.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.4, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + box.height / 2, { steps: 5 });
    await page.mouse.up();
    await until(page, "g=3+3+0.5");
    await room.getByRole("textbox", { name: "cotangent g₂, as a number" }).fill("3");
    await page.keyboard.press("Enter");
    await until(page, "g=3+3+3");
    expect(await room.locator(".beam-row output").allTextContents()).toEqual(["0", "0", "0"]);
  });

  test("is animated between stages, but not under the pointer or with reduced motion", { tags: "soak" }, async () => {
    /**
     * Clicks on the button for the next stage, and returns the duration of the animation of the bars. The click and the
     * measurement are in a single call of `evaluate`, because the animation is short.
     */
    const lasts = (page: Page) =>
      page.evaluate(async () => {
        document.querySelector<HTMLElement>("[aria-label='The next stage']")!.click();
        await new Promise(requestAnimationFrame);
        return getComputedStyle(document.querySelector(".beam .track > .bar")!).transitionDuration;
      });
    const page = await visit("#/softmax?part=pullback&stage=1", { reducedMotion: "no-preference" });
    const bar = page.locator(".beam .track > .bar").first();
    await bar.waitFor();
    expect(await lasts(page)).toContain("0.7s");
    await page.locator(".beam.moving").waitFor({ state: "detached" });
    expect(await bar.evaluate((each) => getComputedStyle(each).transitionDuration)).toBe("0s");
    const still = await visit("#/softmax?part=pullback&stage=1");
    await still.locator(".beam .track > .bar").first().waitFor();
    expect(await lasts(still)).not.toContain("0.7s");
  });

  test("opens in the Tape room with the same numbers", { tags: "soak" }, async () => {
    const page = await visit("#/softmax?part=pullback&x=1+2+3+4&g=1+0+0+2&t=2&mask=1&dtype=float32");
    await page.getByRole("link", { name: "Step through it on the tape" }).click();
    await page.getByRole("heading", { level: 1, name: "Tape" }).waitFor();
    await page.locator(".list tbody tr").filter({ hasText: "softmax" }).waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
  });
});

describe("digits", () => {
  const right = (page: Page, way: string) =>
    page
      .getByRole("region", { name: way })
      .getByText(/digits? right/)
      .textContent();

  test("are lost by textbook and matrix if one class leads, and kept by the centered form", async () => {
    const page = await visit("#/softmax?part=digits", { viewport: { width: 1440, height: 900 } });
    await page.locator(".rise svg").waitFor();
    const ways = ["Textbook", "Full matrix", "Centered"];
    await page.getByText("This part opens with one class far ahead").waitFor();
    for (const way of ["Textbook", "Full matrix"]) expect(await right(page, way)).toMatch(/^(9|10) digits right/);
    expect(await right(page, "Centered")).toContain("All digits right");
    const formula = page.getByRole("region", { name: "Centered" }).locator(".formula");
    await formula.locator("annotation", { hasText: "g_m" }).waitFor({ state: "attached" });
    expect(await formula.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
    await page.getByRole("combobox", { name: "Preset" }).selectOption("plain");
    await until(page, "x=2+1+0");
    for (const way of ways) expect(await right(page, way)).toContain("All digits right");
    expect(await page.locator(".wrong-digits").count()).toBe(0);
    const lead = page.getByRole("slider", { name: "How far the largest logit leads" });
    await lead.press("End");
    await page.getByRole("region", { name: "Textbook" }).getByText("No digit right").waitFor();
    expect(await right(page, "Full matrix")).toContain("No digit right");
    expect(await right(page, "Centered")).toContain("All digits right");
    expect(await logit(page, 0).getAttribute("aria-valuenow").then(Number)).toBeCloseTo(40 + Math.log(1 + Math.E), 10);
  });

  test.each(sampled(["float64", "float32"], 2))(
    "are lost in %s after a click, if all formulas keep them at first",
    async (dtype) => {
      const page = await visit(`#/softmax?part=digits&x=2+1+0&dtype=${dtype}`);
      const raise = page.getByRole("button", { name: "Raise the largest logit" });
      await raise.click();
      await raise.waitFor({ state: "detached" });
      for (const way of ["Textbook", "Full matrix"]) expect(await right(page, way)).not.toContain("All digits right");
      expect(await right(page, "Centered")).toContain("All digits right");
    },
  );

  test("of float32 are seven; a constant in g costs digits only in the textbook and the matrix", {
    tags: "soak",
  }, async () => {
    const page = await visit("#/softmax?part=digits&x=2+1+0");
    await page.getByRole("button", { name: "float32" }).click();
    await until(page, "dtype=float32");
    expect(await right(page, "Centered")).toContain("All digits right");
    await page.getByRole("button", { name: "1e6" }).click();
    await until(page, "plus=1000000");
    expect(await page.locator(".way.centered .meter .kept").count()).toBe(7);
    expect(await page.locator(".way.textbook .meter .kept").count()).toBeLessThan(3);
    expect(await page.locator(".way.matrix .meter .kept").count()).toBeLessThan(3);
    expect(await page.locator(".way.centered .wrong-digits").count()).toBe(0);
    expect(await page.locator(".way.textbook .wrong-digits").count()).toBeGreaterThan(0);
    await page.goBack();
    await page.waitForFunction(() => !location.hash.includes("plus"));
  });

  test("that are all kept are drawn as a line", { tags: "soak" }, async () => {
    const page = await visit("#/softmax?part=digits&g=0+0+0");
    await page.locator(".rise svg").waitFor();
    expect(await page.locator(".rise polyline").count()).toBe(3);
  });

  test("are not counted if the result is not finite", { tags: "soak" }, async () => {
    const page = await visit("#/softmax?part=digits&x=nan+1+2");
    await page.getByText("there are no digits to count").waitFor();
  });
});

describe("the shift", () => {
  test("prevents overflow and underflow", async () => {
    const page = await visit("#/softmax?part=shift");
    const [plain, safe] = [
      page.getByRole("region", { name: "Without the shift" }),
      page.getByRole("region", { name: "With the largest subtracted" }),
    ];
    const column = (side: typeof plain, n: number) => side.locator(`tbody td:nth-child(${n})`).allTextContents();
    const s = aligned(softmax(tensor([2, 1, 0])).toNested<number[]>(), 3);
    await page.getByText("Both sides agree").waitFor();
    expect(await column(plain, 3)).toEqual(s);
    const c = page.getByRole("slider", { name: "c, added to all logits" });
    await c.press("End");
    await page.getByText("∞ / ∞ is NaN").waitFor();
    await until(page, "shift=1000");
    expect(await column(plain, 2)).toEqual(["∞", "∞", "∞"]);
    expect(await column(plain, 3)).toEqual(["NaN", "NaN", "NaN"]);
    expect(await column(plain, 4)).toEqual(["NaN", "NaN", "NaN"]);
    expect(await column(safe, 3)).toEqual(s);
    await c.press("Home");
    await page.getByText("0 / 0 is NaN").waitFor();
    expect(await column(safe, 3)).toEqual(s);
    await page.getByRole("combobox", { name: "Preset" }).selectOption("nan");
    await page.getByText("No shift helps here").waitFor();
  });
});

describe("two classes", () => {
  test("are the sigmoid of the difference, which the curve lets readers drag", async () => {
    const page = await visit("#/softmax?part=two");
    await page.getByRole("button", { name: "Keep the first two classes" }).click();
    await until(page, "x=2+1");
    const d = page.getByRole("slider", { name: "d, the difference" });
    expect(await d.getAttribute("aria-valuenow")).toBe("-1");
    const rows = async () => {
      const cells = await part(page, "Two classes").locator("tbody td").allTextContents();
      return [cells.filter((_, i) => i % 2 === 0), cells.filter((_, i) => i % 2 === 1)] as const;
    };
    const [bySoftmax, bySigmoid] = await rows();
    expect(bySoftmax).toEqual(bySigmoid);
    expect(bySigmoid[0]).toBe(short(1 / (1 + Math.E), 6));
    await d.press("End");
    await until(page, "x=2+10");
    await page.goBack();
    await page.getByRole("button", { name: "Keep the first two classes" }).waitFor();
  });

  test.each(sampled(["0+1000", "1e300+2e300", "inf+1", "-1e308+1e308"], 2))(
    "are drawn for finite logits and omitted for others: %s",
    async (x) => {
      const page = await visit(`#/softmax?part=two&x=${x}`);
      await page.locator(".part .katex").first().waitFor();
      expect(await page.locator(".lines polyline").count()).toBe(/e308|inf/.test(x) ? 0 : 2);
    },
  );

  test("w₁ − w₀ moves like one weight at twice the rate, in both directions", { tags: "soak" }, async () => {
    const page = await visit("#/softmax?x=0+1.5&part=two");
    const label = () =>
      page
        .getByRole("img", { name: /Over 20 steps/ })
        .getAttribute("aria-label")
        .then(String);
    await page.locator(".weights svg").waitFor();
    const [, pair, one, twice] = /to (\S+); .* to (\S+), .* to (\S+)$/.exec(await label())!;
    expect(pair).toBe(twice);
    expect(one).not.toBe(pair);
    expect(Number(pair)).toBeGreaterThan(1.5);
    await page.getByRole("button", { name: "The right class is 0" }).click();
    await until(page, "label=0");
    expect(await label()).toMatch(/goes from 1.5 to −/);
  });
});

test("questions set the room up, and keys move between the parts", async () => {
  const page = await visit("#/softmax");
  await page.getByRole("button", { name: "Set it up" }).click();
  await until(page, "x=1.0986+0");
  expect(await shares(page)).toEqual(softmaxOf([1.0986, 0]));
  for (const name of ["Jacobian", "Pullback", "Shift", "Digits", "Two classes", "Explain it"]) {
    await page.locator("#room").press("n");
    await part(page, name).waitFor();
  }
  await page.getByText("What does each of the three stages mean?").click();
  await page.getByText("⟨g, s⟩ is the mean of g under the probabilities.", { exact: false }).waitFor();
  await page.locator("#room").press("p");
  await part(page, "Two classes").waitFor();
});

const addresses = [
  "x=1&g=2&t=-3&mask=77&cell=9+9&stage=99&part=none",
  "x=a+b+c&g=nan&t=x&mask=x&cell=x&stage=x&dtype=int32",
  "x=1+2+3+4+5+6+7+8+9+10+11&cell=-1+0.5&stage=0.5&part=jacobian",
  "part=shift&shift=1e9&x=",
  "part=digits&plus=7&x=1+two&g=1e999",
];

test.each(sampled(addresses, 4))("the room works for any address: %s", async (text) => {
  const page = await visit(`#/softmax?${text}`);
  await logit(page, 2).waitFor();
  const first = text.includes("part=digits") ? [16.5, 1, 0] : [2, 1, 0];
  expect(await shares(page)).toEqual(softmaxOf(first));
});

test.each(sampled(["pullback", "shares", "jacobian", "shift", "digits", "two", "explain"], 4))(
  "%s has no axe violations and fits 360 px with ten classes",
  async (name) => {
    const x = name === "two" ? "0.3+-1.2" : "0.3+-1.2+1.8+0.1+-0.4+2.6+-2.1+0.9+-0.8+0.5";
    const page = await visit(`#/softmax?part=${name}&x=${x}&stage=4&t=0.5&mask=3&shift=900`, { colorScheme: "light" });
    await page.locator(".part h2").waitFor();
    await page.waitForLoadState("networkidle"); // waits for the formulas
    expect(await violations(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  },
);
