import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Tensor, tensor, treeMap } from "@wengert/core";
import { leaves } from "@wengert/core/extend";
import { gradcheck } from "@wengert/core/gradcheck";
import { kernels, randomKey, randomNormal, softmax } from "@wengert/ops";
import { afterAll, expect, test } from "vitest";
import { gatesOver } from "../src/gru/gates.ts";
import gru from "../src/gru/main.ts";
import { gates, initialState, lossOf, type Model, networkOf, read } from "../src/gru/model.ts";
import { sample } from "../src/gru/sample.ts";
import { draw } from "../src/shared/draw.ts";
import { lossOnText } from "../src/shared/learnText.ts";
import { readText } from "../src/shared/text.ts";
import { expectReadable, expectRefusal, expectSelfContained, runQuietly } from "./support.ts";

const out = mkdtempSync(join(tmpdir(), "wengert-gru-"));
afterAll(() => rmSync(out, { recursive: true }));

const size = { characters: 5, width: 3, units: 4 };
const start = networkOf(size).init(randomKey(1), { shape: [2, 6], dtype: "int32" });
/** A model with random weights and biases, so that the values of a gate are not all near ½. */
const model: Model = treeMap((p: Tensor) => randomNormal(randomKey(p.size), { shape: p.shape }), start);
const text = [0, 3, 3, 1, 4, 2];
const ints = (values: readonly number[] | readonly (readonly number[])[]): Tensor =>
  tensor(values as number[], { dtype: "int32" });
const rowOf = (x: Tensor): number[] => x.toNested<number[][]>()[0]!;

test("the loss has the gradient that finite differences give, in every parameter", () => {
  const windows = { read: ints([text, text.toReversed()]), next: ints([text.toReversed(), text]) };
  gradcheck((m: Model) => lossOf(size)(m, windows), [model], { order: 1, directions: 3 });
});

test("reading character by character gives the scores of the network, and gates that make the next state", () => {
  const scores = networkOf(size)
    .apply(model, ints([text]))
    .toNested<number[][][]>()[0]!;
  let h = initialState(model, 1);
  for (const [t, code] of text.entries()) {
    const codes = ints([code]);
    const [{ r, z }, next] = [gates(model, codes, h), read(model, codes, h)];
    for (const [k, score] of rowOf(next.scores).entries()) expect(score).toBeCloseTo(scores[t]![k]!, 12);

    const [{ W }, cell] = model;
    const [x, old] = [W.toNested<number[][]>()[code]!, rowOf(h)];
    const column = (a: readonly number[], M: Tensor, b: Tensor, j: number) =>
      a.reduce((sum, v, i) => sum + v * M.toNested<number[][]>()[i]![j]!, b.toNested<number[]>()[j]!);
    rowOf(next.state).forEach((state, k) => {
      const j = 2 * size.units + k;
      const n = Math.tanh(column(x, cell.Wx, cell.bx, j) + rowOf(r)[k]! * column(old, cell.Wh, cell.bh, j));
      expect(state).toBeCloseTo((1 - rowOf(z)[k]!) * n + rowOf(z)[k]! * old[k]!, 12);
    });
    h = next.state;
  }
  const units = gatesOver(model, text, 2);
  expect(units.map(({ update, reset }) => [update.length, reset.length])).toEqual([[6, 6], [6, 6]]); // biome-ignore format: short
});

test("draw takes indices with the probabilities softmax(scores / temperature)", () => {
  const scores = tensor([0, 1, -1, 0.5]);
  const n = 2000;
  const drawn = draw(tensor(Array.from({ length: n }, () => scores.toNested<number[]>())), 2, randomKey(3));
  const wanted = softmax(tensor([0, 0.5, -0.5, 0.25])).toNested<number[]>();
  for (const [k, p] of wanted.entries()) {
    const share = drawn.filter((index) => index === k).length / n;
    expect(Math.abs(share - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / n));
  }
});

test("a sample begins with the prompt, has one text for each temperature, and is greedy at a low temperature", () => {
  const options = { length: 20, key: randomKey(8) };
  const texts = sample(model, [1, 2], [1e-9, 1], options);
  expect(texts).toEqual(sample(model, [1, 2], [1e-9, 1], options));
  expect(texts.map((codes) => [codes.length, ...codes.slice(0, 2)])).toEqual([[22, 1, 2], [22, 1, 2]]); // biome-ignore format: short
  const scores = networkOf(size)
    .apply(model, ints([texts[0]!]))
    .toNested<number[][][]>()[0]!;
  for (let i = 2; i < 22; i++) expect(scores[i - 1]![texts[0]![i]!]).toBe(Math.max(...scores[i - 1]!));
});

const beginning = join(out, "beginning.txt");
writeFileSync(beginning, "The whale, the white whale, swims and dives; then it blows. Call me Ishmael!\n".repeat(50));
const small = [
  "--text",
  beginning,
  "--units",
  "12",
  "--width",
  "8",
  "--places",
  "12",
  "--batch",
  "4",
  "--length",
  "12",
];

test("the command learns, prints and draws; stops when the signal is aborted, and resumes bit for bit", async () => {
  const args = [...small, "--steps", "60", "--rate", "0.03", "--out", out];
  const { outcome: run, printed } = await runQuietly(gru, args);
  const { outcome, model, file } = run;
  const losses = outcome.history.train.map(({ loss }) => loss);
  expect(losses.at(-1)).toBeLessThan(losses[0]! - 0.6);
  expect(outcome.samples.map(({ step }) => step)).toEqual([0, 3, 15, 60]);
  for (const { texts } of outcome.samples)
    expect(texts.map((text) => [text.slice(0, 9), text.length])).toEqual(Array(3).fill(["The whale", 21]));
  const { held, alphabet } = readText(beginning, 13);
  const loss = lossOf({ characters: alphabet.length, units: 12, width: 8 });
  expect(outcome.loss).toBe(await lossOnText(loss, model, held, { places: 12, batch: 4, eager: false }));
  expect(printed).toMatch(
    /60 steps in \d+ s\. On all held-out text: \d\.\d{4} nats per character, perplexity \d+\.\d\d,/,
  );
  expectReadable(printed);
  expectSelfContained(file, 3); // plots of the losses, the update gates and the reset gates
  expect(readFileSync(file, "utf8").replaceAll("&#39;", "'")).toContain("npm run example -- gru --steps 60 --batch 4");
  expect(readdirSync(out).sort()).toEqual(["beginning.txt", "checkpoint.safetensors", "index.html"]);

  const files = () => ["checkpoint.safetensors", "index.html"].map((name) => readFileSync(join(out, name)));
  const whole = files();
  const stopped = await runQuietly(gru, args, AbortSignal.timeout(40));
  expect(stopped.outcome.outcome.stopped).toBe(true);
  expect(stopped.printed).toMatch(
    /^stopped after \d+ of 60 steps; resume from .*checkpoint\.safetensors with --resume/m,
  );
  await runQuietly(gru, [...args, "--resume"]);
  const [page] = files().slice(1);
  expect(files()[0]!.equals(whole[0]!)).toBe(true);
  expect(page!.toString()).not.toContain("stopped early");
});

test("the command gives the same bits with --eager, if eager ops use kernels at all sizes", async () => {
  kernels("simd");
  const runs = [];
  for (const more of [[], ["--eager"]])
    runs.push(await runQuietly(gru, [...small, "--steps", "20", "--out", out, ...more]));
  kernels("auto");
  const [compiled, eager] = runs.map(({ outcome: { outcome, model } }) => ({
    loss: outcome.loss,
    history: outcome.history,
    samples: outcome.samples,
    model: leaves("test", model, "model").map((p) => p.toNested()),
  }));
  expect(compiled).toEqual(eager);
});

test.each([
  [["--places", "1"], "--places must be a whole number of at least 2"],
  [["--prompt", "whæle"], '--prompt has "æ"'],
  [["--rate", "1e30", "--steps", "8"], "use a smaller --rate"],
])("rejects %j with a one-line message", async (args, message) => {
  await expectRefusal(gru, [...small, "--steps", "3", "--out", out, ...args], message);
});
