import { grad, type Tensor, zeros } from "@wengert/core";
import { gradcheck } from "@wengert/core/gradcheck";
import { mean, mul, square, sub } from "@wengert/ops";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { InputError } from "../src/shared/options.ts";
import { measurements, readPenguins } from "../src/shared/penguins.ts";
import { atDifference, fitBoth, logisticLoss, softmaxLoss } from "../src/sigmoid/compare.ts";
import sigmoid from "../src/sigmoid/main.ts";

const data = readPenguins();
const values = (t: Tensor): number[] => [t.toNested()].flat(2).map(Number);

describe("the second entry of softmax([a₀, a₁]) is σ(a₁ − a₀)", () => {
  test.each([-800, -745, -40, -3, -0.5, 0, 0.5, 3, 40, 745, 800])("with two derivatives, for d = %d", (d) => {
    const { sigmoid, softmax, apart } = atDifference(d);
    // Computes the smaller of the two probabilities first. Computing it as 1 minus the larger probability would lose
    // digits.
    const small = Math.exp(-Math.abs(d)) / (1 + Math.exp(-Math.abs(d)));
    const [left, right] = d < 0 ? [small, 1 - small] : [1 - small, small];
    const expected = [left, left * right, left * right * (right - left)];
    for (const jet of [sigmoid, softmax]) {
      jet.forEach((value, order) => {
        expect(Math.abs(value - expected[order]!)).toBeLessThanOrEqual(4e-15 * Math.abs(expected[order]!));
      });
    }
    expect(apart).toBeLessThan(4e-15);
  });

  test("keeps its digits at ±40, and is 0 or 1 at ±800, with derivatives 0", () => {
    expect(atDifference(-40).softmax[0]).toBe(Math.exp(-40) / (1 + Math.exp(-40)));
    expect(atDifference(40).softmax[1]).toBeGreaterThan(4e-18);
    expect(atDifference(800).softmax.map(Math.abs)).toEqual([1, 0, 0]);
    expect(atDifference(-800).softmax.map(Math.abs)).toEqual([0, 0, 0]);
  });
});

describe("the penguins", () => {
  test("include only those with all measurements", () => {
    expect([data.X.shape, data.labels.shape, data.incomplete]).toEqual([[219, measurements.length + 1], [219], 1]);
    expect(values(data.labels).filter((label) => label === 1)).toHaveLength(68);
  });

  test("are standardized, with a column of ones for the bias", () => {
    const center = mean(data.X, { axis: 0 });
    const variance = mean(square(sub(data.X, center)), { axis: 0 });
    expect(values(center).map((x) => Math.round(1e12 * x) / 1e12 + 0)).toEqual([0, 0, 0, 0, 1]);
    expect(values(variance).map((x) => Math.round(1e12 * x) / 1e12)).toEqual([1, 1, 1, 1, 0]);
  });
});

describe("the logistic loss", () => {
  test("has the derivatives that finite differences give", () => {
    const w = grad((start: Tensor) => logisticLoss(data, start))(zeros([5, 1]));
    gradcheck((at: Tensor) => logisticLoss(data, at), [w]);
  });

  test("has the correct derivative at z = 0, where a fit from w = 0 begins", () => {
    const ofLogistic = values(grad((w: Tensor) => logisticLoss(data, w))(zeros([5, 1])));
    const ofSoftmax = grad((W: Tensor) => softmaxLoss(data, W))(zeros([5, 2])).toNested() as number[][];
    ofLogistic.forEach((slope, i) => {
      expect(slope).toBeCloseTo(ofSoftmax[i]![1]!, 14);
    });
    expect(Math.max(...ofLogistic.map(Math.abs))).toBeGreaterThan(0.1);
  });

  test("stays finite where exp(-z) would overflow", () => {
    const w = mul(1e5, grad((start: Tensor) => logisticLoss(data, start))(zeros([5, 1])));
    expect(logisticLoss(data, w).item()).toBeGreaterThan(1e3);
    expect(values(grad((at: Tensor) => logisticLoss(data, at))(w)).every(Number.isFinite)).toBe(true);
  });
});

describe("a fit", () => {
  const moments = fitBoth(data, { steps: 200, rate: 0.5, seed: 1 });

  test("by logistic regression with twice the step size stays equal to w₁ − w₀ for 200 steps", () => {
    expect(moments).toHaveLength(201);
    expect(Math.max(...moments.map(({ apart }) => apart.twice))).toBeLessThan(1e-12);
    expect(Math.max(...moments.map((m) => Math.abs(m.softmaxLoss - m.logisticLoss)))).toBeLessThan(1e-12);
  });

  test("with the same step size does not stay equal", () => {
    expect(moments[0]?.apart.same).toBe(0);
    expect(Math.min(...moments.slice(1).map(({ apart }) => apart.same))).toBeGreaterThan(0.1);
  });

  test("keeps w₀ + w₁ constant, and learns", () => {
    expect(Math.max(...moments.map(({ drift }) => drift))).toBeLessThan(1e-12);
    expect(moments.at(-1)?.softmaxLoss).toBeLessThan(0.05);
  });
});

describe("the command", () => {
  const log = vi.spyOn(console, "log");
  beforeEach(() => void log.mockImplementation(() => {}));
  afterEach(() => void log.mockReset());

  test("prints both tables, the number of omitted rows and the reason for the factor", async () => {
    const moments = await sigmoid.run(["--steps", "3", "--seed", "2"]);
    const printed = log.mock.calls.flat().join("\n");
    expect(moments).toHaveLength(4);
    for (const text of ["4.25e-18", "219 penguins", "1 row is left out", "Why twice?", "after step 3"]) {
      expect(printed).toContain(text);
    }
    expect(printed).not.toMatch(/NaN(?! for d)|undefined|Infinity/);
    expect(Math.max(...printed.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  test("rejects unknown and invalid options", async () => {
    await expect(sigmoid.run(["--step", "3"])).rejects.toThrow(InputError);
    await expect(sigmoid.run(["--rate", "-1"])).rejects.toThrow("--rate must be a number above 0");
  });
});
