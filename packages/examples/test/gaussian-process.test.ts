import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { grad, type Tensor, tensor } from "@wengert/core";
import { axpy, cholesky, exp, mul, randomKey, randomNormal, sub, sum } from "@wengert/ops";
import { afterAll, describe, expect, test } from "vitest";
import { type Month, readRecord, splitRecord } from "../src/gaussian-process/data.ts";
import { bookTheta, fitProcess, standardErrors, thetaOf, valuesOf, vectorOf } from "../src/gaussian-process/fit.ts";
import { baseline, byHorizon, forecast, quantile, scoreOf } from "../src/gaussian-process/forecast.ts";
import { bookModel, pairsOf, parabolaModel } from "../src/gaussian-process/kernels.ts";
import gaussianProcess from "../src/gaussian-process/main.ts";
import {
  condition,
  covariance,
  dataOf,
  decompose,
  negLogLikelihood,
  predict,
  startOf,
} from "../src/gaussian-process/process.ts";
import { slopesAt } from "../src/gaussian-process/slopes.ts";
import { expectReadable, expectRefusal, expectSelfContained, runQuietly } from "./support.ts";

const out = mkdtempSync(join(tmpdir(), "wengert-gaussian-process-"));
afterAll(() => rmSync(out, { recursive: true }));

const record = readRecord();
const few = splitRecord(record, 2003, 5);
const data = dataOf(few.training);
const book = bookTheta(bookModel);
const start = startOf(bookModel);

test("the record has 741 months from March 1958 to April 2020, in order", () => {
  expect([record.length, record[0], record.at(-1)]).toEqual([
    741,
    { time: 1958 + 2.5 / 12, year: 1958, ppm: 315.7 },
    { time: 2020 + 3.5 / 12, year: 2020, ppm: 416.18 },
  ]);
  const times = record.map(({ time }) => time);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  const { training, heldOut } = splitRecord(record, 2003, 1);
  expect([training.length, heldOut.length]).toEqual([545, 196]);
});

describe("the covariance", () => {
  // Returns the covariance of the measurements at the times t and u, as a sum of kernels on plain numbers. `same` is 1
  // for the covariance of a measurement with itself, otherwise 0.
  const formula = (theta: readonly number[], t: number, u: number, same: number): number => {
    const [a1, l1, a2, decay, smooth, a3, l3, shape, a4, l4, white] = theta as [number, ...number[]] & number[];
    const r = t - u;
    return (
      a1 ** 2 * Math.exp(-(r ** 2) / (2 * l1! ** 2)) +
      a2! ** 2 * Math.exp(-(r ** 2) / (2 * decay! ** 2) - (2 * Math.sin(Math.PI * r) ** 2) / smooth! ** 2) +
      a3! ** 2 * (1 + r ** 2 / (2 * shape! * l3! ** 2)) ** -shape! +
      a4! ** 2 * Math.exp(-(r ** 2) / (2 * l4! ** 2)) +
      same * white! ** 2
    );
  };

  test("is the formula of the book, with a parabola if the model has one", () => {
    const [t, u, same] = [
      [1960, 1960.2, 1975, 2003.9],
      [1960, 1960.9, 2001, 1999],
      [1, 0, 0, 0],
    ] as const;
    const pairs = pairsOf(tensor(t), tensor(u), tensor(same));
    const found = covariance(bookModel, book, pairs).toNested<number[]>();
    const theta = startOf(parabolaModel);
    const withParabola = covariance(parabolaModel, theta, pairs).toNested<number[]>();
    t.forEach((ti, i) => {
      expect(found[i]! / formula(valuesOf(book), ti, u[i]!, same[i]!)).toBeCloseTo(1, 12);
      const [z, w] = [(ti - 1980) / 20, (u[i]! - 1980) / 20];
      const wanted = formula(valuesOf(theta), ti, u[i]!, same[i]!) + valuesOf(theta).at(-1)! ** 2 * (1 + z * w) ** 2;
      expect(withParabola[i]! / wanted).toBeCloseTo(1, 12);
    });
  });
});

describe("the likelihood", () => {
  test("of two months is the density of two correlated normal variables", () => {
    const two: Month[] = [few.training[0]!, few.training[3]!];
    const twoData = dataOf(two);
    const [[a, b], [, c]] = covariance(bookModel, book, twoData.pairs).toNested<[[number, number], [number, number]]>();
    const [x, y] = twoData.y.toNested<[number, number]>();
    const determinant = a * c - b * b;
    const squares = (c * x * x - 2 * b * x * y + a * y * y) / determinant;
    const wanted = squares / 2 + Math.log(determinant) / 2 + Math.log(2 * Math.PI);
    expect(negLogLikelihood(bookModel, twoData, book).item()).toBeCloseTo(wanted, 8);
  });

  test("of all 545 months, at the parameters of the book, is within 0.5 of the book's -108.5", () => {
    const all = dataOf(splitRecord(record, 2003, 1).training);
    expect(Math.abs(negLogLikelihood(bookModel, all, book).item() - 108.5)).toBeLessThan(0.5);
  });

  test("is the product of the predicted densities of one month after another", () => {
    const months = few.training.slice(0, 12);
    const whole = dataOf(months);
    let total = 0;
    for (const [i, { time }] of months.entries()) {
      const y = whole.y.data.get(i);
      const before = months.slice(0, i).map(({ time }, k) => ({ time, year: 0, ppm: whole.y.data.get(k) }));
      // `dataOf` has already subtracted the mean of all 12 months, so nothing more is subtracted from the subset.
      const subset = { ...dataOf(before.length > 0 ? before : [months[0]!]), mean: 0 };
      const past = { ...subset, y: tensor(before.map(({ ppm }) => ppm)) };
      const [mean, deviation] =
        i === 0
          ? [0, Math.sqrt(covariance(bookModel, book, pairsOf(whole.t, whole.t, tensor(1))).data.get(0))]
          : [
              predict(condition(bookModel, book, past), [time]).mean[0]!,
              predict(condition(bookModel, book, past), [time]).deviation[0]!,
            ];
      total += ((y - mean) / deviation) ** 2 / 2 + Math.log(deviation) + Math.log(2 * Math.PI) / 2;
    }
    expect(total).toBeCloseTo(negLogLikelihood(bookModel, whole, book).item(), 6);
  });

  test.each([1, 2, 3])("has the slope of equation 5.9 and of central differences, in random direction %d", (seed) => {
    for (const model of [bookModel, parabolaModel]) {
      const { reverse, trace, difference } = slopesAt(model, data, seed);
      expect(trace / reverse).toBeCloseTo(1, 7);
      expect(difference / reverse).toBeCloseTo(1, 5);
    }
  });

  test("is infinite where rounding makes the covariance indefinite, so a fit takes shorter steps", () => {
    const flat = thetaOf(start, sub(vectorOf(start), tensor([-9, -9, 0, 0, 0, 0, 0, 0, 40, 0, 40])));
    expect(() => cholesky(covariance(bookModel, flat, data.pairs))).toThrow("positive definite");
    expect(negLogLikelihood(bookModel, data, flat).item()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("the fit", () => {
  const found = fitProcess(bookModel, data);

  test("ends where the gradient vanishes, at a higher likelihood than the start and the book's parameters", () => {
    expect(found.minimum.reason).toBe("converged");
    expect(found.minimum.loss).toBeLessThan(negLogLikelihood(bookModel, data, book).item());
    expect(found.minimum.loss).toBeLessThan(negLogLikelihood(bookModel, data, start).item());
  });

  test("has standard errors that predict the fall of the likelihood", { tags: "soak" }, () => {
    // The parameters θ₉, θ₁₀ and θ₁₁ describe noise that lasts for weeks. The training data have only every fifth
    // month, which may not determine these parameters.
    const errors = standardErrors(found);
    const determined = errors.map((error) => error !== undefined);
    expect(determined.slice(0, 7)).toEqual(Array(7).fill(true));
    expect(determined.slice(8)).toContain(false);
    // `curvature` is the second derivative of −log p(y | θ) with respect to θ₃. If all other parameters were known, the
    // standard error of θ₃ would be 1 / √curvature. With unknown parameters, the standard error is larger.
    const at = (by: number) => {
      const step = tensor(errors.map((_, i) => (i === 2 ? by : 0)));
      return negLogLikelihood(bookModel, data, thetaOf(start, axpy(1, step, vectorOf(found.minimum.params)))).item();
    };
    const curvature = (at(0.02) - 2 * at(0) + at(-0.02)) / 0.02 ** 2;
    expect(1 / Math.sqrt(curvature)).toBeLessThan(errors[2]!);
  });

  test("has components that add up to the prediction, and with the white noise to the measurements", () => {
    const { posterior } = found;
    const times = [1970.3, 2003.5, 2012];
    const parts = decompose(posterior, times);
    predict(posterior, times).mean.forEach((mean, i) => {
      expect(parts.reduce((total, part) => total + part.mean[i]!, data.mean)).toBeCloseTo(mean, 8);
    });
    const here = few.training.slice(0, 5).map(({ time }) => time);
    const white = exp(posterior.theta[4]!.amplitude!).item() ** 2;
    predict(posterior, here).mean.forEach((mean, i) => {
      expect(mean + white * posterior.alpha.data.get(i)).toBeCloseTo(few.training[i]!.ppm, 6);
    });
  });

  test("predicts the mean of the training data, with the deviation of the process, in the far future", () => {
    const { mean, deviation } = predict(found.posterior, [4000]);
    const theta = valuesOf(found.minimum.params);
    expect(mean[0]).toBeCloseTo(data.mean, 1);
    expect(deviation[0]).toBeCloseTo(Math.hypot(theta[0]!, theta[2]!, theta[5]!, theta[8]!, theta[10]!), 2);
  });

  test("has a band that contains most of the first held-out year, and none of the last seven", () => {
    const months = byHorizon(few.heldOut);
    expect(months.map(({ years }) => years)).toEqual(["1", "2–3", "4–6", "7–10", "11–17"]);
    expect(months.flatMap(({ months }) => months)).toEqual(few.heldOut);
    const scores = months.map(({ months }) => scoreOf(forecast(found.posterior, months, 0.95)));
    expect(scores[0]!.coverage).toBeGreaterThan(0.8);
    expect(scores.at(-1)!.coverage).toBe(0);
    const least = baseline(few);
    expect(least.every((ppm, i) => Math.abs(ppm - few.heldOut[i]!.ppm) < 6)).toBe(true);
  });
});

test.each([
  [0.95, 1.959963985],
  [0.5, 0.67448975],
])("a normal variable is with probability %d within %d deviations", (confidence, z) =>
  expect(quantile(confidence)).toBeCloseTo(z, 8),
);

test("the gradient with respect to the tree of parameters agrees with the gradient with respect to the vector", () => {
  const v = vectorOf(start);
  const direction = randomNormal(randomKey(5), { shape: v.shape, dtype: "float64" });
  const tree = vectorOf(grad((theta: typeof start) => negLogLikelihood(bookModel, data, theta))(start));
  const vector = grad((v: Tensor) => negLogLikelihood(bookModel, data, thetaOf(start, v)))(v);
  expect(sum(mul(tree, direction)).item()).toBeCloseTo(sum(mul(vector, direction)).item(), 8);
});

describe("the command", () => {
  test("prints and draws its results", async () => {
    const args = ["--stride", "7", "--until", "1995", "--confidence", "0.9", "--out", out];
    const { outcome, printed } = await runQuietly(gaussianProcess, args);
    expectReadable(printed);
    expect(printed).not.toMatch(/NaN|Infinity/);
    for (const text of ["CO₂ at Mauna Loa: 65 monthly means of 1958 to 1995", "90 % band", "equation 5.9", "11–25"])
      expect(printed).toContain(text);
    expect(outcome.forecasts.length).toBe(292);
    expectSelfContained(outcome.file, 8);
  });

  test.each([
    [["--until", "1950"], "--until must be a whole number from 1965 to 2018"],
    [["--stride", "2"], "--stride must be 1 or 5 or 7"],
  ])("rejects %j with a one-line message", (args, message) =>
    expectRefusal(gaussianProcess, [...args, "--out", out], message),
  );
});
