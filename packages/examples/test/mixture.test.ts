import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { grad, type Tensor, tensor } from "@wengert/core";
import { gradcheck } from "@wengert/core/gradcheck";
import { exp, sum } from "@wengert/ops";
import { afterAll, describe, expect, test } from "vitest";
import { logDensity, lossOf, type Mixture, naiveLogDensity } from "../src/mixture/density.ts";
import { fitMixture, initialMixture, type Shape, shapeOf } from "../src/mixture/fit.ts";
import { readFlippers } from "../src/mixture/flippers.ts";
import mixtureExample from "../src/mixture/main.ts";
import { bySpecies, shares, wayNames, weighted } from "../src/mixture/shares.ts";
import { exactLogSumExp, spoiltBy, tailAt } from "../src/mixture/tails.ts";
import { farthest, norm } from "../src/shared/algebra.ts";
import { exactly, log, nearest, relativeError, exp as slowExp } from "../src/shared/fixed.ts";
import { expectReadable, expectRefusal, expectSelfContained, runQuietly } from "./support.ts";

const out = mkdtempSync(join(tmpdir(), "wengert-mixture-"));
afterAll(() => rmSync(out, { recursive: true }));

const flippers = readFlippers();
const { x } = flippers;
const lengths = x.toNested<number[]>();
const start = initialMixture(x, 2);
const moments = fitMixture(x, start, { steps: 400, rate: 1 });
const mixture = moments.at(-1)!.params;
const shape = shapeOf(mixture);

describe("the flippers", () => {
  test("are 342 in ascending order, each with its species, and two are unmeasured", () => {
    expect([x.shape, flippers.species.length, flippers.incomplete]).toEqual([[342], 342, 2]);
    expect(lengths).toEqual(lengths.toSorted((a, b) => a - b));
    expect([lengths[0], lengths.at(-1), flippers.species[0], flippers.species.at(-1)]).toEqual([
      172,
      231,
      "Adelie",
      "Gentoo",
    ]);
  });
});

describe("the density", () => {
  test("equals the textbook formula, and integrates to 1", () => {
    const grid = Array.from({ length: 1501 }, (_, i) => 130 + i / 10);
    const found = exp(logDensity(mixture, tensor(grid))).toNested<number[]>();
    grid.forEach((at, i) => {
      expect(found[i]! / onPaper(shape, at)).toBeCloseTo(1, 11);
    });
    expect(found.reduce((total, p) => total + p / 10, 0)).toBeCloseTo(1, 12);
  });

  test("has the derivatives that finite differences give, to second order", () => {
    gradcheck((m: Mixture) => lossOf(m, x), [initialMixture(x, 3)]);
    gradcheck((at: Tensor) => sum(logDensity(mixture, at)), [tensor([170, 204, 260])]);
  });
});

describe("the fit", () => {
  test("ends at a zero of the gradient, far below the loss of a single Gaussian", () => {
    const [single] = fitMixture(x, initialMixture(x, 1), { steps: 200, rate: 1 }).slice(-1);
    expect(Math.max(...Object.values(grad((m: Mixture) => lossOf(m, x))(mixture)).map(norm))).toBeLessThan(1e-8);
    expect(moments.at(-1)!.loss).toBeLessThan(single!.loss - 0.1);
    expect(shapeOf(single!.params).mu[0]).toBeCloseTo(lengths.reduce((a, b) => a + b) / lengths.length, 3);
  });

  test("agrees with the EM algorithm, which uses no gradient", () => {
    const found = expectationMaximization(shapeOf(start), 300);
    for (const part of ["pi", "mu", "sigma"] as const) {
      found[part].forEach((value, k) => {
        expect(shape[part][k]! / value).toBeCloseTo(1, 7);
      });
    }
  });

  test("separates the Gentoo from the other species without their labels", () => {
    const counts = bySpecies(flippers, shares("softmax(t)", mixture, x));
    expect([...counts.keys()]).toEqual(["Adelie", "Chinstrap", "Gentoo"]);
    const [adelie, chinstrap, gentoo] = [...counts.values()];
    expect(adelie![0]! + chinstrap![0]!).toBeGreaterThan(0.94 * 219);
    expect(gentoo![1]!).toBeGreaterThan(0.98 * 123);
  });
});

describe("the responsibilities", () => {
  const r = shares("∂ logSumExp(t)/∂t", mixture, x);

  test("are the same in all four ways, and sum to 1", () => {
    for (const way of wayNames) expect(farthest(shares(way, mixture, x), r)).toBeLessThan(2e-15);
    for (const total of sum(r, { axis: 1 }).toNested<number[]>()) expect(total).toBeCloseTo(1, 15);
  });

  test("reproduce the mixture where the gradient is 0", () => {
    const again = weighted(x, r);
    for (const part of ["pi", "mu", "sigma"] as const) {
      again[part].forEach((value, k) => {
        expect(value).toBeCloseTo(shape[part][k]!, 7);
      });
    }
  });
});

describe("far from the data", () => {
  test("logarithms with 150 digits are correct", () => {
    const ln2 = "6931471805599453094172321214581765680755001343602552541206800094933936219696947156058633269964186875";
    expect(((log(exactly(2)) * 10n ** 100n) >> 512n).toString()).toBe(ln2);
    expect(relativeError(nearest(log(slowExp(exactly(-33.7)))), exactly(-33.7))).toBeLessThan(1e-16);
    expect(nearest(exactLogSumExp([-2000, -2000]))).toBe(-2000 + Math.LN2);
  });

  test.each([150, 231, 300, 490, 496, 497, 1900, 1e6])("at %d logSumExp and its derivative are exact", (at) => {
    const { stable } = tailAt(mixture, at);
    expect(stable.error).toBeLessThan(2.3e-16);
    const { pi, mu, sigma } = shape;
    const t = pi.map((p, k) => Math.log(p / sigma[k]!) - 0.5 * ((at - mu[k]!) / sigma[k]!) ** 2);
    const weights = t.map((tk) => Math.exp(tk - Math.max(...t)));
    const slopes = weights.map((w, k) => (w * (mu[k]! - at)) / sigma[k]! ** 2);
    const slope = slopes.reduce((a, b) => a + b) / weights.reduce((a, b) => a + b);
    expect(stable.slope / slope).toBeCloseTo(1, 11);
  });

  test("the log of a sum first loses its derivative, then its digits, then underflows", () => {
    const [near, subnormal, wrong, gone] = [300, 490, 496, 497].map((at) => tailAt(mixture, at).naive);
    expect(near!.error).toBeLessThan(1e-15);
    expect(Number.isFinite(near!.slope)).toBe(true);
    expect([subnormal!.error < 1e-15, subnormal!.slope]).toEqual([true, Number.NaN]);
    expect(wrong!.error).toBeGreaterThan(1e-6);
    expect([gone!.value, gone!.slope]).toEqual([Number.NEGATIVE_INFINITY, Number.NaN]);
  });

  test("one outlier makes the loss and gradient non-finite, but not with logSumExp", () => {
    const { naive, stable } = spoiltBy(start, x, 1900);
    expect([naive.loss, ...naive.slopes]).toEqual([Number.POSITIVE_INFINITY, Number.NaN, Number.NaN]);
    expect(naive.culprit).toBe("the value of log is -Infinity");
    expect([stable.loss, ...stable.slopes].every(Number.isFinite)).toBe(true);
    expect(stable.culprit).toBeUndefined();
    expect(lossOf(start, x, naiveLogDensity).item()).toBeCloseTo(lossOf(start, x).item(), 13);
  });
});

describe("the command", () => {
  test.each([
    [[], ["K = 2", "342 penguins", "3.927373558", "-Infinity", "the value of log is -Infinity"]],
    [
      ["--components", "3", "--steps", "20"],
      ["K = 3", "π₃", "μ₃", "r₃"],
    ],
    [["--components", "1", "--steps", "2"], ["K = 1"]],
  ])("prints and draws its results (options %j)", async (args, texts) => {
    const { outcome, printed } = await runQuietly(mixtureExample, [...args, "--out", out]);
    for (const text of texts) expect(printed).toContain(text);
    expectReadable(printed);
    expectSelfContained(outcome.file, 3);
  });

  test.each([
    [["--components", "9"], '--components must be a whole number from 1 to 4, not "9".'],
    [["--rate", "1000"], "use a smaller --rate"],
    [["--seed", "1"], "unknown option --seed"],
  ])("rejects %j with a one-line message", (args, message) =>
    expectRefusal(mixtureExample, [...args, "--out", out], message),
  );
});

/** Returns the density Σ πₖ N(x; μₖ, σₖ), computed from plain numbers. */
function onPaper({ pi, mu, sigma }: Shape, at: number): number {
  const each = pi.map((p, k) => (p * Math.exp(-((at - mu[k]!) ** 2) / (2 * sigma[k]! ** 2))) / sigma[k]!);
  return each.reduce((a, b) => a + b) / Math.sqrt(2 * Math.PI);
}

/** Runs the EM algorithm (Dempster, Laird and Rubin 1977) on plain numbers. */
function expectationMaximization(from: Shape, rounds: number): Shape {
  let { pi, mu, sigma } = from;
  for (let round = 0; round < rounds; round++) {
    const r = lengths.map((at) => {
      const each = pi.map((p, k) => (p / sigma[k]!) * Math.exp(-0.5 * ((at - mu[k]!) / sigma[k]!) ** 2));
      const total = each.reduce((a, b) => a + b);
      return each.map((e) => e / total);
    });
    const average = (k: number, of: (at: number) => number) =>
      lengths.reduce((total, at, i) => total + r[i]![k]! * of(at), 0) / lengths.reduce((n, _, i) => n + r[i]![k]!, 0);
    const means = mu.map((_, k) => average(k, (at) => at));
    pi = pi.map((_, k) => r.reduce((total, row) => total + row[k]!, 0) / lengths.length);
    sigma = sigma.map((_, k) => Math.sqrt(average(k, (at) => (at - means[k]!) ** 2)));
    mu = means;
  }
  return { pi, mu, sigma };
}
