import { full, grad, jvp, type Tensor, tensor } from "@wengert/core";
import { add, matmul, sum, tanh } from "@wengert/ops";
import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import { packed } from "../src/page/packed.ts";
import { short } from "../src/parts/numbers.ts";
import { sampled, test, violations, visit } from "./support.ts";

const withProgram = (body: string, more = ""): string =>
  `#/tape?code=${packed(`
import { grad, record, type Tensor, tensor } from "@wengert/core";
import { add, exp, mul, sin, square, sum } from "@wengert/ops";
${body}`)}${more}`;

/** Locates the row of the Wengert list with a given name, such as `#3` for a step or `x` for an input. */
const row = (page: Page, name: string) =>
  page.locator(".list tbody tr").filter({ has: page.locator("th, td.op", { hasText: new RegExp(`^${name}$`) }) });
const cell = async (page: Page, name: string, column: string) =>
  (await row(page, name).locator(`td.${column}`).textContent())!;
const stage = (page: Page) => page.getByRole("region", { name: "The step" });

describe("examples", () => {
  const names = [
    "product",
    "reuse",
    "bias",
    "matmul",
    "cross-entropy",
    "sigmoid",
    "attention",
    "newton",
    "checkpoint",
    "custom",
    "wrong",
    "nan",
    "long",
    "scan",
    "vmap",
  ];

  test("are all listed, and the sweep of each reaches its end", async () => {
    const page = await visit("#/tape");
    const choice = page.getByRole("combobox", { name: "Example" });
    await choice.waitFor();
    const offered = await choice
      .locator("optgroup[label=Examples] option")
      .evaluateAll((all) => all.map((each) => (each as HTMLOptionElement).value));
    expect(offered).toEqual(names);
    for (const name of sampled(names, 3)) {
      await choice.selectOption(name);
      await page.waitForFunction((wanted) => location.hash.includes(wanted), name);
      await page.locator(".right[aria-busy=false]").waitFor();
      await page.locator("body").press("End");
      await page.locator(".stage .badge.backward").waitFor();
      expect(await page.getByRole("alert").count(), name).toBe(name === "wrong" ? 1 : 0);
      await page.locator("body").press("Home");
    }
  });

  test("vmap gives each tensor that depends on the rows a batch axis, and shares the others", {
    tags: "soak",
  }, async () => {
    const page = await visit("#/tape?example=vmap&of=0");
    await row(page, "#4").waitFor();
    const shapes = () => page.locator(".list tbody tr td:nth-child(4)").allTextContents();
    const ofRow = await shapes();
    await page.getByRole("combobox", { name: "recording" }).selectOption("1");
    await expect.poll(() => cell(page, "x", "soft:nth-child(4)")).toBe("3 × 2");
    const ofBatch = await shapes();
    expect(ofRow.slice(0, 5)).toEqual(["2", "scalar", "2", "scalar", "scalar"]);
    expect(ofBatch.slice(0, 5)).toEqual(["3 × 2", "3", "2", "3", "3"]);
    await page.locator("body").press("End");
    await stage(page).getByText("The result: the gradient").waitFor();
  });

  test("gradcheck finds the error of the wrong rule, nonFinite the line of the NaN", { tags: "soak" }, async () => {
    const page = await visit("#/tape?example=wrong");
    expect(await page.getByRole("alert").textContent()).toMatch(/GradcheckErrorline 18.*missing factor/);
    await page.getByRole("combobox", { name: "Example" }).selectOption("nan");
    await page.getByText(/cotangent of input 0 of sqrt is Infinity at \[1, 0\], at program.ts:14:\d+;/).waitFor();
  });
});

test("the sweep ends with the gradient that grad returns", async () => {
  const x = tensor([[1, -2], [0.5, 1], [-1, 0.3]]); // biome-ignore format: a matrix
  const f = (W: Tensor, b: Tensor) => sum(tanh(add(matmul(x, W), b)));
  const W = tensor([[0.4, -0.6, 0.1], [0.2, 0.5, -0.3]]); // biome-ignore format: a matrix
  const [, ofB] = grad(f, { argnums: [0, 1] })(W, tensor([0.1, 0, -0.1]));
  const page = await visit("#/tape?example=bias");
  await row(page, "b").waitFor();
  await page.locator("body").press("End");
  expect(await cell(page, "b", "cotangent")).toBe(
    ofB.toNested<number[]>().map((each) => short(each, 3)).join(" "), // biome-ignore format: a line
  );
});

test("arrow keys step forward through the list, then through the sweep, and the address keeps the moment", async () => {
  const page = await visit("#/tape?example=product");
  await stage(page).getByText("The inputs of f").waitFor();
  const seen: string[] = [];
  for (let i = 0; i < 8; i++) {
    await page.locator("body").press("ArrowRight");
    seen.push(await page.getByRole("slider", { name: "Moment" }).getAttribute("aria-valuetext").then(String));
  }
  expect(seen).toEqual([
    "forward, step 1 of 3",
    "forward, step 2 of 3",
    "forward, step 3 of 3",
    "the sweep begins",
    "sweep, step 1 of 3, at #3",
    "sweep, step 2 of 3, at #2",
    "sweep, step 3 of 3, at #1",
    "the end: the gradient",
  ]);
  expect(await cell(page, "y", "cotangent")).toBe("2");
  await page.waitForFunction(() => location.hash.includes("at=8"));
  await page.reload();
  await stage(page).getByText("The result: the gradient").waitFor();
  await page.locator("body").press("ArrowLeft");
  await stage(page).getByText("#1 mul").waitFor();
  await page.locator("body").press("ArrowLeft");
  await stage(page).getByText("#2 sin").waitFor();
});

test("a pull shows the rule, its contributions, the sum over a broadcast axis, and the accumulation", async () => {
  const page = await visit("#/tape?example=bias&at=8");
  await stage(page).getByText("b was broadcast along axis 0, so the cotangents of its copies are summed.").waitFor();
  await stage(page).locator(".rule .katex").nth(1).waitFor();
  const rules = stage(page).locator(".rule-formula annotation");
  expect(await rules.allTextContents()).toEqual(["\\bar a = g", "\\bar b = \\textstyle\\sum_{0} g"]);
  await stage(page).getByText("the rule as code").click();
  expect(await stage(page).getByRole("region", { name: "The rule as code" }).textContent()).toBe("(g) => g");
  await page.getByRole("slider", { name: "Moment" }).fill("2");
  const copies = stage(page).getByRole("table", { name: "b, repeated" }).locator("tr");
  expect(await copies.allTextContents()).toEqual(["0.10−0.1", "0.10−0.1", "0.10−0.1"]);
  await page.getByRole("combobox", { name: "Example" }).selectOption("reuse");
  await stage(page).getByText("The inputs of f").waitFor();
  for (let i = 0; i < 8; i++) await page.locator("body").press("ArrowRight");
  await stage(page).getByText("#1 is used more than once").waitFor();
  expect(await stage(page).locator(".accumulation table").count()).toBe(3);
});

/** Returns the text and the background (red, green, blue) of each cell of the current step. */
const cellsOf = (page: Page) =>
  stage(page)
    .locator(".number-table td")
    .evaluateAll((all) =>
      all.map(
        (each) => [each.textContent!, getComputedStyle(each).backgroundColor.match(/\d+/g)!.map(Number)] as const,
      ),
    );

test("in a step equal numbers have equal colors: values are blue, cotangents orange, negative numbers gray, scalars pale", {
  tags: "soak",
}, async () => {
  const page = await visit("#/tape?example=bias&at=2");
  await stage(page).getByText("#2 add").waitFor();
  const check = async (isBlue: boolean) => {
    const cells = await cellsOf(page);
    const colors = new Map(cells.map(([text, color]) => [Number(text.replace("−", "-")), color]));
    expect(colors.size).toBeGreaterThan(4);
    for (const [text, color] of cells) expect(color, text).toEqual(colors.get(Number(text.replace("−", "-"))));
    for (const [text, [red, , blue]] of cells) {
      const x = Number(text.replace("−", "-"));
      if (x > 0.2) expect(isBlue ? blue! - red! : red! - blue!, text).toBeGreaterThan(15);
      if (x < 0) expect(Math.abs(red! - blue!), text).toBeLessThan(10);
    }
  };
  await check(true);
  await page.getByRole("slider", { name: "Moment" }).fill("8");
  await stage(page).getByText("b was broadcast along axis 0").waitFor();
  await check(false);
  await stage(page).getByRole("table", { name: "contribution to b" }).locator("td").first().hover();
  expect(await stage(page).locator("td.marked").allTextContents()).toEqual(["0.990", "0.786", "0.945"]);
  await page.getByRole("combobox", { name: "Example" }).selectOption("tour-chain");
  await stage(page).getByText("The inputs of f").waitFor();
  await page.getByRole("slider", { name: "Moment" }).fill("2");
  await stage(page).getByText("#2 square").waitFor();
  for (const [text, [, , blue]] of await cellsOf(page)) expect(blue, text).toBeGreaterThan(150);
});

test("the rules of a matrix product and of softmax are drawn with their numbers", async () => {
  const page = await visit("#/tape?example=tour-matmul&at=7");
  const [ofA, ofB] = [stage(page).locator(".rule-drawing").first(), stage(page).locator(".rule-drawing").last()];
  const numbers = (name: string, within = ofA) => within.getByRole("table", { name }).locator("td").allTextContents();
  await ofA.waitFor();
  expect(await numbers("b transposed")).toEqual([..."103010210101"].map(String));
  expect(await numbers("the cotangent of a")).toEqual(["5", "2", "3", "3", "1", "3"]);
  expect(await numbers("the cotangent of b", ofB)).toEqual([..."102021430103"].map(String));
  await ofA.getByRole("table", { name: "the cotangent of a" }).locator("td").first().hover();
  const marked = () => ofA.locator("td.marked").allTextContents();
  expect(await marked()).toEqual(["1", "0", "2", "0", "1", "0", "2", "1"]); // row 0 of g, column 0 of b transposed
  await page.getByRole("combobox", { name: "Example" }).selectOption("tour-cross-entropy");
  await stage(page).getByText("The inputs of f").waitFor();
  await page.getByRole("slider", { name: "Moment" }).fill("11");
  await ofA.getByText("1. the mean").waitFor();
  expect(await numbers("the mean ⟨g, s⟩")).toEqual(["−1"]);
  expect(await numbers("the difference")).toEqual(["1", "1", "−3"]);
  expect(await numbers("the product with s")).toEqual(["0.50", "0.25", "−0.75"]);
  expect(await violations(page)).toEqual([]);
});

test("a line of code, a row, a node and a tensor mark each other, and stepping marks the line", async () => {
  const page = await visit("#/tape?example=reuse&at=1");
  const line = (which: string) => page.locator(`.program .line.${which}`);
  await line("current").getByText("const s = square(x);").waitFor();
  await page.locator(".graph .node").first().waitFor();
  await page.locator("body").press("ArrowRight");
  await line("current").getByText("return sum(mul(s, exp(s)));").waitFor();
  const marked = async () => [
    await page.locator(".list tr.pointed th").allTextContents(),
    await page.locator(".graph .node.pointed text:first-of-type").allTextContents(),
    await stage(page).locator(".tensor-name.pointed").allTextContents(),
  ];
  await row(page, "#1").hover();
  expect(await marked()).toEqual([["#1"], ["#1 square"], ["#1"]]);
  expect(await line("pointed").textContent()).toContain("const s = square(x);");
  await page.locator(".graph .node", { hasText: "#3 mul" }).hover();
  expect(await marked()).toEqual([["#3"], ["#3 mul"], []]);
  await stage(page).locator(".tensor-name").first().hover();
  expect(await marked()).toEqual([["#1"], ["#1 square"], ["#1"]]);
  await page.locator(".program .line", { hasText: "return sum" }).hover();
  expect(await marked()).toEqual([["#2", "#3", "#4"], ["#2 exp", "#3 mul", "#4 sum"], []]);
  await row(page, "#1").focus(); // by keyboard alone
  await page.keyboard.press("ArrowDown");
  await page.locator(".graph .node.pointed", { hasText: "#2 exp" }).waitFor();
  await page.locator("body").press("End");
  await line("current").waitFor({ state: "detached" });
  await page.locator("body").press("ArrowLeft");
  expect(await line("current").getAttribute("class")).toContain("backward");
  await page.locator("body").press("e");
  await page.locator(".cm-line.current.backward", { hasText: "const s = square(x);" }).waitFor();
});

test("the numbers of an input can be dragged, also by keys, and everything follows; a link keeps them", async () => {
  const page = await visit("#/tape?example=product", { viewport: { width: 390, height: 844 } });
  const number = (name: string) => stage(page).getByRole("spinbutton", { name, exact: true });
  const input = number("x");
  await input.waitFor();
  const sweepOf = async (name: string) => {
    await page.locator("body").press("End");
    return cell(page, name, "cotangent");
  };
  const before = await sweepOf("y");
  await page.locator("body").press("Home");
  const x = Number(await input.textContent());
  await input.focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Shift+ArrowDown");
  await expect.poll(() => input.textContent()).toBe(String(Number((x + 0.19).toFixed(2))));
  await stage(page).getByText("You changed a number of the inputs.").waitFor();
  await page.keyboard.press("PageUp");
  await input.scrollIntoViewIfNeeded();
  const box = (await input.boundingBox())!;
  await page.mouse.move(box.x + 20, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + 60, box.y + 10, { steps: 8 });
  await page.mouse.up();
  const dragged = String(Number((x + 1.19 + 0.4).toFixed(2)));
  await expect.poll(() => input.textContent()).toBe(dragged);
  await expect.poll(() => cell(page, "x", "value")).toBe(dragged);
  expect(await violations(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  await page.waitForFunction(() => location.hash.includes("set=0.0.0"));
  await page.reload();
  await input.waitFor();
  expect(await input.textContent()).toBe(dragged);
  await expect.poll(() => sweepOf("y")).toBe(dragged); // f is x y + sin(x), so the cotangent of y is x
  await stage(page).getByRole("button", { name: "Reset inputs" }).click();
  await expect.poll(() => cell(page, "y", "cotangent")).toBe(before);
  expect(await page.evaluate(() => getSelection()?.toString())).toBe("");
});

test("a nudge compares the predicted change with the actual one, without printing again", async () => {
  const page = await visit(
    withProgram(
      "record((x: Tensor, y: Tensor) => { console.log('once'); return mul(square(x), y); }, tensor([3, 4]), tensor(2));",
    ),
  );
  await page.getByText("once", { exact: true }).waitFor();
  await page.locator("body").press("End");
  const nudge = page.getByRole("region", { name: "Check it: a small nudge" });
  const cells = async () => (await nudge.locator("tbody tr").allInnerTexts()).map((text) => text.split("\t"));
  // f = Σ x² y with x₀ = 3 and y = 2. If x₀ increases by h, f increases by 2 (6 h + h²).
  expect((await cells()).map(([by, predicted, actual]) => [by, predicted, actual])).toEqual([
    ["0.1", "1.2", "1.22"],
    ["0.01", "0.12", "0.1202"],
    ["0.001", "0.012", "0.012"],
  ]);
  await nudge.getByRole("combobox").selectOption({ label: "y" });
  await page.waitForFunction(() => location.hash.includes("nudge=1.0"));
  expect((await cells()).map(([, predicted, actual]) => [predicted, actual])).toEqual([
    ["2.5", "2.5"],
    ["0.25", "0.25"],
    ["0.025", "0.025"],
  ]);
  expect(await violations(page)).toEqual([]);
});

test("the pictures of a step move, but not for readers who prefer reduced motion", { tags: "soak" }, async () => {
  const running = async (reducedMotion: "reduce" | "no-preference") => {
    const page = await visit("#/tape?example=bias&at=8", { reducedMotion });
    await stage(page).getByText("b was broadcast along axis 0").waitFor();
    return page.evaluate(async () => {
      for (const step of ["back", "forward"]) {
        document.querySelector<HTMLElement>(`[aria-label='One step ${step}']`)!.click();
        await new Promise(requestAnimationFrame);
        await new Promise(requestAnimationFrame);
      }
      const moving = document.getAnimations().filter((each) => each.effect?.getComputedTiming().duration !== 0);
      return moving.map((each) => (each as CSSAnimation).animationName);
    });
  };
  expect(await running("no-preference")).toEqual(expect.arrayContaining(["come-back"]));
  expect(await running("reduce")).toEqual([]);
});

test("copies fly to their rows, rows fly into their sum, and contributions meet; a slider moves each picture", {
  tags: "soak",
}, async () => {
  const page = await visit("#/tape?example=bias&at=2", {
    viewport: { width: 390, height: 844 },
    reducedMotion: "no-preference",
  });
  const scrub = (name: string) => stage(page).getByRole("slider", { name });
  const flying = () => stage(page).locator(".flight span").allTextContents();
  const shown = (name: string) =>
    stage(page)
      .getByRole("table", { name })
      .locator("tr")
      .evaluateAll((all) => all.map((each) => [...each.children].map((td) => ((td as HTMLElement).style.opacity === "0" ? "" : td.textContent)).join(" "))); // biome-ignore format: a line
  const copies = stage(page).getByRole("slider", { name: "copies" });
  await expect.poll(() => copies.inputValue(), { timeout: 10_000 }).toBe("3"); // it plays once
  expect(await flying()).toEqual([]);
  await copies.fill("1.5");
  expect(await flying()).toEqual(["0.1", "0", "−0.1"]);
  expect(await shown("b, repeated")).toEqual(["0.1 0 −0.1", "  ", "  "]);
  await page.getByRole("slider", { name: "Moment" }).fill("8");
  await expect.poll(() => scrub("added").inputValue(), { timeout: 10_000 }).toBe("3");
  const rows = await shown("before the sum");
  await scrub("added").fill("1.5");
  expect((await flying()).join(" ")).toBe(rows[1]);
  expect(await shown("contribution to b")).toEqual([rows[0]]);
  await scrub("added").focus();
  await page.keyboard.press("End");
  await expect.poll(flying).toEqual([]);
  expect(await violations(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  await page.getByRole("combobox", { name: "Example" }).selectOption("reuse");
  await stage(page).getByText("The inputs of f").waitFor();
  await page.getByRole("slider", { name: "Moment" }).fill("8");
  await expect.poll(() => scrub("added").inputValue(), { timeout: 10_000 }).toBe("2");
  const sum = await stage(page).locator(".accumulation table").last().locator("td").allTextContents();
  await scrub("added").fill("1.5");
  const before = await stage(page).locator(".accumulation table").first().locator("td").allTextContents();
  expect(await stage(page).locator(".accumulation table").last().locator("td").allTextContents()).toEqual(before);
  expect(sum).not.toEqual(before);
  expect(await flying()).toHaveLength(before.length);
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.getByRole("slider", { name: "Moment" }).fill("7");
  await page.getByRole("slider", { name: "Moment" }).fill("8");
  expect(await scrub("added").inputValue()).toBe("2"); // it does not play
  await scrub("added").fill("1");
  expect(await flying()).toEqual([]);
});

test("arrow keys step through the tape after a choice in the menu, and ← and → do so while the menu has the focus", {
  tags: "soak",
}, async () => {
  const page = await visit("#/tape");
  const menu = page.getByRole("combobox", { name: "Example" });
  await menu.selectOption("reuse");
  await row(page, "#4").waitFor();
  await page.keyboard.press("ArrowRight");
  await stage(page).getByText("#1 square").waitFor();
  await menu.focus();
  await page.keyboard.press("ArrowDown"); // the closed menu selects the next example
  await stage(page).getByText("The inputs of f").waitFor();
  await page.waitForFunction(() => location.hash.includes("example=bias") && document.activeElement?.matches("select"));
  await page.keyboard.press("ArrowRight");
  await stage(page).getByText("#1 matmul").waitFor();
  expect(await menu.inputValue()).toBe("bias");
});

test("the graph draws an edge for each input, two for mul(x, x)", { tags: "soak" }, async () => {
  const page = await visit(withProgram("record((x: Tensor) => mul(x, x), tensor(2));"));
  await page.locator(".graph .edge").first().waitFor();
  const paths = await page.locator(".graph .edge").evaluateAll((all) => all.map((each) => each.getAttribute("d")));
  expect(new Set(paths).size).toBe(2);
});

test("a tensor chosen in list or graph is highlighted in both, with value and cotangent", {
  tags: "soak",
}, async () => {
  const page = await visit("#/tape?example=reuse&at=9");
  await page.locator(".graph .node", { hasText: "#2 exp" }).click();
  expect(await row(page, "#2").getAttribute("class")).toContain("looked");
  const look = page.getByRole("region", { name: "Tensor #2" });
  expect(await look.locator("table").count()).toBe(2);
  await row(page, "#3").click();
  await page.getByRole("region", { name: "Tensor #3" }).waitFor();
  expect(await page.locator(".graph .node.looked").textContent()).toContain("#3 mul");
  await page.locator("body").press("Escape");
  await page.locator(".graph .node.looked").waitFor({ state: "detached" });
  // Opens the details of a tensor on the page with only the keyboard.
  await row(page, "#3").focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await page.getByRole("region", { name: "Tensor #2" }).waitFor();
});

test("the tape of the gradient has a sweep too: second derivatives", async () => {
  const page = await visit(withProgram("record((x: Tensor) => mul(mul(x, x), x), tensor(2));"));
  await row(page, "x").waitFor();
  await page.locator("body").press("End");
  expect(await cell(page, "x", "cotangent")).toBe("12"); // the derivative 3 x² at x = 2
  await page.getByRole("button", { name: "its gradient" }).click();
  await page.locator(".list tr.of-first-sweep").first().waitFor();
  await page.locator("body").press("End");
  expect(await cell(page, "x", "cotangent")).toBe("12"); // the second derivative 6 x at x = 2
  await page.goBack();
  await page.locator(".list tr.of-first-sweep").first().waitFor({ state: "detached" });
});

test("tangents: forward mode ends with the tangent that jvp returns, for the input that the reader selects", async () => {
  const x = tensor([[1, -2], [0.5, 1], [-1, 0.3]]); // biome-ignore format: a matrix
  const f = (W: Tensor, b: Tensor) => sum(tanh(add(matmul(x, W), b)));
  const args = [tensor([[0.4, -0.6, 0.1], [0.2, 0.5, -0.3]]), tensor([0.1, 0, -0.1])] as const; // biome-ignore format: a matrix
  const along = (w: number, b: number) => short(jvp(f, [...args], [full([2, 3], w), full([3], b)]).tangent.item(), 3);
  const page = await visit("#/tape?example=bias&at=2", { viewport: { width: 390, height: 844 } });
  await row(page, "#4").waitFor();
  await page.locator("body").press("t");
  await stage(page).getByText("The tangent of W is ones, and the tangent of each other input is zeros.").waitFor();
  expect(await page.getByRole("button", { name: "tangents", exact: true }).getAttribute("aria-pressed")).toBe("true");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await stage(page).getByText("#2 add").waitFor();
  expect(await stage(page).locator(".tangent-formula annotation").textContent()).toBe(
    "\\dot y = {\\dot a} + {\\dot b}",
  );
  expect(await stage(page).locator(".pair").count()).toBe(3);
  expect(await cell(page, "#3", "tangent")).toBe("");
  expect(await violations(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  await page.keyboard.press("End");
  await stage(page).getByText("one pass per input").waitFor();
  await stage(page).getByText("9 input numbers and 1 output number").waitFor();
  expect(await cell(page, "#4", "tangent")).toBe(along(1, 0));
  await page.getByRole("combobox", { name: "Input whose tangent is ones" }).selectOption("b");
  await page.waitForFunction(() => location.hash.includes("along=1"));
  await page.locator(".list td.tangent", { hasText: along(0, 1) }).waitFor();
  await page.keyboard.press("t");
  await stage(page).getByText("Values flow forward").waitFor();
  expect(await page.locator(".list th.of-sweep").textContent()).toBe("cotangent");
});

test("the body of a loop opens below its step, with the names and shapes that explain prints", {
  tags: "soak",
}, async () => {
  const page = await visit("#/tape?example=scan", { viewport: { width: 390, height: 844 } });
  const body = page.locator(".list .body-row");
  const button = page.getByRole("button", { name: "Body of #1 scan" });
  expect((await row(page, "#1").locator("td.op").textContent())!.trim()).toBe("scan 8 ×{ … } reverse=true");
  expect(await button.getAttribute("aria-expanded")).toBe("false");
  await page.locator("body").press("o");
  await body.first().waitFor();
  expect(await button.getAttribute("aria-expanded")).toBe("true");
  const cells = await body.evaluateAll((all) => all.map((each) => [...each.children].map((cell) => cell.textContent)));
  expect(cells.map(([number, op, inputs, shape]) => [number, op, inputs, shape].join("|"))).toEqual([
    "body|carry||scalar",
    "body|x||scalar",
    "#1.1|mul|carry, z|scalar",
    "#1.2|add|#1.1, x|scalar",
    "body|} returns|#1.2, carry|",
  ]);
  expect(await violations(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  await page.waitForFunction(() => location.hash.includes("open=0"));
  await page.locator("body").press("End");
  expect(await cell(page, "z", "cotangent")).toBe(short(Math.exp(0.5), 3));
  await button.focus();
  await page.keyboard.press("Enter");
  await body.first().waitFor({ state: "detached" });
});

test("an edited program runs after a pause, shows the line of an error, and is kept in the address", async () => {
  const page = await visit("#/tape?example=product");
  await row(page, "#3").waitFor();
  await page.locator("body").press("e");
  const text = page.getByRole("textbox");
  await text.waitFor();
  await text.press("Control+End");
  await page.keyboard.type("record((z: Tensor) => mul(z, oops), tensor(4));");
  await page.getByRole("alert").getByText("oops is not defined").waitFor();
  expect(await page.locator(".failed-line").textContent()).toContain("oops");
  for (let i = 0; i < ", oops), tensor(4));".length; i++) await page.keyboard.press("Backspace");
  await page.keyboard.type(", z), tensor(4));");
  await page.getByRole("alert").waitFor({ state: "detached" });
  await row(page, "z").waitFor();
  expect(await page.getByRole("combobox", { name: "recording" }).inputValue()).toBe("1");
  await page.waitForFunction(() => location.hash.includes("code="));
  await page.reload();
  await row(page, "z").waitFor();
  expect(await violations(page)).toEqual([]);
});

test("a completion shows signature and formula and imports the name", { tags: "soak" }, async () => {
  const page = await visit("#/tape?example=product");
  await row(page, "#3").waitFor();
  await page.locator("body").press("e");
  await page.getByRole("textbox").press("Control+End");
  await page.keyboard.type("softm");
  const option = page.locator(".cm-tooltip-autocomplete li").first();
  await option.waitFor();
  expect(await option.textContent()).toBe("softmax(x, { axis?, where? })");
  await page.getByText("s = softmax(x) along `axis`").first().waitFor();
  // The completion list ignores keys that are pressed right after it opens, so the test waits.
  await page.waitForTimeout(500);
  await page.keyboard.press("Enter");
  const lines = page.locator(".cm-line");
  expect(await lines.nth(1).textContent()).toBe('import { add, mul, sin, softmax } from "@wengert/ops";');
  expect(await lines.last().textContent()).toBe("softmax");
});

test("a list of 5,000 steps can be stepped through, and only its visible part is drawn", { tags: "soak" }, async () => {
  const body =
    "record((x: Tensor) => { let y = x; for (let i = 0; i < 2500; i++) y = sin(add(y, x)); return y; }, tensor(1));";
  const page = await visit(withProgram(body));
  await row(page, "#1").waitFor();
  await page.locator("body").press("s");
  await row(page, "#5000").waitFor();
  for (let i = 0; i < 50; i++) await page.locator("body").press("ArrowRight");
  await stage(page).getByText("#4951 add").waitFor();
  expect(await page.locator(".list tbody tr").count()).toBeLessThan(60);
  expect(await page.locator(".graph .node").count()).toBeLessThan(200);
  await page.locator("body").press("End");
  await stage(page).getByText("The result: the gradient").waitFor();
});

test.each(sampled(["at=-5&look=999999&of=77&order=9", "example=none&code=%%%&at=1e9", "code=AAAA&at=x"], 3))(
  "a list is shown for any address: %s",
  async (fields) => {
    const page = await visit(`#/tape?${fields}`);
    await row(page, "#1").waitFor();
    await stage(page).getByText("The inputs of f").waitFor();
  },
);

test("axe finds no violations at a step, at a pull, and with an open tensor", { tags: "soak" }, async () => {
  const page = await visit("#/tape?example=attention&at=9&look=3");
  await stage(page).getByText("#9").first().waitFor();
  expect(await violations(page)).toEqual([]);
  for (let i = 0; i < 5; i++) await page.locator("body").press("ArrowRight");
  await page.locator(".stage .badge.backward").waitFor();
  await page.emulateMedia({ colorScheme: "dark" });
  expect(await violations(page)).toEqual([]);
});
