import * as core from "@wengert/core";
import { grad, ones, type Tensor, zeros } from "@wengert/core";
import * as ops from "@wengert/ops";
import { exp, matmul, mul, sum } from "@wengert/ops";
import { describe, expect, test as plain } from "vitest";
import { allExamples } from "../build/examples.ts";
import { planOf } from "../src/sandbox/plans.ts";
import type { Planned } from "../src/sandbox/protocol.ts";
import { test, violations, visit } from "./support.ts";

/** Runs a program, and returns the plans of the functions that it records. */
function plansOf(javascript: string): Planned[] {
  const plans: Planned[] = [];
  const record = (f: (...args: readonly unknown[]) => unknown, ...args: readonly unknown[]) => {
    const made = core.record(f as (...args: readonly Tensor[]) => Tensor, ...(args as Tensor[]));
    const plan = planOf(
      f,
      args,
      made.inputs.map(({ label }) => label ?? ""),
    );
    if (!("failure" in plan)) plans.push(plan);
    else throw new Error(plan.failure.message);
    return made;
  };
  const modules: Record<string, object> = { "@wengert/core": { ...core, record }, "@wengert/ops": ops };
  const names = ["require", "exports", "console"];
  new Function(...names, javascript)((name: string) => modules[name], {}, { log: () => {} });
  return plans;
}

describe("a plan", () => {
  plain("says which pass drops each step, and which instruction computes each other step", () => {
    const loss = (w: Tensor, x: Tensor, y: Tensor) => sum(mul(exp(matmul(x, w)), mul(exp(matmul(x, w)), y)));
    const slope = (w: Tensor, x: Tensor, y: Tensor) => grad((v: Tensor) => loss(v, x, y))(w);
    const args = [zeros([2]), ones([3, 2]), ones([3])];
    const plan = planOf(slope as never, args, ["w", "x", "y"]) as Planned;
    const of = (row: Planned["rows"][number]) =>
      row.dropped !== undefined ? plan.passes[row.dropped]![0] : row.isView ? "view" : row.instruction;
    expect(plan.passes.map(([, steps]) => steps)).toEqual([20, 20, 20, 17, 9]);
    expect(plan.rows.map(of)).toEqual(
      ["identities", 0, 1, ...Array(2).fill("duplicate steps"), 1, "identities", "identities", "duplicate steps", 1, "view", "view", 2, "view", ...Array(5).fill("duplicate steps"), 3], // biome-ignore format: a list
    );
    expect(plan.rows[1]!.inputs).toEqual(["x, #1", "x, #1", "x, #1", "x, w", "x, w"]);
    expect(plan.outputs).toEqual(Array(5).fill("#20"));
    const held = plan.buffers.flatMap(({ names }) => names);
    expect(held).toEqual(expect.arrayContaining(["w", "x", "y", "#2", "#20"]));
    for (const { names, inputs, steps, kind, isResult, address, bytes, first, last } of plan.buffers) {
      expect(names).toEqual([...inputs.map((i) => plan.inputs[i]!.name), ...steps.map((i) => plan.rows[i]!.number)]);
      expect(kind).toBe(inputs.length > 0 ? "input" : "value");
      expect(isResult).toBe(names.includes("#20"));
      expect(address + bytes).toBeLessThanOrEqual(plan.bytes);
      for (const i of steps.filter((each) => !plan.rows[each]!.isView)) expect(plan.rows[i]!.instruction).toBe(first);
      expect(last).toBeLessThan(plan.instructions.length);
    }
  });

  plain("of a function that reads values is the error of the compiler", () => {
    const plan = planOf(((x: Tensor) => mul(x, x.item())) as never, [ones([])], ["x"]);
    expect(plan).toMatchObject({ failure: { name: "TracedValueError" } });
  });

  const examples = allExamples().filter(({ kind, name }) => kind !== "exercise" && name !== "wrong" && name !== "nan");
  plain.each(examples)("of $name has an instruction for each remaining step, except views", ({ javascript }) => {
    const plans = plansOf(javascript);
    expect(plans.length).toBeGreaterThan(0);
    for (const { rows, instructions, passes, bytes } of plans) {
      expect(passes[0]![1]).toBeGreaterThanOrEqual(rows.length);
      const kept = rows.filter(({ dropped, isView }) => dropped === undefined && !isView);
      for (const { op, number, instruction } of kept) expect(instruction, `${number} ${op}`).toBeDefined();
      expect(bytes > 0 || kept.length === 0).toBe(true);
      if (rows.length === passes[0]![1])
        expect(new Set(kept.map(({ instruction }) => instruction)).size).toBe(instructions.length);
    }
  });
});

test("the view compiled shows the list after each pass, its instructions and its memory, also on a phone", async () => {
  const page = await visit("#/tape?example=newton", { viewport: { width: 390, height: 844 } });
  await page.locator(".list tbody tr").first().waitFor();
  const scripts = () =>
    page.evaluate(() =>
      performance
        .getEntriesByType("resource")
        .map(({ name }) => name)
        .join(),
    );
  expect(await scripts()).not.toMatch(/sandbox-whole/);
  await page.locator("body").press("c");
  const view = page.getByRole("region", { name: "The compiled list" });
  await view.getByText("5 steps become 1 instruction.").waitFor();
  expect(await view.locator("tr.gone th del").allInnerTexts()).toHaveLength(3);
  expect(await view.locator(".instructions li").allTextContents()).toEqual([
    "loop over [2] float64: exp, mul, mul, mul, accumulate",
  ]);
  expect(await view.locator(".made-by").count()).toBe(5);
  await page.getByRole("button", { name: "∇f, its gradient" }).click();
  const memory = view.getByRole("toolbar", { name: /buffers in/ });
  await memory.locator(".cotangent").first().waitFor();
  await memory.getByRole("button").first().focus();
  await page.keyboard.press("ArrowRight");
  const words = await memory.locator(":focus").getAttribute("aria-label");
  expect(words).toMatch(/^\S+, an? \w+: \d+ bytes at address \d+, needed in instruction 1\./);
  expect(await view.locator(".buffer-words").textContent()).toBe(words);
  await memory.locator(".cotangent").first().focus();
  expect(await view.locator("tr.pointed").count()).toBeGreaterThan(0);
  await view.locator("tbody tr").first().hover();
  expect(await memory.locator(".linked.input").count()).toBe(1);
  await page.getByRole("button", { name: "f", exact: true }).click();
  await view.getByText("5 steps become 1 instruction.").waitFor();
  expect(await violations(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  await view.getByRole("button", { name: "constant steps" }).click();
  await view.getByText("Here: none.").waitFor();
  expect(await view.locator("tr.gone").count()).toBe(0);
  await view.getByRole("button", { name: "identities" }).click();
  await view.getByText("Here: 3.").waitFor();
  await page.waitForFunction(() => location.hash.includes("pass=3"));
  await page.reload();
  await view.locator("tr.gone").nth(2).waitFor();
  await page.getByRole("combobox", { name: "Example" }).selectOption("scan"); // the view stays for the next program
  await view.locator("th", { hasText: "scan" }).waitFor();
  await page.locator("body").press("c");
  await page.locator(".list tbody tr").first().waitFor();
});
