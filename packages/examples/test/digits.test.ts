import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Tensor } from "@wengert/core";
import { accuracy, load } from "@wengert/train";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import digits from "../src/digits/main.ts";
import { digitsIn, pixelsPerImage, readDigits } from "../src/shared/mnist.ts";
import { InputError } from "../src/shared/options.ts";
import { expectSelfContained } from "./support.ts";

const out = mkdtempSync(join(tmpdir(), "wengert-digits-"));
const small = ["--limit", "2000", "--epochs", "1", "--out", out];
const printed: string[] = [];

beforeEach(() => {
  printed.length = 0;
  vi.spyOn(console, "log").mockImplementation((line) => void printed.push(line));
  vi.spyOn(process.stdout, "write").mockReturnValue(true);
});
afterAll(() => rmSync(out, { recursive: true }));

const accuracyOf = (run: Awaited<ReturnType<typeof digits.run>>) =>
  run.fit.history.validation.at(-1)!.metrics.accuracy!;
const lossOf = (run: Awaited<ReturnType<typeof digits.run>>) => run.fit.history.validation[0]!.loss;

describe("the fit", () => {
  test("learns from 2,000 images in one epoch, and prints its accuracy", async () => {
    const run = await digits.run(small);
    expect(accuracyOf(run)).toBeGreaterThan(0.8);
    expect(printed.join("\n")).toMatch(/^test accuracy 8\d\.\d\d %$/m);
    expect(run.fit).toMatchObject({ parameters: 7850, images: 2000, steps: 32, stopped: false });
  });

  test("gives the same page for the same seed, and a different page for a different seed", {
    tags: "soak",
  }, async () => {
    const pages = [];
    for (const seed of ["7", "7", "8"]) {
      pages.push(readFileSync((await digits.run([...small, "--seed", seed])).file, "utf8"));
    }
    expect(pages[1]).toBe(pages[0]);
    expect(pages[2]).not.toBe(pages[0]);
  });

  test("reaches nearly the same accuracy in float64, and a higher one with a hidden layer", {
    tags: "soak",
  }, async () => {
    const [single, double, hidden] = [
      await digits.run(small),
      await digits.run([...small, "--dtype", "float64"]),
      await digits.run([...small, "--epochs", "4", "--hidden", "24"]),
    ];
    expect(lossOf(double)).toBeCloseTo(lossOf(single), 5);
    expect(lossOf(double)).not.toBe(lossOf(single));
    expect(accuracyOf(hidden)).toBeGreaterThan(accuracyOf(single));
    expect(hidden.fit).toMatchObject({
      parameters: 785 * 24 + 25 * 10,
      command: expect.stringContaining("--hidden 24"),
    });
  });

  test("stops after a step when the signal is aborted, and writes a report", async () => {
    const controller = new AbortController();
    vi.spyOn(process.stdout, "write").mockImplementation(() => {
      controller.abort(); // at the first line of progress
      return true;
    });
    const run = await digits.run(small, controller.signal);
    expect(run.fit).toMatchObject({ steps: 4, stopped: true });
    expect(printed.at(-2)).toMatch(/^test accuracy \d+\.\d\d %, stopped after 256 of 2,000 images\nreport /);
    expect(printed.at(-1)).toBe(`resume from ${join(out, "checkpoint.safetensors")} with --resume`);
    expect(readFileSync(run.file, "utf8")).toContain("stopped early");
  });

  test("writes a report if it is stopped before its first step", { tags: "soak" }, async () => {
    const run = await digits.run(small, AbortSignal.abort());
    expect(run.fit).toMatchObject({ steps: 0, stopped: true });
    expect(lossOf(run)).toBeCloseTo(Math.log(10), 6);
  });

  test("by Adam differs from SGD, and the report names it", { tags: "soak" }, async () => {
    const [plain, adam] = [await digits.run(small), await digits.run([...small, "--optimizer", "adam"])];
    expect(accuracyOf(adam)).toBeGreaterThan(0.7);
    expect(lossOf(adam)).not.toBe(lossOf(plain));
    expect(adam.fit.command).toContain("--optimizer adam");
    expect(readFileSync(adam.file, "utf8")).toContain("fitted to handwritten digits by Adam.");
  });

  test("ends with advice if the rate is too high", { tags: "soak" }, async () => {
    const run = digits.run([...small, "--rate", "1e38"]);
    await expect(run).rejects.toThrow(/ (at|after) step \d+.*; use a smaller --rate\.$/);
  });
});

describe("the report", () => {
  test("has all its parts, is self-contained without scripts, and leaves no temporary file", async () => {
    const { file, fit } = await digits.run(small);
    const page = readFileSync(file, "utf8");
    const count = (pattern: RegExp) => page.match(pattern)?.length ?? 0;
    expect(count(/src="data:image\/png;base64,/g)).toBe(10 + 12); // images of the weights and of mistakes
    expect(page).toContain("</i>test</span>"); // the legend of the learning curves
    expect(page).not.toContain("validation");
    expect(page).toMatch(/<pre[^>]*>[^<]*matmul[^<]*crossEntropyPullback/);
    expectSelfContained(file, 4); // plots of loss, accuracy, confusion and calibration
    expect(fit.test.images.shape).toEqual([10_000, 28, 28]);
    const right = accuracy(fit.test.scores, fit.test.labels);
    expect(right).toBe(fit.history.validation.at(-1)!.metrics.accuracy);
    expect(page).toContain(`${(100 * right).toFixed(2)} %`);
    expect(readdirSync(out).sort()).toEqual(["checkpoint.safetensors", "index.html"]);
  });
});

describe("reading the digits", () => {
  test("returns 60,000 and 10,000 images between 0 and 1, with labels", async () => {
    const train = await readDigits("train", { dtype: "float32", limit: 100 });
    const test = await readDigits("t10k", { dtype: "float64" });
    expect([train.count, train.labels.length, train.pixels.length]).toEqual([100, 100, 100 * pixelsPerImage]);
    expect([test.count, test.pixels.constructor]).toEqual([10_000, Float64Array]);
    expect([...train.labels.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
    expect(new Set(test.labels).size).toBe(10);
    expect(Array.from(test.pixels).reduce((most, x) => Math.max(most, x))).toBe(1);
  });

  const idx = (sizes: readonly number[], bytes: ArrayLike<number>) =>
    Uint8Array.of(0, 0, 8, sizes.length, ...sizes.flatMap((n) => [0, 0, 0, n]), ...Array.from(bytes));
  const two = idx([2, 28, 28], new Uint8Array(2 * pixelsPerImage));
  test.each([
    ["a file is cut off", two, idx([2], [7]), /^readIdx: the data declares 2 uint8 \(2 bytes\), got 1 byte/],
    [
      "images have another size",
      idx([2, 2, 2], new Uint8Array(8)),
      idx([2], [7, 7]),
      /^the images have shape \[2,2,2\]/,
    ],
    ["images have no labels", two, idx([1], [7]), /^the labels have shape \[1\], expected \[2\] for 2 images/],
    ["a label is not a digit", two, idx([2], [7, 10]), /^a label is out of range; expected 0 to 9/],
  ])("throws an InputError if %s", async (_, images, labels, message) => {
    const read = digitsIn(images, labels, { dtype: "float32" });
    await expect(read).rejects.toThrow(InputError);
    await expect(read).rejects.toThrow(message);
    await expect(read).rejects.toThrow(/delete node_modules/);
  });
});

describe("the options", () => {
  test.each([
    [["--epochs", "x"], '--epochs must be a whole number of at least 1, not "x".'],
    [["--batch", "0"], '--batch must be a whole number of at least 1, not "0".'],
    [["--rate", "-1"], '--rate must be a number above 0, not "-1".'],
    [["--rate="], '--rate must be a number above 0, not "".'],
    [["--dtype", "float16"], '--dtype must be float32 or float64, not "float16".'],
    [["--out", ""], '--out must be a path, not "".'],
    [["--seed"], "--seed needs a value: --seed VALUE."],
    [["--resume=yes"], '--resume must be given without a value, not "yes".'],
    [["--optimizer", "sdg"], '--optimizer must be sgd or adam, not "sdg".'],
  ])("%j throw an InputError", async (args, message) => {
    await expect(digits.run(args)).rejects.toThrow(new InputError(message));
  });

  test("that are unknown throw an error with the list of options", async () => {
    await expect(digits.run(["--epoch", "2"])).rejects.toThrow(/^unknown option --epoch; the options are --epochs, /);
    await expect(digits.run(["128"])).rejects.toThrow(/^"128" is not an option; /);
  });

  test("that npm consumed throw an error", async () => {
    vi.stubEnv("npm_config_epochs", "2");
    await expect(digits.run([])).rejects.toThrow(/^npm consumed --epochs; /);
    vi.unstubAllEnvs();
  });

  test("with an unwritable folder throw before the work begins", async () => {
    writeFileSync(join(out, "file"), "");
    await expect(digits.run(["--out", join(out, "file", "x")])).rejects.toThrow(/^cannot write into .*ENOTDIR/);
    rmSync(join(out, "file"));
  });
});

describe("the command", () => {
  const start = (...args: string[]) => {
    const main = fileURLToPath(new URL("../dist/digits/main.js", import.meta.url));
    const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    return { child, ended: new Promise<number | null>((resolve) => child.on("close", resolve)) };
  };

  test("explains its options", async () => {
    const { child, ended } = start("--help");
    expect(await text(child.stdout)).toMatch(/^digits: classifies.*--hidden N +units of a hidden relu layer/s);
    expect(await ended).toBe(0);
  });

  test("prints a mistake in one line", async () => {
    const { child, ended } = start("--batch", "none");
    expect(await text(child.stderr)).toBe('digits: --batch must be a whole number of at least 1, not "none".\n');
    expect(await ended).toBe(1);
  });

  test("writes a report and exits with status 130 at Ctrl-C", { tags: "soak" }, async () => {
    const { child, ended } = start("--limit", "3000", "--epochs", "1000", "--out", out);
    child.stdout.once("data", () => child.kill("SIGINT"));
    expect(await text(child.stdout)).toMatch(/^test accuracy \d+\.\d\d %, stopped after [\d,]+ of 3,000,000 images$/m);
    expect(await ended).toBe(130);
  });

  test("gives bit-identical parameters and pages after interruption and resume", { tags: "soak" }, async () => {
    const run = async (folder: string, interrupted: boolean, ...more: string[]) => {
      const settings = ["--limit", "2000", "--epochs", "20", "--hidden", "32", "--optimizer", "adam"];
      const { child, ended } = start(...settings, "--out", join(out, folder), ...more);
      let [printed, isDue] = ["", interrupted];
      child.stdout.on("data", (chunk) => {
        printed += chunk;
        if (isDue && / % .*loss/.test(printed)) isDue = !child.kill("SIGINT"); // once, after the first progress line
      });
      return { status: await ended, printed };
    };
    expect((await run("whole", false)).status).toBe(0);
    const seen: string[] = [];
    let status: number | null = 130;
    for (let tries = 0; tries < 4 && status === 130; tries++) {
      const part = await run("parts", tries < 3, ...(tries > 0 ? ["--resume"] : []));
      status = part.status;
      if (status === 130) seen.push(/stopped after ([\d,]+) of 40,000 images/.exec(part.printed)?.[1] ?? "never");
    }
    expect(status).toBe(0);
    expect(seen.length, "interruptions").toBeGreaterThan(0); // on a busy machine a signal may arrive after the end
    expect(new Set(["0", "never", "40,000", ...seen]).size).toBe(3 + seen.length);
    for (const file of ["checkpoint.safetensors", "index.html"]) {
      const [whole, parts] = ["whole", "parts"].map((folder) => readFileSync(join(out, folder, file)));
      expect(parts!.equals(whole!), file).toBe(true);
    }
    const params = async (folder: string) =>
      (await load(join(out, folder, "checkpoint.safetensors"))).tree as { params: { W: Tensor }[] };
    expect((await params("parts")).params[0]!.W.toNested()).toEqual((await params("whole")).params[0]!.W.toNested());
  });

  test("prints in one line why a checkpoint cannot be resumed", async () => {
    await expect(digits.run([...small, "--resume", "--checkpoint", join(out, "none")])).rejects.toThrow(
      /^\S+none cannot be read \(ENOENT/,
    );
    await digits.run(small);
    const other = digits.run([...small, "--resume", "--batch", "32"]);
    await expect(other).rejects.toThrow(/^the checkpoint .* was saved with size 64, got size 32; pass the same/);
    await expect(other).rejects.toThrow(InputError);
  });
});
