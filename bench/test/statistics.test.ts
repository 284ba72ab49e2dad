import { expect, test } from "vitest";
import { difference, ratio, summary } from "../runner/statistics.mjs";

test("median and quartiles interpolate between the two nearest numbers", () => {
  expect(summary([4, 1, 3, 2])).toEqual({ median: 2.5, low: 1.75, high: 3.25 });
  expect(summary([7])).toEqual({ median: 7, low: 7, high: 7 });
  expect(() => summary([])).toThrow("expected at least one number");
});

test("a ratio is taken within a round, so slow rounds cancel", () => {
  expect(ratio([1, 10, 3], [2, 20, 6])).toBe(0.5);
});

test("difference is relative to the largest expected number", () => {
  expect(difference([1, 4], [1, 4])).toBe(0);
  expect(difference([1.5, -5], [1, -5])).toBe(0.1);
  expect(difference([0.5], [0])).toBe(Infinity);
});

test("NaN differs infinitely from every number, and so do arrays of different length", () => {
  expect(difference([NaN], [1])).toBe(Infinity);
  expect(difference([1], [NaN])).toBe(Infinity);
  expect(difference([1], [Infinity])).toBe(Infinity);
  expect(difference([NaN, 1], [NaN, 1])).toBe(0);
  expect(difference([1, 2], [1])).toBe(Infinity);
});
