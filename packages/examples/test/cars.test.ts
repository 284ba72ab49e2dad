import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tensor } from "@wengert/core";
import { crossEntropy, log, mean, square, sub, sum } from "@wengert/ops";
import { afterAll, describe, expect, test } from "vitest";
import { columns, origins, readCars } from "../src/cars/data.ts";
import { accuracyOf, judge, labelsOf, learn, meanAndSpread, rowsOf, splits } from "../src/cars/fit.ts";
import cars from "../src/cars/main.ts";
import { amount, oddsMoved, oddsRatios, readAloud } from "../src/cars/odds.ts";
import { correlation } from "../src/cars/summary.ts";
import { farthest } from "../src/shared/algebra.ts";
import { worstOf } from "../src/shared/classifiers.ts";
import { expectReadable, expectRefusal, expectSelfContained, runQuietly } from "./support.ts";

const out = mkdtempSync(join(tmpdir(), "wengert-cars-"));
afterAll(() => rmSync(out, { recursive: true }));

const data = readCars();
const settings = { steps: 500, rate: 0.5, ridge: 0.001 };
const parts = splits(data.cars, 4, 1);
const models = await Promise.all(parts.map((part) => learn(part, settings)));

describe("the cars", () => {
  test("are 392 of 406, with the missing values of the other 14 counted", () => {
    expect([data.cars.length, data.incomplete, [...data.missing]]).toEqual([
      392,
      14,
      [
        ["mileage", 8],
        ["horsepower", 6],
      ],
    ]);
    const counts = origins.map((_, k) => data.cars.filter(({ origin }) => origin === k).length);
    expect(counts).toEqual([245, 68, 79]);
    expect(data.cars[0]).toEqual({
      name: "chevrolet chevelle malibu",
      values: [18, 8, 307, 130, 3504, 12, 1970],
      origin: 0,
    });
  });

  test("are each held out once, and never in the training set of the same fold", () => {
    expect(parts.map(({ train, heldOut }) => [train.length, heldOut.length])).toEqual(Array(4).fill([294, 98]));
    expect(new Set(parts.flatMap(({ heldOut }) => heldOut)).size).toBe(392);
    for (const { train, heldOut } of parts) expect(heldOut.filter((car) => train.includes(car))).toEqual([]);
    const shares = parts.map(({ heldOut }) =>
      [0, 1, 2].map((k) => heldOut.filter(({ origin }) => origin === k).length),
    );
    for (const k of [0, 1, 2]) {
      const counts = shares.map((part) => part[k]!);
      expect(Math.max(...counts) - Math.min(...counts), origins[k]).toBeLessThanOrEqual(1);
    }
  });

  test("are in the same folds for the same seed, and in different folds for a different seed", () => {
    expect(splits(data.cars, 4, 1)).toEqual(parts);
    expect(splits(data.cars, 4, 2)).not.toEqual(parts);
  });

  test("are scaled by the mean and deviation of the training cars only", () => {
    const { scaling } = models[0]!;
    const [fitted, unseen] = [parts[0]!.train, parts[0]!.heldOut].map((some) => rowsOf(some, scaling));
    const center = mean(fitted!, { axis: 0 });
    const spread = mean(square(sub(fitted!, center)), { axis: 0 });
    columns.forEach((_, j) => {
      expect(center.toNested<number[]>()[j]).toBeCloseTo(0, 10);
      expect(spread.toNested<number[]>()[j]).toBeCloseTo(1, 10);
    });
    const away = mean(unseen!, { axis: 0 }).toNested<number[]>().slice(0, -1).map(Math.abs);
    expect(Math.min(...away)).toBeGreaterThan(1e-4);
  });
});

const probabilitiesOf = (some: readonly { readonly probabilities: readonly number[] }[]) =>
  tensor(some.map(({ probabilities }) => [...probabilities]));

describe("the fit", () => {
  const verdicts = parts.map(({ heldOut }, i) => judge(models[i]!, heldOut));

  test("classifies over 75 % of the held-out cars correctly, and over 70 % of each fold; always guessing USA gives 62.5 %", () => {
    for (const part of verdicts) expect(accuracyOf(part)).toBeGreaterThan(0.7);
    expect(accuracyOf(verdicts.flat())).toBeGreaterThan(0.75);
  });

  test("records loss and accuracy on the held-out cars, which do not influence it", async () => {
    const { train, validation } = models[0]!.history;
    expect([train.length, validation.length, validation.at(-1)!.step]).toEqual([50, 50, 500]);
    expect(validation.at(-1)!.metrics.accuracy).toBe(accuracyOf(verdicts[0]!));
    const loss = crossEntropy(log(probabilitiesOf(verdicts[0]!)), labelsOf(parts[0]!.heldOut)).item();
    expect(validation.at(-1)!.loss).toBeCloseTo(loss, 12);
    const others = await learn({ ...parts[0]!, heldOut: parts[1]!.heldOut }, settings);
    expect(others.W.toNested()).toEqual(models[0]!.W.toNested());
  });

  test("has a mean and a sample standard deviation over the folds", () => {
    expect(meanAndSpread([1, 2, 3, 4])).toEqual([2.5, Math.sqrt(5 / 3)]);
  });

  test("has converged, and each row of W still sums to 0", async () => {
    const further = await learn(parts[0]!, { ...settings, steps: 1000 });
    expect(farthest(further.W, models[0]!.W)).toBeLessThan(1e-4);
    for (const total of sum(models[0]!.W, { axis: 1 }).toNested<number[]>()) expect(total).toBeCloseTo(0, 12);
  });

  test("lists its mistakes by decreasing probability", () => {
    const worst = worstOf(verdicts.flat(), 5).map(({ probability }) => probability);
    expect(worst).toEqual(worst.toSorted((a, b) => b - a));
    expect(worst[0]).toBeGreaterThan(0.75);
  });
});

describe("the coefficients", () => {
  const ratios = oddsRatios(models);

  test("give the factor by which the odds of any car change", () => {
    expect(ratios).toHaveLength(columns.length * 3);
    for (const ratio of ratios) {
      for (const car of [parts[0]!.heldOut[0]!, parts[0]!.heldOut[50]!]) {
        const [before, after] = oddsMoved(models[0]!, car, ratio);
        expect(after / before / ratio.factor).toBeCloseTo(1, 10);
      }
    }
  });

  test("are within their ranges over all fits", () => {
    for (const { factor, range } of ratios) expect(range[0] <= factor && factor <= range[1]).toBe(true);
  });

  test("are described in sentences, the strongest first", () => {
    const [first, second] = readAloud(ratios, models[0]!, 2);
    expect(first).toMatch(
      /^One standard deviation more displacement \(\d+ cubic inches\) multiplies the odds of USA against Japan by [\d,]+\.$/,
    );
    expect(second).toMatch(/^One standard deviation more horsepower \([\d.]+ hp\) divides the odds of .* by [\d.]+\.$/);
    expect([amount(1524), amount(0.0718), amount(104.6, 3)]).toEqual(["1,500", "0.072", "105"]);
  });

  test("belong to correlated columns", () => {
    const column = (name: string) =>
      tensor(data.cars.map(({ values }) => values[columns.findIndex((column) => column.name === name)]!));
    expect(correlation(column("displacement"), column("weight"))).toBeGreaterThan(0.9);
    expect(correlation(tensor([1, 2, 3]), tensor([2, 4, 6]))).toBeCloseTo(1, 14);
    expect(correlation(tensor([1, 2, 3]), tensor([1, 0, -1]))).toBeCloseTo(-1, 14);
  });
});

describe("the command", () => {
  test("prints and draws its results", async () => {
    const { outcome, printed } = await runQuietly(cars, ["--out", out]);
    for (const text of [
      "406 cars",
      "8 without mileage, 6 without horsepower",
      "predicted Japan",
      "In words",
      "77.55 %",
      "77.54 % ± 3.54 %",
    ]) {
      expect(printed).toContain(text);
    }
    expectReadable(printed);
    expect(printed).not.toMatch(/NaN|Infinity/);
    expectSelfContained(outcome.file, 9);
    expect(readFileSync(outcome.file, "utf8")).toContain("77.54 % ± 3.54 %");
    expect(sum(outcome.confusion.counts).item()).toBe(392);
  });

  test.each([
    [["--folds", "1"], '--folds must be a whole number from 2 to 20, not "1".'],
    [["--rate", "1e300"], "use a smaller --rate"],
    [["--epochs", "1"], "unknown option --epochs"],
  ])("rejects %j with a one-line message", (args, message) => expectRefusal(cars, [...args, "--out", out], message));
});
