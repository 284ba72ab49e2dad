import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Tensor, tensor, treeMap } from "@wengert/core";
import { leaves } from "@wengert/core/extend";
import { gradcheck } from "@wengert/core/gradcheck";
import { add, gelu, kernels, mul, randomKey, randomNormal } from "@wengert/ops";
import { afterAll, describe, expect, test } from "vitest";
import { baselines } from "../src/shared/baselines.ts";
import { encode, mobyDick, readText } from "../src/shared/text.ts";
import { allWindows, randomWindows, type Windows } from "../src/shared/windows.ts";
import { habit, image } from "../src/transformer/heads.ts";
import { lossOf, lossOnAll } from "../src/transformer/learn.ts";
import transformer from "../src/transformer/main.ts";
import { initialModel, type Model, predict, type Size } from "../src/transformer/model.ts";
import { sample } from "../src/transformer/sample.ts";
import { expectReadable, expectRefusal, expectSelfContained, runQuietly } from "./support.ts";

const out = mkdtempSync(join(tmpdir(), "wengert-transformer-"));
afterAll(() => rmSync(out, { recursive: true }));

const book = readText(mobyDick, 65);
const beginning = join(out, "beginning.txt");
const characters = book.train.toNested<number[]>().map((code) => book.alphabet[code]!);
writeFileSync(beginning, characters.slice(0, 6000).join(""));

const size: Size = { characters: 7, places: 6, width: 8, layers: 2, dtype: "float64" };
const heads = 2;
/** Returns a model with large random weights, so that no layer is nearly linear and no gain or shift is 0 or 1. */
function somewhere(given: Partial<Size>, seed = 3): Model {
  const start = initialModel(randomKey(seed), { ...size, ...given });
  const matrices = treeMap((p) => (p.shape.length === 2 ? mul(p, 5 / Math.sqrt(p.shape[1]!)) : p), start);
  return treeMap(
    (p) => add(p, mul(0.2, randomNormal(randomKey(p.size), { shape: p.shape, dtype: p.dtype }))),
    matrices,
  );
}
const model = somewhere({});
const ints = (rows: readonly (readonly number[])[]) => tensor(rows as number[][], { dtype: "int32" });
const read = [
  [0, 3, 3, 6, 1, 2],
  [5, 5, 0, 4, 2, 6],
];
const windows: Windows = { read: ints(read), next: ints(read.map((row) => [...row.slice(1), 0])) };
const logitsOf = (model: Model, read: Tensor, heads: number) =>
  predict(model, read, heads).logits.toNested<number[][][]>();

describe("the model", () => {
  test.each(["float32", "float64"] as const)(
    "gives predictions in %s that do not depend on later characters, bit for bit",
    (dtype) => {
      const large = somewhere({ places: 40, width: 32, dtype });
      const row = Array.from({ length: 40 }, (_, i) => (i * i) % 7);
      const [as] = logitsOf(large, ints([row]), 4);
      for (let place = 0; place < 40; place++) {
        const [changed] = logitsOf(large, ints([row.with(place, (row[place]! + 1) % 7)]), 4);
        expect(changed!.slice(0, place)).toEqual(as!.slice(0, place));
        expect(changed![place]).not.toEqual(as![place]);
        expect(changed![39]).not.toEqual(as![39]);
      }
    },
  );

  test("agrees with loops over its formulas that visit only past positions", () => {
    const { logits, weights } = predict(model, windows.read, heads);
    read.forEach((row, b) => {
      const looped = byLoops(model, row, heads);
      logits.toNested<number[][][]>()[b]!.forEach((scores, t) => {
        scores.forEach((score, k) => {
          expect(score).toBeCloseTo(looped.logits[t]![k]!, 10);
        });
      });
      weights.forEach((W, layer) => {
        const found = W.toNested<number[][][][]>()[b]!;
        for (let h = 0; h < heads; h++) {
          for (let i = 0; i < row.length; i++) {
            const whole = [...looped.weights[layer]![h]![i]!, ...new Array<number>(row.length - 1 - i).fill(0)];
            whole.forEach((weight, j) => {
              expect(found[h]![i]![j]).toBeCloseTo(weight, 12);
            });
            expect(found[h]![i]!.slice(i + 1).every((weight) => weight === 0)).toBe(true);
          }
        }
      });
    });
  });

  test("accepts texts shorter than its context", () => {
    const [whole] = logitsOf(model, ints([read[0]!]), heads);
    const [part] = logitsOf(model, ints([read[0]!.slice(0, 4)]), heads);
    part!.flat().forEach((score, i) => {
      expect(score).toBeCloseTo(whole!.flat()[i]!, 12);
    });
  });

  test("has the gradient that finite differences give, in every parameter", () => {
    gradcheck((m: Model) => lossOf(m, windows, heads), [model], { order: 1, directions: 3 });
  });

  test("has the second derivatives that finite differences give", () => {
    const small = somewhere({ width: 4, layers: 1 });
    gradcheck((m: Model) => lossOf(m, windows, heads), [small], { order: 2, directions: 1 });
  });

  test("starts with nearly equal probabilities for all characters", () => {
    const loss = lossOf(initialModel(randomKey(1), size), windows, heads).item();
    expect(Math.abs(loss - Math.log(7))).toBeLessThan(0.05);
  });
});

/** Computes the transformer's results for one text with plain loops over past positions. */
function byLoops(model: Model, row: readonly number[], heads: number) {
  const rowsOf = (x: Tensor) => x.toNested<number[][]>();
  const listOf = (x: Tensor) => x.toNested<number[]>();
  const inner = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  const times = (x: readonly number[], W: Tensor) =>
    rowsOf(W)[0]!.map((_, j) =>
      inner(
        x,
        rowsOf(W).map((w) => w[j]!),
      ),
    );
  const plus = (a: readonly number[], b: readonly number[]) => a.map((x, i) => x + b[i]!);
  const norm = (x: readonly number[], { gain, shift }: Model["last"]) => {
    const mean = x.reduce((sum, v) => sum + v, 0) / x.length;
    const variance = x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.length;
    return x.map((v, i) => ((v - mean) / Math.sqrt(variance + 1e-5)) * listOf(gain)[i]! + listOf(shift)[i]!);
  };
  let X = row.map((code, t) => plus(rowsOf(model.characters)[code]!, rowsOf(model.places)[t]!));
  const weights: number[][][][] = [];
  for (const block of model.blocks) {
    const Y = X.map((x) => norm(x, block.before));
    const [Q, K, V] = [block.query, block.key, block.value].map((W) => Y.map((y) => times(y, W)));
    const d = Q![0]!.length / heads;
    const taken = X.map(() => [] as number[]);
    weights.push(
      Array.from({ length: heads }, (_, h) => {
        const part = (x: readonly number[]) => x.slice(h * d, (h + 1) * d);
        return X.map((_, i) => {
          const scores: number[] = [];
          for (let j = 0; j <= i; j++) scores.push(Math.exp(inner(part(Q![i]!), part(K![j]!)) / Math.sqrt(d)));
          const sum = scores.reduce((a, b) => a + b);
          const row = scores.map((score) => score / sum);
          for (let c = 0; c < d; c++) taken[i]!.push(row.reduce((all, w, j) => all + w * part(V![j]!)[c]!, 0));
          return row;
        });
      }),
    );
    X = X.map((x, i) => plus(x, times(taken[i]!, block.output)));
    X = X.map((x) => {
      const wide = plus(times(norm(x, block.between), block.wide.W), listOf(block.wide.b));
      return plus(x, plus(times(listOf(gelu(tensor(wide))), block.narrow.W), listOf(block.narrow.b)));
    });
  }
  const logits = X.map((x) => rowsOf(model.characters).map((c) => inner(norm(x, model.last), c)));
  return { logits, weights };
}

describe("the text", () => {
  test("is Moby-Dick, with the last tenth held out", () => {
    const text = (codes: Tensor) => codes.toNested<number[]>().map((code) => book.alphabet[code]!);
    expect(text(book.train).slice(22, 39).join("")).toBe("Call me Ishmael. ");
    expect(text(book.held).join("")).toContain(book.sentence);
    expect(text(book.train).join("")).not.toContain(book.sentence);
    expect(Math.abs(book.train.size / (9 * book.held.size) - 1)).toBeLessThan(1e-4);
    expect(book.alphabet).toEqual([...new Set(book.alphabet)].sort());
  });

  test("is cut into windows; the targets are the inputs shifted by one", () => {
    const text = tensor(Int32Array.from({ length: 50 }, (_, i) => i));
    const few = randomWindows(text, { count: 40, places: 8, key: randomKey(1) });
    const starts = new Set<number>();
    for (let k = 0; k < 10; k++) {
      const { read, next } = few.next().value;
      const rows = read.toNested<number[][]>();
      expect(rows.map((row) => row.map((code) => code + 1))).toEqual(next.toNested());
      for (const row of rows) expect(row).toEqual(Array.from({ length: 8 }, (_, i) => row[0]! + i));
      for (const [start] of rows) starts.add(start!);
    }
    expect([...starts].sort((a, b) => a - b)).toEqual(Array.from({ length: 42 }, (_, i) => i)); // the last start is 41
    expect(allWindows(text, 7).read.toNested<number[][]>().flat()).toEqual(Array.from({ length: 49 }, (_, i) => i));
    expect(allWindows(text, 8).read.shape).toEqual([6, 8]);
    const some = allWindows(text, 7, 3).read.toNested<number[][]>();
    expect(some.map(([start]) => start)).toEqual([0, 14, 28]);
  });

  test("has the n-gram losses that are counted by hand", () => {
    const [train, held] = [tensor(Int32Array.of(0, 1, 0, 1, 2, 0)), tensor(Int32Array.of(1, 0, 1, 2))];
    const mean = (...ps: number[]) => -ps.reduce((sum, p) => sum + Math.log(p), 0) / ps.length;
    const [unigram, bigram, trigram] = baselines({ train, held }, 3).map(({ loss }) => loss);
    expect(unigram).toBeCloseTo(mean(3 / 9, 4 / 9, 3 / 9, 2 / 9), 12);
    expect(bigram).toBeCloseTo(mean(2 / 5, 3 / 5, 2 / 5), 12); // counts: 1→0 is 1 of 2, 0→1 is 2 of 2, 1→2 is 1 of 2
    expect(trigram).toBeCloseTo(mean(2 / 4, 2 / 5), 12); // counts: 10→1 is 1 of 1, 01→2 is 1 of 2
  });

  test("throws for a prompt with a character outside its alphabet", () => {
    expect(
      encode("whale", book.alphabet, "it")
        .toNested<number[]>()
        .map((code) => book.alphabet[code])
        .join(""),
    ).toBe("whale");
    expect(() => encode("whæle", book.alphabet, "--prompt")).toThrow('--prompt has "æ", which the text does not have');
  });
});

describe("a sample", () => {
  const options = { heads, length: 30, temperature: 1, key: randomKey(8) };

  test("depends only on its key, begins with the prompt, and uses the context length of the model", () => {
    const written = sample(model, [1, 2], options);
    expect(written).toEqual(sample(model, [1, 2], options));
    expect(written).not.toEqual(sample(model, [1, 2], { ...options, key: randomKey(9) }));
    expect([written.length, ...written.slice(0, 2)]).toEqual([32, 1, 2]);
    expect(sample(model, [4, 4, 4, 0, 1, 2, 3, 4, 5], options).slice(9)).toEqual(
      sample(model, [0, 1, 2, 3, 4, 5], options).slice(6),
    );
  });

  test("has the likeliest characters at a low temperature, and all characters equally at a high one", {
    tags: "soak",
  }, () => {
    const cold = sample(model, [1], { ...options, temperature: 1e-9 });
    for (let i = 1; i < cold.length; i++) {
      const scores = logitsOf(model, ints([cold.slice(Math.max(0, i - 6), i)]), heads)[0]!.at(-1)!;
      expect(scores[cold[i]!]).toBe(Math.max(...scores));
    }
    const hot = sample(model, [1], { ...options, temperature: 1e9, length: 700 }).slice(1);
    for (let code = 0; code < 7; code++) {
      const count = hot.filter((other) => other === code).length;
      expect(Math.abs(count - 100)).toBeLessThan(5 * Math.sqrt(100 * (6 / 7)));
    }
  });
});

test("habit and image summarize the weights of a head", () => {
  const W = [
    [1, 0, 0],
    [0.25, 0.75, 0],
    [0.5, 0.25, 0.25],
  ];
  expect(habit(W)).toEqual({ itself: 0.5, before: 0.25, distance: (0.25 + 1.25) / 2 });
  expect(image(W)).toMatch(/^data:image\/png;base64,/);
});

describe("the command", () => {
  const small = [
    "--text",
    beginning,
    "--width",
    "16",
    "--places",
    "12",
    "--batch",
    "4",
    "--length",
    "20",
    "--out",
    out,
  ];
  const brief = [...small, "--width", "8", "--layers", "1", "--heads", "2"];

  test("learns, and prints and draws its progress", async () => {
    const { outcome: run, printed } = await runQuietly(transformer, [...small, "--steps", "100", "--rate", "0.02"]);
    const { outcome, model, file } = run;
    const [unigram] = outcome.baselines;
    const losses = outcome.history.train.map(({ loss }) => loss);
    expect(Math.abs(losses[0]! - Math.log(outcome.characters))).toBeLessThan(0.3);
    expect(losses.at(-1)).toBeLessThan(losses[0]! - 0.6);
    expect(outcome.loss).toBeLessThan(unigram!.loss + 0.4);
    expect(outcome.history.validation).toHaveLength(20);
    expect(outcome.samples.map(({ step }) => step)).toEqual([0, 2, 10, 25, 50, 100]);
    for (const { text } of outcome.samples) expect([text.slice(0, 9), text.length]).toEqual(["The whale", 29]);
    const text = readText(beginning, 13);
    expect(outcome.loss).toBe(await lossOnAll(model, text.held, { places: 12, batch: 4, heads: 4, eager: false }));

    expect(printed).toMatch(/100 steps in \d+ s\. On all held-out text: \d\.\d{4} nats per character/);
    expect(printed).toContain(outcome.samples.at(-1)!.text.split("\n")[0]);
    expectReadable(printed);
    expectSelfContained(file, 1 + 8); // a plot of the losses, and attention maps of four heads in two layers
    expect(readdirSync(out).sort()).toEqual(["beginning.txt", "checkpoint.safetensors", "index.html"]);
  });

  test("gives the same bits with --eager, if eager ops use kernels at all sizes", async () => {
    kernels("simd");
    const runs = [];
    for (const more of [[], ["--eager"]])
      runs.push(await runQuietly(transformer, [...small, "--steps", "20", ...more]));
    kernels("auto");
    const [compiled, eager] = runs.map(({ outcome: { outcome, model } }) => ({
      loss: outcome.loss,
      history: outcome.history,
      samples: outcome.samples,
      model: leaves("test", model, "model").map((p) => p.toNested()),
    }));
    expect(compiled).toEqual(eager);
  });

  test("gives the same page for the same seed, and a different page for a different seed", async () => {
    const pages = [];
    for (const seed of ["7", "7", "8"]) {
      const { outcome } = await runQuietly(transformer, [
        ...brief,
        "--steps",
        "4",
        "--seed",
        seed,
        "--prompt",
        "sea; sky",
      ]);
      pages.push(readFileSync(outcome.file, "utf8"));
    }
    expect(pages[1]).toBe(pages[0]);
    expect(pages[2]).not.toBe(pages[0]);
    expect(pages[2]).toContain("--steps 4 --batch 4 --places 12 --width 8 --heads 2 --layers 1");
    expect(pages[2]!.replaceAll("&#39;", "'")).toContain("--prompt 'sea; sky' --length 20");
  });

  test("stops when the signal is aborted, and resumes to the same result, bit for bit", { tags: "soak" }, async () => {
    const args = [...brief, "--steps", "40"];
    const whole = await runQuietly(transformer, args);
    const stopped = await runQuietly(transformer, args, AbortSignal.timeout(40));
    expect(stopped.outcome.outcome.stopped).toBe(true);
    expect(stopped.printed).toMatch(
      /^stopped after \d+ of 40 steps; resume from .*checkpoint\.safetensors with --resume\n\nreport /m,
    );
    expect(readFileSync(stopped.outcome.file, "utf8")).toContain("stopped early");
    const resumed = await runQuietly(transformer, [...args, "--resume"]);
    expect(resumed.outcome.outcome.history).toEqual(whole.outcome.outcome.history);
    const numbers = (model: Model) => leaves("test", model, "model").map((p) => p.toNested());
    expect(numbers(resumed.outcome.model)).toEqual(numbers(whole.outcome.model));
    expect(resumed.outcome.outcome.samples.at(-1)).toEqual(whole.outcome.outcome.samples.at(-1));
  });

  test.each([
    [["--heads", "3"], "--heads must divide the width 8, got 3"],
    [["--places", "1"], "--places must be a whole number of at least 2"],
    [["--prompt", "whæle"], '--prompt has "æ"'],
    [["--text", join(out, "none.txt")], "--text cannot be read"],
    [["--places", "2000"], "it needs at least 20010"],
    [["--resume", "--width", "4"], "checkpoint.safetensors"],
    [["--rate", "1e30", "--steps", "8"], "use a smaller --rate"],
  ])("rejects %j with a one-line message", async (args, message) => {
    await expectRefusal(transformer, [...brief, "--steps", "3", ...args], message);
  });
});
