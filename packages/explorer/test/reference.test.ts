import { describe, expect, test } from "vitest";
import { decimal, fixed, reference, relativeError } from "../src/rooms/softmax/reference.ts";

const digits = (z: readonly number[], g: readonly number[], count = 20): string[] => {
  const { bits, pulled } = reference(z, g)!;
  return pulled.map((x) => decimal(x, bits, count));
};

describe("the reference", () => {
  test("has the same digits as mpmath", () => {
    expect(digits([40, 0], [1, 0])).toEqual(["4.2483542552915889592e−18", "−4.2483542552915889592e−18"]);
    expect(digits([2, 1, 0], [3, -1, 0.5])).toEqual([
      "8.0094366932126502714e−1",
      "−6.8426317473947914016e−1",
      "−1.1668049458178588698e−1",
    ]);
    expect(digits([700, 0, -3], [1e6 + 3, 1e6 - 1, 1e6 + 0.5]).slice(1)).toEqual([
      "−3.9438706175039083427e−304",
      "−1.2272109754229804430e−305",
    ]);
  });

  test("represents every double exactly", () => {
    for (const x of [0, 1, -0.1, 1e308, -5e-324, 2 ** -1022, 3e-310, Number.EPSILON, Number.MAX_VALUE])
      expect(Number(decimal(fixed(x, 1100), 1100, 17).replaceAll("−", "-"))).toBe(x);
    expect(decimal(fixed(0.1, 1100), 1100, 25)).toBe("1.000000000000000055511151e−1");
    expect(fixed(5e-324, 1100)).toBe(1n << 26n);
  });

  test("measures relative errors, and is undefined for non-finite results", () => {
    const { bits, pulled } = reference([0, 0], [1, 0])!;
    expect(pulled.map((x) => decimal(x, bits, 3))).toEqual(["2.50e−1", "−2.50e−1"]);
    expect(relativeError(0.25, pulled[0]!, bits)).toBe(0);
    expect(relativeError(0.5, pulled[0]!, bits)).toBe(1);
    expect(relativeError(Number.NaN, pulled[0]!, bits)).toBe(Infinity);
    expect(relativeError(0, 0n, bits)).toBe(0);
    expect(relativeError(1e-30, 0n, bits)).toBe(Infinity);
    expect(reference([0, -Infinity, -1e9], [1, 2, 3])!.pulled.map(String)).toEqual(["0", "0", "0"]);
    for (const z of [[Number.NaN, 0], [Infinity, 0], [-Infinity, -Infinity]]) expect(reference(z, [1, 2])).toBeUndefined(); // biome-ignore format: a line
  });
});
