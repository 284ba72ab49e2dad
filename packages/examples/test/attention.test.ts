import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Tensor, tensor, treeMap } from "@wengert/core";
import { gradcheck } from "@wengert/core/gradcheck";
import { crossEntropy, mul, randomKey, softmax, where } from "@wengert/ops";
import { afterAll, describe, expect, test } from "vitest";
import { embed, type Head, initialHead, past, predict, scores, weigh } from "../src/attention/head.ts";
import attention from "../src/attention/main.ts";
import { blindness, looks, predictionSummary } from "../src/attention/summary.ts";
import { type Batch, copies, spelt } from "../src/attention/words.ts";
import { expectReadable, expectRefusal, expectSelfContained, runQuietly } from "./support.ts";

const out = mkdtempSync(join(tmpdir(), "wengert-attention-"));
const small = ["--letters", "4", "--width", "16", "--batch", "16", "--steps", "120", "--out", out];
const brief = ["--letters", "3", "--width", "4", "--batch", "2", "--steps", "3", "--out", out];
afterAll(() => rmSync(out, { recursive: true }));

const rowsOf = (x: Tensor): number[][] => x.toNested<number[][]>();
const head = initialHead(randomKey(3), { places: 6, width: 5 });
const batch = copies(randomKey(4), { count: 2, letters: 3 });
const [read, next] = [batch.read, batch.next].map((x) => tensor(rowsOf(x)[0]!, { dtype: "int32" })) as [Tensor, Tensor];
const text: Batch = { read, next };

describe("a batch of texts", () => {
  test("repeats each word; the input is the target shifted by one, after the mark", () => {
    const words = copies(randomKey(1), { count: 200, letters: 7 });
    for (const [i, letters] of rowsOf(words.next).entries()) {
      expect(letters.slice(7)).toEqual(letters.slice(0, 7));
      expect(rowsOf(words.read)[i]).toEqual([26, ...letters.slice(0, -1)]);
    }
    expect(new Set(rowsOf(words.next).flat())).toEqual(new Set(Array.from({ length: 26 }, (_, k) => k)));
    expect([words.read.dtype, words.next.dtype]).toEqual(["int32", "int32"]);
  });

  test("depends only on its key, and decodes to letters", () => {
    const [one, same, other] = [1, 1, 2].map((seed) => copies(randomKey(seed), { count: 3, letters: 5 }));
    expect(rowsOf(same!.next)).toEqual(rowsOf(one!.next));
    expect(rowsOf(other!.next)).not.toEqual(rowsOf(one!.next));
    expect(spelt(tensor([26, 0, 25, 10]))).toEqual(["^", "a", "z", "k"]);
  });
});

describe("the head", () => {
  test("attends only to past positions, with weights that sum to 1", () => {
    const { W, logits } = predict(head, batch.read);
    expect([W.shape, logits.shape]).toEqual([
      [2, 6, 6],
      [2, 6, 26],
    ]);
    for (const [i, row] of W.toNested<number[][][]>()[0]!.entries()) {
      expect(row.reduce((sum, w) => sum + w)).toBeCloseTo(1, 14);
      expect(row.map((w) => w > 0)).toEqual(row.map((_, j) => j <= i));
    }
  });

  test("equals softmax with −Infinity in the masked scores", () => {
    const S = scores(head, embed(head, read));
    expect(rowsOf(weigh(S))).toEqual(rowsOf(softmax(where(past(6), S, Number.NEGATIVE_INFINITY))));
  });

  test("gives predictions that do not depend on later letters", () => {
    const said = (letters: readonly number[]) => rowsOf(predict(head, tensor(letters, { dtype: "int32" })).logits);
    const letters = read.toNested<number[]>();
    for (let place = 0; place < 6; place++) {
      const [as, changed] = [said(letters), said(letters.with(place, (letters[place]! + 1) % 26))];
      expect(changed.slice(0, place)).toEqual(as.slice(0, place));
      expect(changed[place]).not.toEqual(as[place]);
    }
  });

  test("has the gradient that finite differences give, in every matrix", () => {
    const tiny = treeMap((p) => mul(p, 0.5), head);
    gradcheck((h: Head) => crossEntropy(predict(h, batch.read).logits, batch.next), [tiny], {
      order: 2,
      directions: 1,
    });
  });

  test("gives masked scores weight 0 and gradient 0, even if they are NaN", () => {
    const found = blindness(head, text);
    expect(found).toMatchObject({ hidden: 15, weight: 0, slope: 0 });
    expect(found.seenSlope).toBeGreaterThan(0);
    expect(found.losses[0]).toBe(found.losses[1]);
    expect(found.losses[0]).toBeGreaterThan(0);
  });

  test("is printed row by row, with weights shaded in quarters and masked entries blank", () => {
    const lines = predictionSummary(head, text).split("\n");
    expect(lines).toHaveLength(7);
    expect(lines[0]).toContain(`${spelt(read).join(" ")} `);
    rowsOf(predict(head, read).W).forEach((row, i) => {
      const shades = row.slice(0, i + 1).map((w) => "░▒▓██"[Math.floor(4 * w)]!.repeat(2));
      expect(lines[i + 1]).toContain(`   ${shades.join("")}   `);
    });
  });

  test("counts the positions whose largest weight is on the mark or on the copy", () => {
    const W = [
      [1, 0, 0, 0],
      [0.4, 0.6, 0, 0],
      [0.2, 0.7, 0.1, 0],
      [0.1, 0.2, 0.6, 0.1],
    ];
    expect(looks(W)).toEqual({ mark: 1, back: 2 });
  });
});

describe("the command", () => {
  test("learns to copy unseen words of four letters, and does not predict random letters", async () => {
    const { outcome, printed } = await runQuietly(attention, small);
    const { fit, hidden, file } = outcome;
    expect(fit.outcome.accuracy).toBeGreaterThan(0.95);
    expect(fit.outcome.copy).toBeLessThan(0.2);
    expect(fit.outcome.news).toBeGreaterThan(Math.log(26));
    expect(fit.outcome.news).toBeLessThan(Math.log(26) + 0.1);
    expect(fit.looks).toEqual({ mark: 4, back: 4 });
    expect(fit.moments.map(({ step }) => step)).toEqual(Array.from({ length: 120 }, (_, k) => k));
    for (const { loss, news, copy } of fit.moments) expect(loss).toBeCloseTo((news + copy) / 2, 12);
    expect(fit.moments[0]!.accuracy).toBeLessThan(0.3);
    expect(hidden).toMatchObject({ hidden: 28, weight: 0, slope: 0 });
    expect(hidden.losses[0]).toBe(hidden.losses[1]);

    expect(printed).toContain("log 26 = 3.2581");
    expect(printed).toMatch(/softmax axes=\[1\]/);
    expect(printed).toMatch(/it copies 9\d\.\d\d % of the letters|it copies 100\.00 %/);
    expect(printed).not.toMatch(/NaN(?! in all|\.| it is)/);
    expectReadable(printed);

    expectSelfContained(file, 2 + 3); // loss and accuracy; attention before, during and after training
    const page = readFileSync(file, "utf8");
    expect(page).toMatch(/after \d+ steps, when half of the copies are correct/);
    expect(page).toMatch(/<pre[^>]*>[^<]*softmax/);
    expect(readdirSync(out)).toEqual(["index.html"]);
  });

  test("gives the same page for the same seed, and a different page for a different seed", async () => {
    const pages = [];
    for (const seed of ["7", "7", "8"]) {
      const { outcome } = await runQuietly(attention, [...brief, "--seed", seed]);
      pages.push(readFileSync(outcome.file, "utf8"));
    }
    expect(pages[1]).toBe(pages[0]);
    expect(pages[2]).not.toBe(pages[0]);
    expect(pages[2]).toContain("npm run example -- attention --letters 3 --width 4 --steps 3 --batch 2 --seed 8");
  });

  test("stops when the signal is aborted, and writes a report", async () => {
    const { outcome, printed } = await runQuietly(attention, brief, AbortSignal.abort());
    expect(outcome.fit).toMatchObject({ stopped: true, outcome: { step: 0 } });
    expect(printed).toMatch(/^stopped after 0 of 3 steps\nreport /m);
    expect(readFileSync(outcome.file, "utf8")).toContain("stopped early");
  });

  test("prints its longest text within 120 columns", async () => {
    const widest = ["--letters", "20", "--width", "2", "--batch", "1", "--steps", "1", "--out", out];
    expectReadable((await runQuietly(attention, widest)).printed);
  });

  test.each([
    [["--letters", "1"], "--letters must be a whole number from 2 to 20"],
    [["--letters", "21"], "--letters must be a whole number from 2 to 20"],
    [["--rate", "0"], "--rate must be a number above 0"],
    [["--heads", "2"], "unknown option --heads"],
    [["--rate", "1e300"], "use a smaller --rate"],
  ])("rejects %j with a one-line message", (args, message) => expectRefusal(attention, [...brief, ...args], message));
});
