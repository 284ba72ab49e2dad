import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import { test, violations, visit } from "./support.ts";

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const standing = (page: Page, name: string) =>
  page.getByRole("region", { name: "Training" }).locator("dl > div").filter({ hasText: name }).locator("dd");
const stepOf = async (page: Page) => Number((await standing(page, "Step").textContent())!.replaceAll(",", ""));
const percentOf = async (page: Page, name: string) => Number.parseFloat((await standing(page, name).textContent())!);
const marks = (page: Page) => page.locator(".plane .marks path");
const plane = (page: Page) => page.getByRole("application", { name: "The plane" });

/** Waits for the fit to be so good, which is a matter of its steps, not of time. */
async function trainUntil(page: Page, accuracy: number, name = "Training"): Promise<void> {
  await button(page, "Train").click();
  await expect.poll(() => percentOf(page, name), { timeout: 40_000 }).toBeGreaterThanOrEqual(accuracy);
  await button(page, "Pause").click();
  await button(page, "Train").waitFor();
}

/** The place of a point of the plane in the window. */
async function at(page: Page, x: number, y: number): Promise<{ x: number; y: number }> {
  const box = (await page.locator(".plane svg").boundingBox())!;
  return { x: box.x + (box.width * (x + 3)) / 6, y: box.y + (box.height * (3 - y)) / 6 };
}

describe("points", () => {
  test("are fitted by training, step by step, paused and reset", async () => {
    const page = await visit("#/fit");
    await expect.poll(() => standing(page, "Training").textContent()).toContain("loss 1.10"); // log 3
    await button(page, "Step").click();
    await expect.poll(() => stepOf(page)).toBe(1);
    await page.locator("body").press("s");
    await expect.poll(() => stepOf(page)).toBe(2);
    await trainUntil(page, 97);
    const stopped = await stepOf(page);
    await page.waitForTimeout(300);
    expect(await stepOf(page)).toBe(stopped);
    await page.locator("body").press(" ");
    await expect.poll(() => stepOf(page)).toBeGreaterThan(stopped);
    await page.locator("body").press(" ");
    await button(page, "Reset").click();
    await expect.poll(() => stepOf(page)).toBe(0);
    await expect.poll(() => standing(page, "Training").textContent()).toContain("loss 1.10");
  });

  test("that no line tells apart need hidden units", async () => {
    const page = await visit("#/fit?set=xor&held=0&speed=0");
    await button(page, "Train").click();
    await expect.poll(() => stepOf(page)).toBeGreaterThan(500);
    expect(await percentOf(page, "Training")).toBeLessThan(75);
    await page.getByRole("combobox", { name: "Hidden units" }).selectOption("16");
    await expect.poll(() => percentOf(page, "Training"), { timeout: 40_000 }).toBeGreaterThan(97);
  });

  test("are added, dragged and erased by pointer; the back button undoes; the address keeps them", async () => {
    const page = await visit("#/fit?set=empty");
    await plane(page).waitFor();
    expect(await button(page, "Train").isDisabled()).toBe(true);
    for (const [x, y] of [[-1, 0], [-2, 1]] as const) await page.mouse.click(...spread(await at(page, x, y))); // biome-ignore format: points
    await button(page, "Class B").click();
    await page.mouse.click(...spread(await at(page, 1, 0)));
    await expect.poll(() => marks(page).count()).toBe(3);
    const from = await at(page, 1, 0);
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(...spread(await at(page, 1.5, -1)), { steps: 5 });
    await page.mouse.up();
    const moved = await marks(page).last().getAttribute("transform");
    expect(moved).toMatch(/^translate\(4(49|5\d) (399|40\d)\)$/);
    await page.reload();
    await expect.poll(() => marks(page).count()).toBe(3);
    expect(await marks(page).last().getAttribute("transform")).toBe(moved);
    await button(page, "Erase").click();
    await page.mouse.click(...spread(await at(page, -1, 0)));
    await expect.poll(() => marks(page).count()).toBe(2);
    await page.goBack();
    await expect.poll(() => marks(page).count()).toBe(3);
    await trainUntil(page, 100);
  });

  test("are added, moved and deleted by keys alone", async () => {
    const page = await visit("#/fit?set=empty");
    await plane(page).focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("b");
    for (let i = 0; i < 5; i++) await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await expect.poll(() => marks(page).count()).toBe(2);
    expect(await marks(page).last().getAttribute("transform")).toBe("translate(350 300)");
    await page.keyboard.press("Enter"); // takes it
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await page.getByText("Put down at 0.5, 0.1.").waitFor({ state: "attached" });
    expect(await marks(page).last().getAttribute("transform")).toBe("translate(350 290)");
    await page.keyboard.press("[");
    await page.keyboard.press("Delete");
    await expect.poll(() => marks(page).count()).toBe(1);
  });

  test("that are moved while a model is fitted to them keep its parameters", async () => {
    const page = await visit("#/fit");
    await trainUntil(page, 97);
    const before = await stepOf(page);
    await page.mouse.click(...spread(await at(page, -2.5, 2.5)));
    await expect.poll(() => marks(page).count()).toBe(151);
    expect(await stepOf(page)).toBe(before);
  });
});

test("a fit that diverges says so, and stops", async () => {
  const page = await visit("#/fit?set=spiral&hidden=32&rate=100&speed=0");
  await button(page, "Train").click();
  const alert = page.getByRole("alert");
  expect(await alert.textContent()).toMatch(/Training stopped: the loss is (NaN|Infinity) after step \d+\..*smaller/s);
  await button(page, "Train").waitFor();
  await button(page, "Reset").click();
  await alert.waitFor({ state: "detached" });
});

test.each(["set=none&hidden=-1&rate=x&batch=1.5", "points=%%%", "data=cake&seed=1e99&held=95&view=7"])(
  "whatever the address holds, there is a fit: %s",
  async (fields) => {
    const page = await visit(`#/fit?${fields}`);
    await button(page, "Step").click();
    await expect.poll(() => stepOf(page)).toBe(1);
  },
);

test("axe finds nothing in a fit of points, in both schemes and at 360 px", async () => {
  const page = await visit("#/fit?hidden=8");
  await trainUntil(page, 90);
  expect(await violations(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize({ width: 360, height: 740 });
  expect(await violations(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
});

const spread = ({ x, y }: { x: number; y: number }): [number, number] => [x, y];
