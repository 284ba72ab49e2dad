import { decode } from "fast-png";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { sampled, site, test, violations, visit } from "./support.ts";

const slide = { viewport: { width: 640, height: 400 } };

const embedded = [
  ["?embed=1#/tape?example=bias&at=8", ["Step", "List", "Graph", "Program"]],
  ["?embed=1#/tape?example=bias&view=compiled&order=2", ["List", "Memory", "Graph", "Program"]],
  ["#/softmax?part=pullback&stage=2&embed=1", ["Part", "Logits"]],
  ["?embed=1#/fit?set=moons", ["Training", "Settings", "Results", "Network", "Loss"]],
] as const;

test.each(sampled(embedded, 4))(
  "an embedded page has no header, fits 640 × 400, and shows its panes: %s",
  async (address, panes) => {
    const page = await visit(address, slide);
    const choice = page.getByRole("group", { name: "Part of the page" });
    await choice.waitFor();
    expect(await page.locator("header nav").count()).toBe(0);
    expect(await choice.getByRole("button").allTextContents()).toEqual(panes);
    for (const pane of panes) {
      await choice.getByRole("button", { name: pane }).click();
      expect(await choice.locator("[aria-pressed=true]").textContent()).toBe(pane);
      expect(await violations(page)).toEqual([]);
      const size = await page.evaluate(() => {
        const { scrollWidth, scrollHeight } = document.documentElement;
        return [scrollWidth, scrollHeight, document.getElementById("room")!.scrollWidth];
      });
      expect(size, pane).toEqual([640, 400, 640]);
    }
    const whole = await page.getByRole("link", { name: "Open in the explorer" }).getAttribute("href");
    expect(whole).not.toContain("embed");
    expect(whole).toContain(`pane=${panes.at(-1)!.toLowerCase()}`);
    await page.waitForFunction((name) => location.hash.includes(`pane=${name}`), panes.at(-1)!.toLowerCase());
    await page.reload();
    await choice.waitFor(); // the address keeps the page embedded
    expect(await page.locator("header nav").count()).toBe(0);
  },
);

const saved = async (page: Page, kind: "SVG" | "PNG"): Promise<{ name: string; bytes: Buffer }> => {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: `Save as ${kind}` }).click(),
  ]);
  const chunks: Buffer[] = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
  return { name: download.suggestedFilename(), bytes: Buffer.concat(chunks) };
};

test("a reader copies the link and the embed code, saves figures as SVG and PNG, and resets the page", async () => {
  const page = await visit("#/tape?example=bias&at=8", { permissions: ["clipboard-read", "clipboard-write"] });
  await page.getByText("b was broadcast along axis 0").waitFor();
  await page.locator(".stage .rule .katex").nth(1).waitFor();
  await page.locator(".graph .node").first().waitFor();
  await page.getByRole("button", { name: "Share" }).click();
  const dialog = page.getByRole("dialog", { name: "Share" });
  const copied = async (label: RegExp) => {
    await dialog.getByRole("button", { name: label }).click();
    await dialog.getByText("Copied.").waitFor();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  expect(await copied(/Copy: Link/)).toBe(`${site}#/tape?example=bias&at=8`);
  const code = await copied(/Copy: Code/);
  expect(code).toContain(`<iframe src="${site}?embed=1#/tape?example=bias&amp;at=8"`);
  expect(code).toContain('width="640" height="400"');
  expect(await violations(page)).toEqual([]);
  const figures = dialog.getByRole("combobox", { name: "Figure" });
  expect(await figures.locator("option").allTextContents()).toEqual(["The graph", "The list", "The step"]);

  await figures.selectOption("The step");
  const svg = await saved(page, "SVG");
  expect(svg.name).toBe("the-step.svg");
  const texts = await page.evaluate((source) => {
    const file = new DOMParser().parseFromString(source, "image/svg+xml");
    return [...file.querySelectorAll("parsererror, text")].map((each) => each.textContent);
  }, svg.bytes.toString());
  for (const text of ["The rule", "0.990", "2.721", "to "]) expect(texts).toContain(text);
  expect(texts.filter((text) => text === "0.990")).toHaveLength(3); // in g and twice as a contribution

  await figures.selectOption("The graph");
  expect((await saved(page, "SVG")).bytes.toString()).toContain(">#2 add</text>");
  const png = await saved(page, "PNG");
  const { width, height, data, channels } = decode(png.bytes);
  expect(width).toBeGreaterThan(200);
  const pixels = new Set(
    Array.from({ length: width * height }, (_, i) => String(data.slice(channels * i, channels * (i + 1)))),
  );
  expect(pixels.size).toBeGreaterThan(20); // boxes, edges and the gray levels of letters

  await dialog.getByRole("button", { name: "Reset this page" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.waitForFunction(() => location.hash === "#/tape");
});
