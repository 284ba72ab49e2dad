import { type DType, type Tensor, tensor } from "@wengert/core";
import { add, axpy, exp, kernels, log, mul, sigmoid, tanh } from "@wengert/ops";
import { afterAll, describe, expect, it } from "vitest";
import { numbers, random, twins } from "./support.ts";

// Functions of each element in WebAssembly have the bits of the plain loops, whatever their inputs and however many there are.

const before = kernels().choice;
afterAll(() => void kernels(before));

const ways = kernels().available;
it("there are kernels here", () => expect(ways).toContain("simd"));

/** What `body` gives, which is the same by all kernels, and by what is chosen for each size. */
function byAll(body: () => Tensor): number[] {
  const [plain, ...others] = [...ways, "auto" as const].map((way) => {
    kernels(way);
    return numbers(body());
  });
  for (const [i, got] of others.entries()) expect(got, ways[i + 1] ?? "auto").toEqual(plain);
  return plain!;
}

/** 0 to 70 and both sides of the ends of chunks. */
const sizes = [...Array(71).keys(), 4095, 4096, 4097, 8191, 8192, 8193, 20_001];

const special: readonly number[] = [
  ...[0, 1, 5e-324, 2 ** -1023, 2 ** -1022, 2 ** -149, 2 ** -126, 1e-160, 0.6249999, 0.625, Math.SQRT1_2, Math.SQRT2],
  ...[1 - 2 ** -53, 1 + 2 ** -52, 19, 20, 36, 37, 87.5, 88.7, 88.8, 103, 104, 700, 708, 708.5, 709, 709.7, 709.8, 710],
  ...[711, 744.5, 745.1, 745.2, 746, 747, 799, 800, 801, 1e5, 3.4e38, 1e300, Number.MAX_VALUE, Infinity, Number.NaN],
].flatMap((x) => [x, -x]);

/** Doubles of random bits: every exponent is as frequent as any other. */
const anyDoubles = (count: number): number[] => {
  const words = numbers(random([2 * count], 3)).map((x) => (x + 1) * 2 ** 31);
  return [...new Float64Array(Uint32Array.from(words).buffer)];
};

const floats = ["float64", "float32"] as const satisfies readonly DType[];
const functions = Object.entries({ exp, log, sigmoid, tanh });

describe.each(functions)("%s", (name, f) => {
  const inputs = (n: number, scale: number) =>
    numbers(random([n], n)).map((x) => (name === "log" ? Math.abs(x * scale) : x * scale));

  describe.each(floats)("of %s has the same bits by all kernels", (dtype) => {
    it("for any number of elements", () => {
      for (const n of sizes) byAll(() => f(tensor(inputs(n, 3), { dtype })));
    });
    it("for special numbers, beside whatever else", () => {
      for (const x of special)
        for (const other of [1, Infinity, Number.NaN])
          for (const pair of [
            [x, other],
            [other, x],
          ])
            byAll(() => f(tensor(pair, { dtype })));
    });
    it("for numbers of all sizes", () => {
      for (const scale of [0.01, 1, 20, 300, 1000]) byAll(() => f(tensor(inputs(5000, scale), { dtype })));
      byAll(() => f(tensor(anyDoubles(20_000), { dtype })));
    });
    it("however they lie in memory", () => {
      const x = tensor(random([7, 6, 5], 4), { dtype });
      const wanted = byAll(() => f(x));
      for (const [layout, twin] of twins(x))
        expect(
          byAll(() => f(twin)),
          layout,
        ).toEqual(wanted);
    });
  });
});

describe.each(floats)("axpy of %s", (dtype) => {
  it("has the bits of add and mul", () => {
    const [x, y] = [tensor(random([5000], 7), { dtype }), tensor(random([5000], 8), { dtype })];
    for (const alpha of [-0.1, 1e-3, 3, 0, Infinity])
      expect(byAll(() => axpy(alpha, x, y))).toEqual(byAll(() => add(mul(alpha, x), y)));
  });
});
