import { evaluate, grad, type Tensor, tensor, trace, zeros } from "@wengert/core";
import {
  choice,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  log,
  matmul,
  mul,
  orthogonal,
  randomBernoulli,
  randomCategorical,
  randomExponential,
  randomGamma,
  randomGumbel,
  randomInteger,
  randomKey,
  randomTruncatedNormal,
  sum,
  transpose,
} from "@wengert/ops";
import { describe, expect, it, test, vi } from "vitest";
import { expectNear, numbers } from "./support.ts";

const n = 40_000;
const average = (xs: readonly number[], f: (x: number) => number = (x) => x): number =>
  xs.reduce((total, x) => total + f(x), 0) / xs.length;

/**
 * Expects that the mean of f over random numbers is within 5 standard errors of `wanted`. A correct generator fails
 * this test once in a million runs.
 */
function expectMean(xs: readonly number[], wanted: number, f: (x: number) => number = (x) => x): void {
  const variance = average(xs, (x) => f(x) ** 2) - average(xs, f) ** 2;
  expect(Math.abs(average(xs, f) - wanted)).toBeLessThan(5 * Math.sqrt(variance / xs.length));
}

/** Expects that each value occurs with its probability. The chi-squared test allows 5 standard deviations. */
function expectShares(xs: readonly number[], probabilities: readonly number[]): void {
  let chiSquared = 0;
  for (const [value, p] of probabilities.entries()) {
    const count = xs.filter((x) => x === value).length;
    if (p === 0) expect(count).toBe(0);
    else chiSquared += (count - xs.length * p) ** 2 / (xs.length * p);
  }
  const freedom = probabilities.filter((p) => p > 0).length - 1;
  expect(chiSquared).toBeLessThan(freedom + 5 * Math.sqrt(2 * freedom));
}

/** Returns the probability that a standard normal number is below x, by Simpson's rule. */
function normalBelow(x: number): number {
  const [from, steps] = [-9, 2000];
  const h = (x - from) / steps;
  const weight = (i: number) => (i === 0 || i === steps ? 1 : i % 2 ? 4 : 2);
  const density = (z: number) => Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
  return (
    (Array.from({ length: steps + 1 }, (_, i) => weight(i) * density(from + i * h)).reduce((a, b) => a + b) * h) / 3
  );
}

describe.each(["float64", "float32"] as const)("in %s", (dtype) => {
  it("randomExponential has the moments k!, and its logarithm the mean −γ", () => {
    const xs = numbers(randomExponential(randomKey(1), { shape: [n], dtype }));
    expect(xs.every((x) => x >= 0 && x < Infinity)).toBe(true);
    for (const [k, moment] of [[1, 1], [2, 2], [3, 6]] as const) expectMean(xs, moment, (x) => x ** k); // biome-ignore format: pairs
    expectMean(xs, -0.5772156649015329, Math.log);
  });
  it("randomGumbel has the mean γ, the variance π² / 6 and the median −ln ln 2", () => {
    const xs = numbers(randomGumbel(randomKey(2), { shape: [n], dtype }));
    expect(xs.every(Number.isFinite)).toBe(true);
    const mean = 0.5772156649015329;
    expectMean(xs, mean);
    expectMean(xs, Math.PI ** 2 / 6, (x) => (x - mean) ** 2);
    expectMean(xs, 0.5, (x) => Number(x > -Math.log(Math.LN2)));
  });
  it.each([0.03, 0.5, 0.99, 1, 1.7, 20, 1e6])("randomGamma of concentration %f has its moments", (a) => {
    const xs = numbers(randomGamma(randomKey(3), { concentration: a, shape: [n], dtype }));
    expect(xs.every((x) => x >= 0 && x < Infinity)).toBe(true);
    expectMean(xs, a);
    expectMean(xs, a, (x) => (x - a) ** 2);
    if (a < 100) expectMean(xs, a * (a + 1) * (a + 2), (x) => x ** 3);
    // P(x < 1) for the gamma distributions with concentrations ½ and 1. At x = 0, the density is infinite for
    // concentration ½, and has its maximum for concentration 1.
    const below = { 0.5: 0.8427007929497149, 1: 1 - Math.exp(-1) }[a];
    if (below !== undefined) expectMean(xs, below, (x) => Number(x < 1));
  });
});

describe("randomTruncatedNormal", () => {
  const cases = [[-2, 2], [-1, 0.2], [0.5, 4], [1, 1.1], [-Infinity, -0.5], [0, Infinity], [-3, -1], [2, Infinity]] as const; // biome-ignore format: pairs
  it.each(cases)("between %f and %f follows the normal distribution there", (low, high) => {
    const xs = numbers(randomTruncatedNormal(randomKey(4), { shape: [n], low, high }));
    expect(xs.every((x) => x >= low && x <= high)).toBe(true);
    const [below, above] = [normalBelow(Math.max(low, -9)), normalBelow(Math.min(high, 9))];
    for (const share of [0.2, 0.5, 0.8]) {
      const point = Math.max(low, -4) + share * (Math.min(high, 4) - Math.max(low, -4));
      expectMean(xs, (normalBelow(point) - below) / (above - below), (x) => Number(x < point));
    }
  });
  it("is close to the bound far in a tail, in about 1 / low", () => {
    const xs = numbers(randomTruncatedNormal(randomKey(5), { shape: [n], low: 40, high: Infinity }));
    expect(Math.min(...xs) >= 40).toBe(true);
    // For a normally distributed x above the bound a = 40, the mean E[x] is a + 1/a − 2/a³ + 10/a⁵, by the asymptotic
    // series of Mills' ratio.
    expectMean(xs, 40 + 1 / 40 - 2 / 40 ** 3 + 10 / 40 ** 5);
    const further = randomTruncatedNormal(randomKey(5), { shape: [3], low: 1e200, high: Infinity });
    expect(numbers(further)).toEqual([1e200, 1e200, 1e200]);
  });
});

describe("randomBernoulli", () => {
  it("is true with the probability of each element", () => {
    const p = tensor([0, 0.25, 0.9, 1], { dtype: "float32" });
    const draws = numbers(randomBernoulli(randomKey(6), { probability: p, shape: [n, 4] }));
    const column = (k: number) => draws.filter((_, i) => i % 4 === k);
    for (const [k, probability] of numbers(p).entries())
      if (probability % 1 === 0) expect(new Set(column(k))).toEqual(new Set([probability]));
      else expectMean(column(k), probability);
    expect(randomBernoulli(randomKey(6), { probability: p }).shape).toEqual([4]);
    expect(randomBernoulli(randomKey(6), { shape: [2] }).dtype).toBe("bool");
  });
});

describe("randomInteger", () => {
  it("draws each integer from low to high − 1 equally often", () => {
    const xs = numbers(randomInteger(randomKey(7), { low: -3, high: 4, shape: [n] }));
    expectShares(xs.map((x) => x + 3), new Array(7).fill(1 / 7)); // biome-ignore format: one call
  });
  it("covers all of int32", () => {
    const xs = numbers(randomInteger(randomKey(7), { low: -(2 ** 31), high: 2 ** 31, shape: [1000] }));
    expect([Math.min(...xs) < -2.1e9, Math.max(...xs) > 2.1e9]).toEqual([true, true]);
  });
});

describe("randomCategorical", () => {
  const p = [0.1, 0, 0.6, 0.3];
  const logits = log(tensor(p));
  it("draws classes by the softmax of the logits, never one of −Infinity", () => {
    const xs = numbers(randomCategorical(randomKey(8), logits, { shape: [n] }));
    expectShares(xs, p);
  });
  it("draws one class per row along any axis, with the shape of a batch", () => {
    const rows = transpose(tensor([p.map((x) => Math.log(x)), [0, 9, 0, -Infinity]])); // two columns of classes
    const draws = randomCategorical(randomKey(9), rows, { axis: 0, shape: [n, 2] });
    expect([draws.shape, draws.dtype]).toEqual([[n, 2], "int32"]);
    const all = numbers(draws);
    expectShares(all.filter((_, i) => i % 2 === 0), p); // biome-ignore format: one call
    expectMean(all.filter((_, i) => i % 2 === 1), Math.exp(9) / (Math.exp(9) + 2), (x) => Number(x === 1)); // biome-ignore format: one call
  });
  it("throws for NaN, infinite or excluded logits instead of returning a class", () => {
    for (const bad of [[Number.NaN, 1], [Infinity, 1], [-Infinity, -Infinity], [1, Number.NaN]]) // biome-ignore format: pairs
      expect(() => randomCategorical(randomKey(8), tensor(bad))).toThrow(/the largest logit of row 0 is/);
  });
});

describe("choice", () => {
  const x = tensor([10, 20, 30, 40]);
  const weights = tensor([1, 0, 6, 3]);
  it("draws entries equally often, or by their probabilities, with replacement", () => {
    const index = (t: Tensor) => numbers(t).map((y) => y / 10 - 1);
    expectShares(index(choice(randomKey(10), x, { count: n })), [0.25, 0.25, 0.25, 0.25]);
    expectShares(index(choice(randomKey(10), x, { count: n, probabilities: weights })), [0.1, 0, 0.6, 0.3]);
  });
  it("draws different entries without replacement", { tags: "soak" }, () => {
    const firsts: number[] = [];
    for (let seed = 0; seed < 2000; seed++) {
      const drawn = numbers(choice(randomKey(seed), 4, { count: 3, replace: false, probabilities: weights }));
      expect([...drawn].sort()).toEqual([0, 2, 3]);
      firsts.push(drawn[0]!);
    }
    expectShares(firsts, [0.1, 0, 0.6, 0.3]);
    const all = numbers(choice(randomKey(1), 50, { count: 50, replace: false }));
    expect([...all].sort((a, b) => a - b)).toEqual([...Array(50).keys()]);
  });
  it("sends the cotangent to the drawn rows, and accepts count 0", () => {
    const rows = zeros([5, 2]);
    const options = { count: 7 } as const;
    const counts = numbers(grad((y: Tensor) => sum(choice(randomKey(2), y, options)))(rows));
    expect(counts.reduce((a, b) => a + b)).toBe(14);
    expect(choice(randomKey(1), zeros([0, 3]), { count: 0 }).shape).toEqual([0, 3]);
  });
});

describe("initial weights", () => {
  const shape = [3, 40, 60]; // a convolution of width 3 with 40 inputs and 60 outputs
  const cases = [
    ["glorotUniform", glorotUniform, 2 / (120 + 180), true],
    ["glorotNormal", glorotNormal, 2 / (120 + 180), false],
    ["heUniform", heUniform, 2 / 120, true],
    ["heNormal", heNormal, 2 / 120, false],
  ] as const;
  it.each(cases)("%s has mean 0 and its variance, in float32 too", (_, draw, variance, isUniform) => {
    for (const dtype of ["float64", "float32"] as const) {
      const w = draw(randomKey(11), { shape, dtype });
      expect([w.shape, w.dtype]).toEqual([shape, dtype]);
      expectMean(numbers(w), 0);
      expectMean(numbers(w), variance, (x) => x ** 2);
      const largest = Math.max(...numbers(w).map(Math.abs)) / Math.sqrt(3 * variance);
      expect(isUniform ? largest > 0.99 && largest <= 1.0000001 : largest > 1.5).toBe(true);
    }
  });
  it.each([[[4, 4]], [[3, 7]], [[2, 5, 4]], [[60, 3]], [[1, 1]], [[0, 3]]])(
    "orthogonal of shape %j is orthonormal",
    (size) => {
      const q = orthogonal(randomKey(12), { shape: size });
      expect(q.shape).toEqual(size);
      const rows = size.slice(0, -1).reduce((a, b) => a * b, 1);
      const columns = size.at(-1)!;
      const m = tensor(q, { shape: [rows, columns] });
      const k = Math.min(rows, columns);
      const product = rows < columns ? matmul(m, transpose(m)) : matmul(transpose(m), m);
      for (const [i, entry] of numbers(product).entries())
        expect(Math.abs(entry - Number(i % (k + 1) === 0))).toBeLessThan(1e-15 * Math.max(4, rows));
    },
  );
  it("orthogonal is uniform: entries have mean 0 and variance 1 / n", () => {
    const entries = Array.from({ length: 3000 }, (_, seed) => numbers(orthogonal(randomKey(seed), { shape: [3, 3] })));
    for (const k of [0, 4, 8]) {
      expectMean(entries.map((q) => q[k]!), 0); // biome-ignore format: one call
      expectMean(entries.map((q) => q[k]!), 1 / 3, (x) => x ** 2); // biome-ignore format: one call
    }
  });
});

describe("random numbers are a function of the key", () => {
  const key = randomKey(42);
  const draws: readonly [string, () => Tensor, number[]][] = [
    [
      "randomExponential",
      () => randomExponential(key, { shape: [3] }),
      [0.8536549948836343, 0.1805732187983433, 1.0458038701255923],
    ],
    [
      "randomGumbel",
      () => randomGumbel(key, { shape: [3] }),
      [0.589013644054922, -0.5880906773240935, 0.8371254135459578],
    ],
    [
      "randomGamma",
      () => randomGamma(key, { concentration: 0.7, shape: [3] }),
      [0.2964228922233173, 0.5420622533128687, 0.26323324784166335],
    ],
    [
      "randomTruncatedNormal",
      () => randomTruncatedNormal(key, { shape: [3], low: 1 }),
      [1.6394232692323794, 1.2406433152284413, 1.1904529489741633],
    ],
    ["randomBernoulli", () => randomBernoulli(key, { shape: [8] }), [0, 1, 0, 0, 1, 0, 1, 1]],
    ["randomInteger", () => randomInteger(key, { high: 1000, shape: [3] }), [574, 165, 648]],
    ["randomCategorical", () => randomCategorical(key, zeros([5]), { shape: [8] }), [2, 0, 1, 3, 2, 1, 2, 2]],
    ["choice", () => choice(key, 100, { count: 3, replace: false }), [52, 4, 37]],
    [
      "glorotUniform",
      () => glorotUniform(key, { shape: [1, 3] }),
      [0.18161598647764055, -0.8200684824527608, 0.3639715953192768],
    ],
    [
      "heNormal",
      () => heNormal(key, { shape: [1, 3] }),
      [-0.8715646754437719, 1.8977796515432201, -0.2641188685618312],
    ],
    [
      "orthogonal",
      () => orthogonal(key, { shape: [2, 2] }),
      [-0.41734670325802425, 0.9087473407276957, 0.9087473407276957, 0.41734670325802425],
    ],
  ];
  it.each(draws)("%s gives the same bits in every version and engine", (_, draw, wanted) => {
    const functions = ["exp", "log", "log1p", "pow", "sin", "cos"] as const;
    const spies = functions.map((name) => vi.spyOn(Math, name));
    const drawn = numbers(draw());
    const calls = spies.map((spy) => spy.mock.calls.length);
    vi.restoreAllMocks();
    expect(calls).toEqual(functions.map(() => 0));
    expect(drawn).toEqual(wanted);
  });
  it("an element of randomGamma does not depend on the attempts of others", () => {
    const draw = (first: number) => randomGamma(key, { concentration: tensor([first, 2, 0.3]) });
    expect(numbers(draw(0.1)).slice(1)).toEqual(numbers(draw(50)).slice(1));
  });
  test("the key may be an input of a program", () => {
    const program = trace((k: Tensor, x: Tensor) => mul(x, randomGamma(k, { concentration: x })), key, { shape: [2] });
    const x = tensor([0.5, 3]);
    expectNear(evaluate(program, key, x), numbers(mul(x, randomGamma(key, { concentration: x }))), 0);
  });
});
