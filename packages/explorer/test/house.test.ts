import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect } from "vitest";
import { test, violations, visit } from "./support.ts";

const rooms = ["tape", "softmax", "fit"];

test.each(rooms)("%s is reached by its address, fits 360 px, and axe finds nothing in light and dark", async (room) => {
  const page = await visit(`#/${room}`, { colorScheme: "light" });
  await page.locator("main h1").waitFor();
  await page.waitForLoadState("networkidle");
  expect(await violations(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize({ width: 360, height: 740 });
  expect(await violations(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
});

test("the back button goes from room to room", async () => {
  const page = await visit();
  for (const title of ["Softmax", "Fit"]) {
    await page.getByRole("link", { name: title }).click();
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
  }
  await page.goBack();
  await page.getByRole("heading", { level: 1, name: "Softmax" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { level: 1, name: "Tape" }).waitFor();
});

test("keys lead to the rooms, and a list tells them", async () => {
  const page = await visit();
  await page.locator("main h1").waitFor();
  await page.keyboard.press("2");
  await page.getByRole("heading", { level: 1, name: "Softmax" }).waitFor();
  await page.keyboard.press("?");
  const list = page.getByRole("dialog", { name: "Keys" });
  expect(await list.textContent()).toContain("go to Fit");
  await page.keyboard.press("Escape");
  expect(await list.isVisible()).toBe(false);
});

test("the switch of colours is remembered", async () => {
  const page = await visit("", { colorScheme: "light" });
  const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await paper();
  await page.getByRole("button", { name: "Switch to dark colours" }).click();
  const dark = await paper();
  expect(dark).not.toBe(light);
  await page.reload();
  await page.getByRole("button", { name: "Switch to light colours" }).waitFor();
  expect(await paper()).toBe(dark);
});

test("works without a network once it is loaded", async () => {
  const page = await visit("#/softmax");
  await page.locator("main h1").waitFor();
  await page.waitForLoadState("networkidle");
  await page.context().setOffline(true);
  await page.getByRole("slider").first().press("ArrowRight");
  await page.waitForFunction(() => location.hash.includes("x="));
});

test("a room is loaded with less than 400 kB", async () => {
  const assets = new URL("../dist/assets/", import.meta.url);
  const sizes = new Map(
    readdirSync(assets).map((name) => [name, gzipSync(readFileSync(new URL(name, assets))).byteLength]),
  );
  for (const room of rooms) {
    const page = await visit(`#/${room}`);
    await page.locator("main h1").waitFor();
    await page.waitForLoadState("networkidle");
    const loaded = await page.evaluate(() =>
      performance.getEntriesByType("resource").map(({ name }) => name.split("/").at(-1)!),
    );
    const total = loaded.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
    expect(total).toBeGreaterThan(50_000);
    expect(total, `${room}: ${loaded.join(" ")}`).toBeLessThan(400_000);
  }
});
