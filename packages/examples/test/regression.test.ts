import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { grad, type Tensor, tensor } from "@wengert/core";
import { add, mul } from "@wengert/ops";
import { afterAll, describe, expect, test } from "vitest";
import { names, type Problem, problems } from "../src/regression/data.ts";
import { band, leastSquares, sumOfSquares } from "../src/regression/fit.ts";
import regression, { digits } from "../src/regression/main.ts";
import { quantile } from "../src/regression/student.ts";
import { expectReadable, expectRefusal, expectSelfContained, runQuietly } from "./support.ts";

const out = mkdtempSync(join(tmpdir(), "wengert-regression-"));
afterAll(() => rmSync(out, { recursive: true }));

describe.each(names)("%s", (name) => {
  const problem = problems[name];
  const { certified, starts } = problem;

  test.each(["near", "far"] as const)(
    "has the certified parameters and standard errors, from the %s start",
    (start) => {
      const { b, gaussNewton, sumOfSquares, minimum } = leastSquares(problem, starts[start]);
      expect(minimum.reason).toBe("converged");
      for (const [i, bi] of b.entries()) {
        expect(digits(bi, certified.b[i]!)).toBeGreaterThan(9.5);
        expect(digits(gaussNewton.errors[i]!, certified.errors[i]!)).toBeGreaterThan(9.5);
      }
      expect(digits(sumOfSquares, certified.sumOfSquares)).toBeGreaterThan(9.5);
    },
  );

  test("has a Hessian that agrees with differences of the gradient", () => {
    const { b, hessian, deviation } = leastSquares(problem, starts.near);
    const at = (k: number, by: number) => b.map((bi, i) => tensor(i === k ? bi * (1 + by) : bi));
    const gradient = grad((b: readonly Tensor[]) => sumOfSquares(problem, b));
    const step = 1e-5;
    // The covariance of the parameters is the residual variance times H⁻¹, where H is half the Hessian of the sum of
    // squares. So covariance · H must be the residual variance times the identity matrix.
    for (const k of b.keys()) {
      const [ahead, behind] = [gradient(at(k, step)), gradient(at(k, -step))];
      const column = b.map((_, i) => (ahead[i]!.item() - behind[i]!.item()) / (4 * step * b[k]!));
      for (const i of b.keys()) {
        const entry = column.reduce((sum, h, j) => sum + hessian.covariance.data.get(i, j) * h, 0) / deviation ** 2;
        expect((entry * b[k]!) / b[i]!).toBeCloseTo(i === k ? 1 : 0, 3);
      }
    }
  });
});

describe("a straight line, which has closed forms", () => {
  const xs = [1, 2, 4, 7, 11];
  const ys = [2.1, 2.9, 5.2, 7.7, 12.4];
  const line: Problem = {
    ...problems.boxbod,
    points: xs.map((x, i) => [x, ys[i]!] as const),
    curve: (x, [b1, b2]) => add(b1!, mul(b2!, x)),
  };
  const found = leastSquares(line, [1, 0.5]);
  const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const [x, y] = [mean(xs), mean(ys)];
  const Sxx = xs.reduce((sum, xi) => sum + (xi - x) ** 2, 0);
  const slope = xs.reduce((sum, xi, i) => sum + (xi - x) * (ys[i]! - y), 0) / Sxx;
  const s = Math.sqrt(xs.reduce((sum, xi, i) => sum + (ys[i]! - y - slope * (xi - x)) ** 2, 0) / 3);

  test("has the parameters and both kinds of standard errors of the formulas", () => {
    const errors = [s * Math.sqrt(1 / 5 + x ** 2 / Sxx), s / Math.sqrt(Sxx)];
    for (const [i, wanted] of [y - slope * x, slope].entries()) expect(found.b[i]).toBeCloseTo(wanted, 10);
    for (const [i, wanted] of errors.entries())
      for (const by of [found.hessian, found.gaussNewton]) expect(by.errors[i]).toBeCloseTo(wanted, 10);
    expect(found.deviation).toBeCloseTo(s, 10);
  });

  test("has the band t s √(1/n + (x − x̄)² / Sxx)", () => {
    for (const { x: at, y: height, half } of band(line, found, found.hessian, 0.95, [-3, 0, 5, 20])) {
      expect(height).toBeCloseTo(y + slope * (at - x), 10);
      expect(half).toBeCloseTo(3.182446305 * s * Math.sqrt(1 / 5 + (at - x) ** 2 / Sxx), 8);
    }
  });
});

test.each([
  [0.975, 1, 12.7062047362],
  [0.975, 4, 2.7764451052],
  [0.975, 12, 2.1788128297],
  [0.995, 30, 2.7499956536],
  [0.9, 10_000, 1.2816362],
  [0.5, 7, 0],
])("Student's t of %d for %d degrees of freedom", (p, freedom, t) => expect(quantile(p, freedom)).toBeCloseTo(t, 6));

describe("the command", () => {
  test.each(names)("prints and draws its results for %s", async (name) => {
    const { outcome, printed } = await runQuietly(regression, ["--data", name, "--start", "far", "--out", out]);
    expectReadable(printed);
    expect(printed).not.toMatch(/NaN|Infinity/);
    for (const text of [problems[name].title, "± by Hessian", outcome.fit.sumOfSquares.toPrecision(11)])
      expect(printed).toContain(text);
    expectSelfContained(outcome.file, 2);
  });

  test.each([
    [["--data", "misra1b"], "--data must be rat43 or thurber or misra1a or boxbod"],
    [["--confidence", "95"], "--confidence must be a number from 0.5 to 0.999"],
  ])("rejects %j with a one-line message", (args, message) =>
    expectRefusal(regression, [...args, "--out", out], message),
  );
});
