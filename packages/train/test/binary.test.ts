import { full, type Tensor, tensor, zeros } from "@wengert/core";
import {
  binaryCrossEntropy,
  cast,
  greater,
  randomKey,
  randomNormal,
  randomUniform,
  reshape,
  sigmoid,
  slice,
  softmax,
  splitKey,
  stack,
  sub,
  transpose,
} from "@wengert/ops";
import {
  accuracy,
  calibration,
  confusionMatrix,
  logLoss,
  type PredictionOptions,
  rocAuc,
  standardize,
  topKAccuracy,
} from "@wengert/train";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it, test } from "vitest";

const int32 = (values: Parameters<typeof tensor>[0]): Tensor => tensor(values, { dtype: "int32" });

/** Logits with many ties, and labels. */
const scored = fc.integer({ min: 1, max: 14 }).chain((count) =>
  fc.record({
    logits: fc.array(fc.constantFrom(-Infinity, -2, -0.5, -0, 0, 0.25, 1, 3, Infinity), {
      minLength: count,
      maxLength: count,
    }),
    labels: fc.array(fc.constantFrom(0, 1), { minLength: count, maxLength: count }),
  }),
);

const [forLogits, forLabels] = splitKey(randomKey(1)) as [Tensor, Tensor];
const count = 200;
const logits = randomNormal(forLogits, { shape: [count] });
const labels = cast(greater(randomUniform(forLabels, { shape: [count] }), sigmoid(sub(0, logits))), { dtype: "int32" });
/** Scores of two classes made from logits: the score of class 1 is the logit, and the score of class 0 is 0. */
const pairs = stack([zeros([count]), logits], { axis: 1 });
const column = (x: Tensor) => reshape(x, { shape: [count, 1] });

/** Returns all metrics of scores that have a single logit for each row, as a list. */
const allOf = (scores: Tensor, y: Tensor, options: PredictionOptions = {}): unknown[] => [
  accuracy(scores, y, options),
  confusionMatrix(scores, y, options).counts.toNested(),
  confusionMatrix(scores, y, options).results,
  calibration(scores, y, options),
  logLoss(scores, y),
  rocAuc(scores, y),
];

describe("the metrics of one logit per row", () => {
  const expected = allOf(logits, labels);

  it("take logits and labels as [N] and [N, 1], and labels of any dtype", () => {
    for (const scores of [logits, column(logits), transpose(reshape(logits, { shape: [1, count] }))])
      for (const dtype of ["int32", "float32", "float64", "bool"] as const)
        for (const y of [cast(labels, { dtype }), column(cast(labels, { dtype }))])
          expect(allOf(scores, y), `${scores.shape} ${dtype} ${y.shape}`).toEqual(expected);
  });

  it("take views and a single row", () => {
    const part = { start: [10], stop: [150], step: [3] };
    expect(allOf(slice(logits, part), slice(labels, part))).toEqual(
      allOf(tensor(slice(logits, part)), tensor(slice(labels, part))),
    );
    expect(accuracy(tensor([2]), int32([1]))).toBe(1);
    expect(accuracy(tensor([[-2]]), int32([1]))).toBe(0);
    expect(accuracy(tensor([1, 3, 2]), int32(1))).toBe(1); // three classes, one row
  });

  it("equal those of the same rows with scores of two classes", () => {
    expect(accuracy(logits, labels)).toBe(accuracy(pairs, labels));
    expect(confusionMatrix(logits, labels).results).toEqual(confusionMatrix(pairs, labels).results);
    expect(logLoss(logits, labels)).toBeCloseTo(logLoss(softmax(pairs), labels), 13);
    expect(logLoss(logits, labels)).toBeCloseTo(
      binaryCrossEntropy(logits, cast(labels, { dtype: "float64" })).item(),
      14,
    );
    const [one, two] = [calibration(logits, labels, { bins: 7 }), calibration(softmax(pairs), labels, { bins: 7 })];
    expect(one.bins.map(({ count }) => count)).toEqual(two.bins.map(({ count }) => count));
    expect([one.expectedError, one.maximumError]).toEqual(
      [two.expectedError, two.maximumError].map((x) => expect.closeTo(x, 12)),
    );
  });

  it("predict class 1 where its probability exceeds the threshold", () => {
    const p = sigmoid(logits).toNested<number[]>();
    const y = labels.toNested<number[]>();
    for (const threshold of [0, 0.1, 0.25, 0.5, 0.73, 0.9, 1]) {
      const guesses = p.map((each) => Number(each > threshold));
      const expected = confusionMatrix(int32(guesses), labels, { classes: ["0", "1"] });
      expect(confusionMatrix(logits, labels, { threshold }).counts.toNested()).toEqual(expected.counts.toNested());
      expect(accuracy(logits, labels, { threshold })).toBe(expected.accuracy);
      const { bins, expectedError } = calibration(logits, labels, { threshold, bins: 1 });
      expect(bins[0]!.accuracy).toBe(expected.accuracy);
      const confidences = p.map((each, i) => (guesses[i] ? each : 1 - each));
      const confidence = confidences.reduce((a, b) => a + b) / p.length;
      expect(bins[0]!.confidence).toBeCloseTo(confidence, 12);
      expect(expectedError).toBeCloseTo(Math.abs(confidence - expected.accuracy), 12);
    }
    expect(y).toContain(1);
  });

  it("predict class 0 at the logit 0 and class 1 at the next larger logit, with the default threshold", () => {
    const near = tensor([-Infinity, -1e-300, -0, 0, 1e-300, Infinity]);
    expect(confusionMatrix(near, int32([0, 0, 0, 0, 1, 1])).accuracy).toBe(1);
    expect(accuracy(near, int32([0, 0, 0, 0, 1, 1]), { threshold: 0.5 })).toBe(1);
    expect(accuracy(near, full([6], 1), { threshold: 0 })).toBe(5 / 6); // the probability of −∞ is 0
    expect(accuracy(near, full([6], 0), { threshold: 1 })).toBe(1);
  });

  it("use the names of two classes", () => {
    const matrix = confusionMatrix(logits, labels, { classes: ["healthy", "ill"] });
    expect(matrix.results.map(({ name }) => name)).toEqual(["healthy", "ill"]);
    expect(confusionMatrix(logits, labels).classes).toEqual(["0", "1"]);
  });

  it("are those of several classes if an axis is given", () => {
    expect(accuracy(column(logits), zeros([count], { dtype: "int32" }), { axis: 1 })).toBe(1);
    expect(topKAccuracy(column(logits), zeros([count], { dtype: "int32" }), { k: 1 })).toBe(1);
  });
});

describe("logLoss of logits", () => {
  it("keeps its precision where probabilities round to 0 or 1", () => {
    for (const z of [-800, -40, -1, 0, 1e-20, 3, 40, 800]) {
      const both = [1, 0].map((y) => logLoss(tensor([z]), int32([y])));
      const [x, tail] = [Math.abs(z), Math.log1p(Math.exp(-Math.abs(z)))];
      expect(both).toEqual(z > 0 ? [tail, x + tail] : [x + tail, tail]);
    }
    expect(logLoss(tensor([Infinity, -Infinity]), int32([1, 0]))).toBe(0);
    expect(logLoss(tensor([Infinity, 0]), int32([0, 0]))).toBe(Infinity);
  });
});

describe("rocAuc", () => {
  /**
   * Computes the area under the ROC curve by its definition: the fraction of pairs of a row of class 1 and a row of
   * class 0 in which class 1 has the higher score. Ties count half.
   */
  const byPairs = (z: readonly number[], y: readonly number[]): number => {
    let [sum, pairs] = [0, 0];
    for (const [i, positive] of z.entries())
      for (const [j, negative] of z.entries()) {
        if (y[i] !== 1 || y[j] !== 0) continue;
        pairs++;
        sum += positive > negative ? 1 : positive === negative ? 0.5 : 0;
      }
    return sum / pairs;
  };

  it("agrees with a count of all pairs, also for many ties", () => {
    fc.assert(
      fc.property(scored, ({ logits, labels }) => {
        fc.pre(labels.includes(0) && labels.includes(1));
        expect(rocAuc(tensor(logits), int32(labels))).toBe(byPairs(logits, labels));
      }),
    );
    expect(rocAuc(logits, labels)).toBe(byPairs(logits.toNested(), labels.toNested()));
  });

  it("agrees with scikit-learn's examples", () => {
    expect(rocAuc(tensor([0.1, 0.4, 0.35, 0.8]), int32([0, 0, 1, 1]))).toBe(0.75);
    expect(rocAuc(tensor([0.5, 0.5, 0.5]), int32([0, 1, 1]))).toBe(0.5);
  });

  it("depends only on the order of the scores, and is 1 minus itself for the other class", () => {
    expect(rocAuc(sigmoid(logits), labels)).toBe(rocAuc(logits, labels));
    expect(rocAuc(sub(0, logits), labels)).toBeCloseTo(1 - rocAuc(logits, labels), 14);
    expect(rocAuc(logits, sub(1, labels))).toBeCloseTo(1 - rocAuc(logits, labels), 14);
    const { transform } = standardize(logits);
    expect(rocAuc(transform(logits), labels)).toBe(rocAuc(logits, labels));
  });

  it("handles a million rows, half of them with one score", () => {
    const n = 1_000_000;
    const z = Float64Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 0 : Math.sin(i)));
    const y = Int32Array.from({ length: n }, (_, i) => Number(i % 3 === 0));
    const area = rocAuc(tensor(z), tensor(y));
    expect(area).toBeGreaterThan(0.49);
    expect(area).toBeLessThan(0.51);
  });
});

describe("invalid binary scores or labels throw:", () => {
  const metrics = {
    accuracy,
    confusionMatrix,
    calibration,
    logLoss,
    rocAuc,
  } as unknown as Record<string, (scores: Tensor, labels: Tensor, options?: object) => unknown>;
  it.each(Object.keys(metrics))("%s", (name) => {
    const metric = metrics[name]!;
    const z = tensor([1, -1, 2], { label: "z" });
    for (const [y, message] of [
      [int32([0, 1]), "labels for z [3] must be [3], one per row, got labels [2]"],
      [int32([[0, 1, 1]]), "labels for z [3] must be [3], one per row, got labels [1, 3]"],
      [int32([0, 2, 1]), "labels for one score per row must be 0 or 1, got 2 in row 1 of labels [3]"],
      [tensor([0, 0.5, 1]), "must be 0 or 1, got 0.5 in row 1"],
      [tensor([0, Number.NaN, 1]), "must be 0 or 1, got NaN in row 1"],
      [int32([1, -1, 1]), "got -1 in row 1 of labels [3]; are they -1 and 1? write greater(labels, 0)"],
    ] as const) {
      expect(() => metric(z, y)).toThrow(`${name}: `);
      expect(() => metric(z, y)).toThrow(message);
    }
    expect(() => metric(tensor([1, Number.NaN, 2]), int32([0, 1, 1]))).toThrow(/row 1 of scores \[3\] holds NaN/);
    expect(() => metric(tensor([], { dtype: "float64" }), int32([]))).toThrow("at least one row is needed");
  });

  it.each(["accuracy", "confusionMatrix", "calibration"])(
    "%s with an invalid threshold, or one that has no use",
    (name) => {
      const metric = metrics[name]!;
      for (const threshold of [-0.1, 1.1, Number.NaN, Infinity, "0.5", null, true])
        expect(() => metric(logits, labels, { threshold })).toThrow(
          `${name}: threshold must be a probability from 0 to 1, got`,
        );
      expect(() => metric(softmax(pairs), labels, { threshold: 0.5 })).toThrow(
        `${name}: threshold needs one score per row, [N] or [N, 1], got scores [200, 2]; leave it out`,
      );
      expect(() => metric(logits, labels, { classes: ["only"] })).toThrow("one name for each of the K = 2 classes");
    },
  );

  it("rocAuc without rows of both classes, or with scores of several classes", () => {
    expect(() => rocAuc(logits, full([count], 1))).toThrow(
      "rocAuc: rows of both classes are needed, got 0 of class 0 and 200 of class 1",
    );
    expect(() => rocAuc(logits, full([count], 0))).toThrow("got 200 of class 0 and 0 of class 1");
    expect(() => rocAuc(pairs, labels)).toThrow(
      "rocAuc: one score per row is needed, [N] or [N, 1], got scores [200, 2]; write slice(softmax(scores), { start: [0, 1] })",
    );
    expect(rocAuc(slice(softmax(pairs), { start: [0, 1] }), labels)).toBeCloseTo(rocAuc(logits, labels), 14);
  });
});

test("the number of class names that are read grows linearly", () => {
  let reads = 0;
  const namesOf = (K: number) =>
    new Proxy(
      Array.from({ length: K }, (_, k) => `class ${k}`),
      {
        get(names, key, receiver) {
          if (typeof key === "string" && /^\d/.test(key)) reads++;
          return Reflect.get(names, key, receiver);
        },
      },
    );
  const readsOf = (K: number) => {
    reads = 0;
    accuracy(int32([0]), int32([0]), { classes: namesOf(K) });
    return reads;
  };
  expect(readsOf(4000)).toBeLessThanOrEqual(5 * 4000);
  expect(readsOf(4000)).toBeLessThanOrEqual(2 * readsOf(2000));
});

test("the metrics of predictions take a threshold, and have these types", () => {
  expectTypeOf(accuracy).toEqualTypeOf<(scores: Tensor, labels: Tensor, options?: PredictionOptions) => number>();
  expectTypeOf(rocAuc).toEqualTypeOf<(scores: Tensor, labels: Tensor) => number>();
});
