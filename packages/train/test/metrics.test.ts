import { inspect } from "node:util";
import { type Tensor, tensor, WengertError } from "@wengert/core";
import {
  crossEntropy,
  randomKey,
  randomNormal,
  randomUniform,
  reshape,
  slice,
  softmax,
  splitKey,
  transpose,
} from "@wengert/ops";
import {
  accuracy,
  type Calibration,
  type CalibrationOptions,
  type ClassOptions,
  type ConfusionMatrix,
  calibration,
  confusionMatrix,
  logLoss,
  type TopKAccuracyOptions,
  topKAccuracy,
} from "@wengert/train";
import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";

const int32 = (values: Parameters<typeof tensor>[0]): Tensor => tensor(values, { dtype: "int32" });

/** Scores of two classes or more with many ties, and labels. (If a row had a single score, it would be a logit.) */
const scored = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 2, max: 6 })).chain(([rows, K]) =>
  fc.record({
    K: fc.constant(K),
    scores: fc.array(fc.array(fc.constantFrom(-Infinity, -1, 0, 0.5, 2, Infinity), { minLength: K, maxLength: K }), {
      minLength: rows,
      maxLength: rows,
    }),
    labels: fc.array(fc.integer({ min: 0, max: K - 1 }), { minLength: rows, maxLength: rows }),
  }),
);

/** Random probabilities and labels. */
function likely(rows: number, K: number, seed = 1, dtype: "float32" | "float64" = "float64") {
  const [a, b] = splitKey(randomKey(seed)) as [Tensor, Tensor];
  const logits = tensor(randomNormal(a, { shape: [rows, K] }), { dtype });
  const labels = int32(
    randomUniform(b, { shape: [rows], max: K })
      .toNested<number[]>()
      .map(Math.floor),
  );
  return { logits, probabilities: softmax(logits), labels };
}

/** Returns the classes of a row, sorted by descending score. Classes with equal scores keep their order. */
const ranked = (row: readonly number[]): number[] =>
  row
    .map((score, k) => ({ score, k }))
    .sort((a, b) => b.score - a.score || a.k - b.k)
    .map(({ k }) => k);
const compareInfinite = (row: readonly number[]) => row.map((x) => Math.max(-9, Math.min(9, x))); // finite numbers instead, because ∞ − ∞ is NaN and cannot be sorted

describe("accuracy and topK", () => {
  test("are fractions of rows that agree with a count by hand", () => {
    const scores = tensor([[2, 1, 0], [0, 3, 1], [5, 5, 5], [0, 1, 1]]); // biome-ignore format: a matrix
    expect(accuracy(scores, int32([0, 2, 0, 2]))).toBe(0.5);
    expect(accuracy(scores, int32([0, 1, 0, 1]))).toBe(1);
    expect(topKAccuracy(scores, int32([0, 2, 1, 2]), { k: 2 })).toBe(1);
    expect(topKAccuracy(scores, int32([2, 0, 2, 0]), { k: 2 })).toBe(0);
  });

  test("agree with sorting, also for many ties", () => {
    fc.assert(
      fc.property(scored, ({ K, scores, labels }) => {
        const orders = scores.map((row) => ranked(compareInfinite(row)));
        for (let k = 1; k <= K; k++) {
          const hits = orders.filter((order, i) => order.slice(0, k).includes(labels[i]!)).length;
          expect(topKAccuracy(tensor(scores), int32(labels), { k })).toBe(hits / labels.length);
        }
        expect(topKAccuracy(tensor(scores), int32(labels), { k: K })).toBe(1);
        expect(accuracy(tensor(scores), int32(labels))).toBe(topKAccuracy(tensor(scores), int32(labels), { k: 1 }));
        const guesses = int32(orders.map(([first]) => first!));
        expect(accuracy(guesses, int32(labels))).toBe(accuracy(tensor(scores), int32(labels)));
      }),
    );
  });

  test("accept any class axis, several row axes, and views", () => {
    const { logits, labels } = likely(12, 5);
    const wanted = [accuracy(logits, labels), topKAccuracy(logits, labels, { k: 2 })];
    const grid = reshape(labels, { shape: [3, 4] });
    const turned = transpose(reshape(logits, { shape: [3, 4, 5] }), { axes: [0, 2, 1] });
    for (const [scores, y, axis] of [
      [transpose(logits), labels, 0],
      [turned, grid, 1],
      [turned, grid, -2],
    ] as const)
      expect([accuracy(scores, y, { axis }), topKAccuracy(scores, y, { axis, k: 2 })]).toEqual(wanted);
    expect(accuracy(tensor([1, 3, 2]), int32(1))).toBe(1);
    const part = { start: [4], stop: [9] };
    const some = confusionMatrix(slice(logits, part), slice(labels, part)).counts.toNested();
    const copied = confusionMatrix(tensor(slice(logits, part)), tensor(slice(labels, part))).counts.toNested();
    expect(some).toEqual(copied);
  });

  test("throw for a NaN at any index, and accept infinite scores", () => {
    for (const place of [0, 1, 2])
      for (const label of [0, 1, 2]) {
        const scores = tensor([[1, 2, 3], [1, 2, 3].with(place, Number.NaN)]);
        expect(() => accuracy(scores, int32([0, label]))).toThrow(/row 1 of scores \[2, 3\] holds NaN/);
        expect(() => topKAccuracy(scores, int32([0, label]), { k: 3 })).toThrow(/row 1 .* holds NaN/);
      }
    expect(accuracy(tensor([[-Infinity, Infinity]]), int32([1]))).toBe(1);
    expect(accuracy(tensor([[-Infinity, -Infinity]]), int32([0]))).toBe(1);
  });
});

describe("confusionMatrix", () => {
  const classes = ["cat", "dog", "owl"];
  const matrix = confusionMatrix(int32([0, 0, 1, 0, 1, 1]), int32([0, 0, 0, 1, 1, 2]), { classes });

  test("has a row per true class and a column per predicted class", () => {
    expect(matrix.counts.dtype).toBe("int32");
    expect(matrix.counts.toNested()).toEqual([
      [2, 1, 0],
      [1, 1, 0],
      [0, 1, 0],
    ]);
    expect(matrix.accuracy).toBe(0.5);
  });

  test("computes precision, recall and F₁ of each class", () => {
    expect(matrix.results).toEqual([
      { name: "cat", count: 3, predicted: 3, precision: 2 / 3, recall: 2 / 3, f1: 2 / 3 },
      { name: "dog", count: 2, predicted: 3, precision: 1 / 3, recall: 1 / 2, f1: 2 / 5 },
      { name: "owl", count: 1, predicted: 0, precision: Number.NaN, recall: 0, f1: 0 },
    ]);
  });

  test("prints as a table with short names on one line", () => {
    const text = [
      "is \\ guess     cat     dog  owl  recall",
      "cat              2       1    0  66.7 %",
      "dog              1       1    0  50.0 %",
      "owl              0       1    0   0.0 %",
      "precision   66.7 %  33.3 %    –  50.0 %",
    ].join("\n");
    expect(String(matrix)).toBe(text);
    expect(inspect(matrix)).toBe(text);
    const odd = String(
      confusionMatrix(int32([0]), int32([0]), { classes: ["\u001b[31mred\nand as long as a sentence"] }),
    );
    expect(odd.split("\n")).toHaveLength(3);
    expect(odd).not.toContain("\u001b");
    expect(Math.max(...odd.split("\n").map((line) => line.length))).toBeLessThan(50);
  });

  test("agrees with a count pair by pair", () => {
    fc.assert(
      fc.property(scored, ({ K, scores, labels }) => {
        const { counts, accuracy: share, results } = confusionMatrix(tensor(scores), int32(labels));
        const guesses = scores.map((row) => ranked(compareInfinite(row))[0]);
        const pairs = Array.from({ length: K }, (_, i) =>
          Array.from({ length: K }, (_, j) => labels.filter((label, r) => label === i && guesses[r] === j).length),
        );
        expect(counts.toNested()).toEqual(pairs);
        expect(share).toBe(accuracy(tensor(scores), int32(labels)));
        results.forEach(({ precision, recall, f1 }) => {
          if (precision > 0 && recall > 0) expect(f1).toBeCloseTo(2 / (1 / precision + 1 / recall), 14);
        });
      }),
    );
  });
});

describe("logLoss", () => {
  test("equals crossEntropy of the logits in both dtypes", () => {
    for (const [dtype, digits] of [
      ["float64", 14],
      ["float32", 6],
    ] as const) {
      const { logits, probabilities, labels } = likely(200, 7, 2, dtype);
      expect(logLoss(probabilities, labels)).toBeCloseTo(crossEntropy(logits, labels).item(), digits);
      expect(logLoss(transpose(probabilities), labels, { axis: 0 })).toBe(logLoss(probabilities, labels));
    }
  });

  test("is exactly 0 for p = 1 and Infinity for p = 0", () => {
    const sure = tensor([[1, 0], [0, 1]]); // biome-ignore format: a matrix
    expect(logLoss(sure, int32([0, 1]))).toBe(0);
    expect(logLoss(sure, int32([0, 0]))).toBe(Infinity);
    expect(logLoss(tensor([[0.25, 0.75]]), int32([0]))).toBe(Math.log(4));
    expect(logLoss(tensor([[1e-300, 1]]), int32([0]))).toBe(-Math.log(1e-300));
  });

  test("accepts float32 probabilities of many classes, and throws for rows that are not probabilities", () => {
    expect(logLoss(likely(3, 20_000, 1, "float32").probabilities, int32([0, 1, 2]))).toBeGreaterThan(1);
    for (const row of [
      [0.5, 0.51],
      [1.2, -0.2],
      [0, 0],
      [1, Infinity],
      [1, Number.NaN],
    ])
      expect(() => logLoss(tensor([[0.5, 0.5], row]), int32([0, 0]))).toThrow(/^logLoss: row 1 of scores/);
  });
});

describe("calibration", () => {
  test("agrees with a count by hand", () => {
    const probabilities = tensor([[0.9, 0.1], [0.95, 0.05], [0.4, 0.6], [0.7, 0.3]]); // biome-ignore format: a matrix
    const { bins, expectedError, maximumError } = calibration(probabilities, int32([0, 1, 1, 1]), { bins: 5 });
    expect(bins.map(({ from, to, count }) => [from, to, count])).toEqual([[0, 0.2, 0], [0.2, 0.4, 0], [0.4, 0.6, 1], [0.6, 0.8, 1], [0.8, 1, 2]]); // biome-ignore format: a table
    expect(bins.map(({ confidence, accuracy }) => [confidence, accuracy])).toEqual([[NaN, NaN], [NaN, NaN], [0.6, 1], [0.7, 0], [(0.9 + 0.95) / 2, 0.5]]); // biome-ignore format: a table
    expect(expectedError).toBeCloseTo((0.4 + 0.7 + 2 * 0.425) / 4, 14);
    expect(maximumError).toBe(0.7);
  });

  test("has bins that include their upper bound, for any number of bins", () => {
    for (let bins = 1; bins <= 100; bins++)
      for (let m = Math.ceil(bins / 2); m < bins; m++) {
        const edge = (m + 1) / bins;
        const above = Math.min(1, edge + 2 ** -52);
        const filled = (p: number) =>
          calibration(tensor([[p, 1 - p]]), int32([0]), { bins }).bins.findIndex(({ count }) => count === 1);
        expect([filled(edge), filled(above)], `${edge} of ${bins}`).toEqual([m, Math.min(bins - 1, m + 1)]);
      }
  });

  test("agrees with the rows of each bin selected one by one", () => {
    for (const seed of [1, 2, 3]) {
      const { probabilities, labels } = likely(300, 4, seed);
      const rows = probabilities.toNested<number[][]>().map((row, i) => {
        const confidence = Math.max(...row);
        return { confidence, right: Number(row[labels.toNested<number[]>()[i]!] === confidence) };
      });
      const { bins, expectedError, maximumError } = calibration(probabilities, labels, { bins: 15 });
      const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;
      const gaps = bins.flatMap(({ from, to, count, confidence, accuracy }) => {
        const within = rows.filter((row) => row.confidence > from && row.confidence <= to);
        expect(count).toBe(within.length);
        if (count === 0) return [];
        expect(confidence).toBeCloseTo(mean(within.map((row) => row.confidence)), 12);
        expect(accuracy).toBeCloseTo(mean(within.map(({ right }) => right)), 12);
        return [{ count, gap: Math.abs(confidence - accuracy) }];
      });
      expect(expectedError).toBeCloseTo(gaps.reduce((sum, { count, gap }) => sum + count * gap, 0) / 300, 12);
      expect(maximumError).toBeCloseTo(Math.max(...gaps.map(({ gap }) => gap)), 12);
    }
  });

  test("of labels drawn from the probabilities is nearly perfect", () => {
    const { probabilities } = likely(20_000, 3, 4);
    const draws = randomUniform(randomKey(5), { shape: [20_000] }).toNested<number[]>();
    const drawn = probabilities
      .toNested<number[][]>()
      .map(([a, b], i) => (draws[i]! < a! ? 0 : draws[i]! < a! + b! ? 1 : 2));
    expect(calibration(probabilities, int32(drawn)).expectedError).toBeLessThan(0.02);
  });
});

test("the metrics have these types", () => {
  expectTypeOf(topKAccuracy).toEqualTypeOf<(scores: Tensor, labels: Tensor, options: TopKAccuracyOptions) => number>();
  expectTypeOf(confusionMatrix).returns.toEqualTypeOf<ConfusionMatrix>();
  expectTypeOf(logLoss).toEqualTypeOf<(p: Tensor, y: Tensor, options?: ClassOptions) => number>();
  expectTypeOf(calibration).toEqualTypeOf<(p: Tensor, y: Tensor, options?: CalibrationOptions) => Calibration>();
  expectTypeOf<TopKAccuracyOptions["k"]>().toEqualTypeOf<number>();
  // @ts-expect-error: k has no default
  expect(() => topKAccuracy(tensor([[1]]), int32([0]))).toThrow(WengertError);
});
