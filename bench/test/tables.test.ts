import { expect, test } from "vitest";
import { duration, ratiosTable, table, timesTable } from "../runner/tables.mjs";

const timing = (...rounds: number[]) => ({
  median: rounds[0]!,
  low: 0.9 * rounds[0]!,
  high: 1.1 * rounds[0]!,
  rounds,
  count: 9,
});
const cases = [
  { title: "one", timings: { wengert: timing(1000, 2000), torch: timing(4000, 4000) }, out: {} },
  { title: "other", timings: { wengert: timing(5) }, out: { torch: "has no other" } },
];
const titles = { wengert: "Wengert", torch: "PyTorch", gone: "never ran" };

test("columns are aligned, and a peer that never ran has no column", () => {
  expect(timesTable(cases, titles).split("\n")).toEqual([
    "|       |       Wengert |       PyTorch |",
    "| ----- | ------------: | ------------: |",
    "| one   | 1.00 µs ±10 % | 4.00 µs ±10 % |",
    "| other | 5.00 ns ±10 % |             – |",
  ]);
});

test("ratios compare with each peer, and a missing one is a dash", () => {
  expect(ratiosTable(cases, titles).split("\n").slice(2)).toEqual(["| one   |    0.38 |", "| other |       – |"]);
});

test("a duration has three digits and a suitable unit", () => {
  expect([0.5, 999.4, 999.6, 12_345, 99_960_000, 1.5e9].map(duration)).toEqual([
    "0.500 ns",
    "999 ns",
    "1.00 µs",
    "12.3 µs",
    "100 ms",
    "1.50 s",
  ]);
});

test("cells are as wide as the widest cell of their column", () => {
  expect(
    table([
      ["a", "b"],
      ["long cell", "1"],
    ]).split("\n")[0],
  ).toBe("| a         |   b |");
});
