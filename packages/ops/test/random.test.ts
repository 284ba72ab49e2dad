import {
  DTypeError,
  evaluate,
  OutOfRangeError,
  ShapeError,
  type Tensor,
  trace,
  vjp,
  type WengertError,
} from "@wengert/core";
import { foldIn, mul, randomKey, randomNormal, randomUniform, splitKey } from "@wengert/ops";
import { describe, expect, it, test, vi } from "vitest";
import { threefry } from "../src/random/random.ts"; // the published vectors test the generator itself
import { errorOf, int32, numbers, random } from "./support.ts";

describe("Threefry-2x32 with 20 rounds gives the vectors that Random123 publishes", () => {
  test.each<[string, number[], number[], number[]]>([
    ["zeros", [0, 0], [0, 0], [0x6b200159, 0x99ba4efe]],
    ["ones", [0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], [0x1cb996fc, 0xbb002be7]],
    ["digits of π", [0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3], [0xc4923a9c, 0x483df7a0]],
  ])("for %s", (_, key, counter, wanted) => {
    const out = new Uint32Array(2);
    threefry(Uint32Array.from(key), counter[0]!, counter[1]!, out);
    expect([...out]).toEqual(wanted);
    threefry(Int32Array.from(key), counter[0]! | 0, counter[1]! | 0, out);
    expect([...out]).toEqual(wanted);
  });
});

const n = 100_000;
const average = (xs: readonly number[], f: (x: number) => number = (x) => x) =>
  xs.reduce((s, x) => s + f(x), 0) / xs.length;
/**
 * Five standard deviations of the mean of n random numbers with the given variance. The mean of a correct generator
 * exceeds this bound once in a million runs.
 */
const within = (variance: number) => 5 * Math.sqrt(variance / n);
const correlation = (a: readonly number[], b: readonly number[]) => {
  const [p, q] = [average(a), average(b)];
  const covariance = a.reduce((s, x, i) => s + (x - p) * (b[i]! - q), 0) / a.length;
  return covariance / Math.sqrt(average(a, (x) => (x - p) ** 2) * average(b, (x) => (x - q) ** 2));
};

describe("keys", () => {
  it("give the same numbers each time, and different numbers for another seed", () => {
    for (const draw of [randomUniform, randomNormal]) {
      const once = draw(randomKey(7), { shape: [5] }).toNested();
      expect(draw(randomKey(7), { shape: [5] }).toNested()).toEqual(once);
      expect(draw(randomKey(8), { shape: [5] }).toNested()).not.toEqual(once);
    }
  });
  it("use all bits of a seed", () => {
    const seeds = [0, 1, -1, 2 ** 32, 2 ** 32 + 1, -(2 ** 32), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
    const keys = new Set(seeds.map((seed) => String(numbers(randomKey(seed)))));
    expect(keys.size).toBe(seeds.length);
  });
  it("split into keys that differ from each other and from the original", () => {
    const key = randomKey(3);
    const all = [key, ...splitKey(key, 50), ...splitKey(splitKey(key)[0]!, 50)].map((k) => String(numbers(k)));
    expect(new Set(all).size).toBe(101);
    expect(splitKey(key)).toHaveLength(2);
    const folded = [0, 1, 2, 49, 2 ** 31, 2 ** 32 - 1].map((index) => String(numbers(foldIn(key, index))));
    expect(new Set([...all, ...folded]).size).toBe(107);
    expect(splitKey(key, 0)).toEqual([]);
  });
  it("split into keys that differ from the key's random bits", () => {
    const key = randomKey(5);
    const words = splitKey(key, 100).map((k) => numbers(k) as [number, number]);
    const asUniform = words.map(([a, b]) => ((a >>> 5) * 2 ** 26 + (b >>> 6)) / 2 ** 53);
    const drawn = new Set(numbers(randomUniform(key, { shape: [200] })));
    expect(asUniform.filter((x) => drawn.has(x))).toEqual([]);
  });
  it("give independent numbers after a split, and for uniform and normal", () => {
    const key = randomKey(11);
    const streams = [key, ...splitKey(key, 3), foldIn(key, 0)]
      .flatMap((k) => [randomUniform(k, { shape: [n] }), randomNormal(k, { shape: [n] })])
      .map(numbers);
    for (const [i, a] of streams.entries())
      for (const b of streams.slice(i + 1)) expect(Math.abs(correlation(a, b))).toBeLessThan(within(1));
  });
  test.each<[string, () => unknown, typeof WengertError, RegExp]>([
    [
      "a fraction as a seed",
      () => randomKey(0.5),
      OutOfRangeError,
      /^randomKey: the seed must be a whole number, got 0.5/,
    ],
    ["a seed beyond 2^53", () => randomKey(2 ** 60), OutOfRangeError, /whole number/],
    [
      "a float instead of a key",
      () => randomNormal(random([2]), { shape: [1] }),
      DTypeError,
      /^randomNormal: expected a key, int32 \[2\], got tensor \[2\] with dtype float64; write randomKey\(seed\)/,
    ],
    [
      "a list of keys",
      () => randomUniform(int32([1, 2, 3]), { shape: [1] }),
      DTypeError,
      /^randomUniform: expected a key/,
    ],
    ["a seed instead of a key", () => splitKey(3 as unknown as Tensor), DTypeError, /^splitKey: expected a key/],
    [
      "integers wanted",
      () => randomUniform(randomKey(1), { shape: [1], dtype: "int32" }),
      DTypeError,
      /^randomUniform: .*int32/,
    ],
    [
      "no shape",
      () => randomNormal(randomKey(1), {} as { shape: number[] }),
      ShapeError,
      /^randomNormal: expected \{ shape: \[sizes\] \}/,
    ],
    ["a negative size", () => randomNormal(randomKey(1), { shape: [-1] }), ShapeError, /got \[-1\]/],
  ])("refuse %s", (_, run, Class, message) => {
    const error = errorOf(run);
    expect(error).toBeInstanceOf(Class);
    expect(error.message).toMatch(message);
  });
});

describe.each(["float64", "float32"] as const)("in %s", (dtype) => {
  it("randomUniform is uniform in [0, 1)", () => {
    const xs = numbers(randomUniform(randomKey(1), { shape: [n], dtype }));
    expect(xs.every((x) => x >= 0 && x < 1)).toBe(true);
    for (const k of [1, 2, 3, 4]) {
      const variance = 1 / (2 * k + 1) - 1 / (k + 1) ** 2;
      expect(Math.abs(average(xs, (x) => x ** k) - 1 / (k + 1))).toBeLessThan(within(variance));
    }
    const counts = new Array<number>(64).fill(0);
    for (const x of xs) counts[Math.floor(64 * x)]! += 1;
    const chiSquared = counts.reduce((s, c) => s + (c - n / 64) ** 2 / (n / 64), 0);
    expect(chiSquared).toBeLessThan(63 + 5 * Math.sqrt(2 * 63));
    expect(Math.abs(correlation(xs.slice(1), xs.slice(0, -1)))).toBeLessThan(within(1));
  });
  it("randomUniform fills [min, max)", () => {
    const xs = numbers(randomUniform(randomKey(2), { shape: [n], dtype, min: -3, max: 5 }));
    expect(xs.every((x) => x >= -3 && x < 5)).toBe(true);
    expect(Math.abs(average(xs) - 1)).toBeLessThan(8 * within(1 / 12));
    expect([Math.min(...xs) < -2.99, Math.max(...xs) > 4.99]).toEqual([true, true]);
  });
  it("randomUniform never returns max, even with few numbers below it", () => {
    const [min, max] = dtype === "float64" ? [2 ** 52, 2 ** 52 + 4] : [2 ** 22, 2 ** 22 + 4];
    const xs = numbers(randomUniform(randomKey(3), { shape: [1000], dtype, min, max }));
    expect(xs.every((x) => x >= min && x < max)).toBe(true);
  });
  it("randomUniform stays in [min, max) next to every power of two, at 0, among subnormal and among huge numbers", {
    tags: "soak",
  }, () => {
    const [digits, least, greatest] = dtype === "float64" ? [52, -1074, 1023] : [23, -149, 127];
    const bounds = Array.from({ length: greatest - least + 1 }, (_, i) => 2 ** (least + i))
      .flatMap((power) =>
        [-power, power].flatMap((x) => [x - power * 2 ** -digits, x, x + power * 2 ** -digits, x / 3]),
      )
      .concat(0, 0.1, 0.7, -0.1, -0.7)
      .filter((x) => Math.abs(x) <= 2 ** (greatest - 1));
    const inDType = (x: number) => (dtype === "float64" ? x : Math.fround(x));
    for (const [i, bound] of bounds.entries())
      for (const width of [
        2 ** (least + 1),
        2 ** (least + 3),
        Math.abs(bound) * 2 ** (1 - digits),
        Math.abs(bound),
        1e-6,
      ])
        for (const [min, max] of [
          [inDType(bound), inDType(bound + width)],
          [inDType(bound - width), inDType(bound)],
        ] as const) {
          const xs = numbers(randomUniform(randomKey(i), { shape: [8], dtype, min, max }));
          if (min === max) continue;
          for (const x of xs) if (!(x >= min && x < max)) expect.fail(`${x} is not in [${min}, ${max})`);
        }
  });
  it("randomUniform stays inside bounds that are not numbers of the dtype, and returns min if min equals max", () => {
    for (const bounds of [
      { min: -0.500001, max: -0.5 },
      { min: 0.1, max: 0.1000001 },
      { min: -0.7, max: -0.6999999 },
    ]) {
      const xs = numbers(randomUniform(randomKey(1), { shape: [10_000], dtype, ...bounds }));
      expect(xs.filter((x) => !(x >= bounds.min && x < bounds.max))).toEqual([]);
    }
    for (const min of [-0.5, 0, 3, 2 ** -149])
      expect(numbers(randomUniform(randomKey(1), { shape: [2], dtype, min, max: min }))).toEqual([min, min]);
  });
  it("randomUniform has as many random bits as the dtype holds", () => {
    const bits = dtype === "float64" ? 53 : 24;
    const xs = numbers(randomUniform(randomKey(4), { shape: [1000], dtype }));
    expect(xs.every((x) => Number.isInteger(x * 2 ** bits))).toBe(true);
    expect(xs.filter((x) => !Number.isInteger(x * 2 ** (bits - 1))).length).toBeGreaterThan(400);
  });
  it("randomNormal has the moments of the standard normal distribution", () => {
    const xs = numbers(randomNormal(randomKey(5), { shape: [n], dtype }));
    expect(xs.every(Number.isFinite)).toBe(true);
    const doubleFactorial = [1, 0, 1, 0, 3, 0, 15, 0, 105, 0, 945, 0, 10395];
    for (const k of [1, 2, 3, 4, 5, 6]) {
      const variance = doubleFactorial[2 * k]! - doubleFactorial[k]! ** 2;
      expect(Math.abs(average(xs, (x) => x ** k) - doubleFactorial[k]!), `moment ${k}`).toBeLessThan(within(variance));
    }
    const beyond = (limit: number) => average(xs, (x) => Number(Math.abs(x) > limit));
    for (const [limit, share] of [
      [1, 0.3173105],
      [2, 0.0455003],
      [3, 0.0026998],
    ] as const)
      expect(Math.abs(beyond(limit) - share)).toBeLessThan(within(share));
    expect(Math.abs(correlation(xs.slice(1), xs.slice(0, -1)))).toBeLessThan(within(1));
  });
});

it("randomNormal follows Box and Muller without the engine's own functions", () => {
  const uniform = (use: number, i: number) => {
    const bits = new Uint32Array(2);
    threefry(numbers(randomKey(6)) as unknown as Uint32Array, i, use, bits);
    return ((bits[0]! >>> 5) * 2 ** 26 + (bits[1]! >>> 6)) / 2 ** 53;
  };
  const { cos, log1p, sqrt } = Math;
  const wanted = Array.from({ length: 2000 }, (_, i) => [
    sqrt(-2 * log1p(-uniform(3, i))),
    cos(2 * Math.PI * uniform(4, i)),
  ]);
  const functions = ["cos", "sin", "log", "log1p", "exp", "pow"] as const;
  const spies = functions.map((name) => vi.spyOn(Math, name));
  const xs = numbers(randomNormal(randomKey(6), { shape: [2000] }));
  const calls = spies.map((spy) => spy.mock.calls.length);
  vi.restoreAllMocks();
  expect(calls).toEqual(functions.map(() => 0));
  for (const [i, [r, c]] of wanted.entries()) expect(Math.abs(xs[i]! - r! * c!)).toBeLessThanOrEqual(r! * 2 ** -50); // the error of the cosine of a rounded 2πa
});

it("random ops can be traced with the key as an argument, and have derivative 0", () => {
  const f = (key: Tensor, x: Tensor) => mul(randomNormal(key, { shape: [3] }), x);
  const program = trace(f, { shape: [2], dtype: "int32" }, { shape: [3] });
  const x = random([3]);
  for (const seed of [1, 2])
    expect(evaluate(program, randomKey(seed), x).toNested()).toEqual(f(randomKey(seed), x).toNested());
  const noise = randomNormal(randomKey(1), { shape: [3] });
  expect(
    vjp((a: Tensor) => f(randomKey(1), a), x)
      .pullback(x)[0]
      .toNested(),
  ).toEqual(mul(x, noise).toNested());
  expect(randomUniform(randomKey(1), { shape: [2, 0] }).shape).toEqual([2, 0]);
});
