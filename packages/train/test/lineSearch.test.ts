import { describe, expect, it, test } from "vitest";
import { cholesky, solveCholesky } from "../src/minimize/cholesky.ts";
import { lineSearch } from "../src/minimize/lineSearch.ts";

type Curve = readonly [loss: (a: number) => number, slope: (a: number) => number];

/**
 * Test functions for line search: functions 1 to 3 of J. Moré and D. Thuente, Line search algorithms with guaranteed
 * sufficient decrease (1994), and more.
 */
const curves: Readonly<Record<string, Curve>> = {
  "long slope": [(a) => -a / (a * a + 2), (a) => (a * a - 2) / (a * a + 2) ** 2],
  "steep wall": [(a) => (a + 0.004) ** 5 - 2 * (a + 0.004) ** 4, (a) => 5 * (a + 0.004) ** 4 - 8 * (a + 0.004) ** 3],
  waves: wavy(39, 0.01),
  parabola: [(a) => (a - 1) ** 2, (a) => 2 * (a - 1)],
  "parabola among large numbers": [(a) => 1e9 + (a - 1) ** 2, (a) => 2 * (a - 1)],
  "minimum, then a cliff": [(a) => a ** 8 - a, (a) => 8 * a ** 7 - 1],
  "end of the domain": [(a) => -Math.log(1 - a) - 3 * a, (a) => 1 / (1 - a) - 3],
  "kink with another slope behind it": [(a) => Math.max(-a, 20 * (a - 1) - 1), (a) => (a < 1 ? -1 : 20)],
};

/** Returns a test function with many small waves, whose trend falls up to x = 1 and rises beyond. */
function wavy(l: number, b: number): Curve {
  const k = (l * Math.PI) / 2;
  const base = (a: number) => (a <= 1 - b ? 1 - a : a >= 1 + b ? a - 1 : (a - 1) ** 2 / (2 * b) + b / 2);
  const slope = (a: number) => (a <= 1 - b ? -1 : a >= 1 + b ? 1 : (a - 1) / b);
  return [(a) => base(a) + ((1 - b) / k) * Math.sin(k * a), (a) => slope(a) + (1 - b) * Math.cos(k * a)];
}

const units = [1e-6, 1e-3, 0.1, 0.5, 1, 2, 10, 1e3, 1e6];

describe.each(Object.entries(curves))("%s", (name, [loss, slope]) => {
  it.each(units)("meets the strong Wolfe conditions when the first trial is %d", (unit) => {
    let trials = 0;
    const at = (alpha: number) => {
      trials++;
      const value = loss(unit * alpha);
      return { alpha, loss: Number.isFinite(value) ? value : Infinity, slope: unit * slope(unit * alpha) };
    };
    const start = { alpha: 0, loss: loss(0), slope: unit * slope(0) };
    const noise = 1e-12 * Math.abs(start.loss);
    const found = lineSearch(at, start, noise)!;
    expect(found.loss).toBeLessThanOrEqual(start.loss + 1e-4 * found.alpha * start.slope + noise);
    if (name.startsWith("kink")) return; // a kink has no point with a small slope
    expect(Math.abs(found.slope)).toBeLessThanOrEqual(0.9 * Math.abs(start.slope));
    expect(trials).toBeLessThanOrEqual(30);
  });
});

test("slopes decide where losses round to the same number", () => {
  // The loss of this test differs from 1 by at most 1e-16, so rounding makes all differences of the loss 0.
  const at = (alpha: number) => ({ alpha, loss: 1 + Math.sin(1e9 * alpha) * 1e-16, slope: 1e-8 * (alpha - 0.3) });
  const found = lineSearch(at, at(0), 1e-13)!;
  expect(found.alpha).toBeCloseTo(0.3, 12);
});

test("the search returns undefined if no step lowers the loss", () => {
  const up = (alpha: number) => ({ alpha, loss: alpha, slope: alpha === 0 ? -1 : 1 }); // the slope at 0 is wrong: the loss rises
  expect(lineSearch(up, up(0), 0)).toBeUndefined();
  const nowhere = (alpha: number) => ({
    alpha,
    loss: alpha === 0 ? 0 : Infinity,
    slope: alpha === 0 ? -1 : Number.NaN,
  });
  expect(lineSearch(nowhere, nowhere(0), 0)).toBeUndefined();
});

test("a loss without a minimum gives the lowest trial", () => {
  const down = (alpha: number) => ({ alpha, loss: -alpha, slope: -1 });
  expect(lineSearch(down, down(0), 0)!.alpha).toBeGreaterThan(1e9);
});

describe("Cholesky", () => {
  const A = Float64Array.of(4, 2, -2, 2, 5, 3, -2, 3, 9);
  it("solves", () => {
    const x = solveCholesky(cholesky(A, 3)!, Float64Array.of(4, 10, 10));
    for (const [i, b] of [4, 10, 10].entries())
      expect(x.reduce((sum, xj, j) => sum + A[3 * i + j]! * xj, 0)).toBeCloseTo(b, 13);
  });
  it("adds the shift to the diagonal", () => {
    expect([...solveCholesky(cholesky(A, 3, 1)!, Float64Array.of(5, 2, -2))]).toEqual(
      [1, 0, 0].map((x) => expect.closeTo(x, 14)),
    );
  });
  it("returns undefined unless the matrix is positive definite beyond rounding errors", () => {
    for (const b of [1, 2, 1 + 1e-15]) expect(cholesky(Float64Array.of(1, b, b, 1), 2)).toBeUndefined();
    expect(cholesky(Float64Array.of(1, 1, 1, 1 + 4 * Number.EPSILON), 2)).toBeUndefined();
    expect(cholesky(Float64Array.of(-1), 1)).toBeUndefined();
    expect(cholesky(Float64Array.of(Number.NaN), 1)).toBeUndefined();
    expect(cholesky(Float64Array.of(1, 1, 1, 1), 2, 1e-8)).toBeDefined();
  });
});
