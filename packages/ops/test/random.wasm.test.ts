import type { Tensor } from "@wengert/core";
import {
  kernels,
  permutation,
  randomExponential,
  randomGumbel,
  randomKey,
  randomNormal,
  randomUniform,
} from "@wengert/ops";
import { afterAll, describe, expect, it } from "vitest";
import { firstDifference, withKernels } from "./agreement.ts";

// Tests that the kernels draw the same numbers as plain loops, bit for bit.

const { choice, available } = kernels();
afterAll(() => void kernels(choice));

const compiled = available.filter((name) => name !== "plain");
const keys = [0, 1, -1, 123456789, 2 ** 52 + 12345].map(randomKey);
/** Small sizes, and sizes around 4096, the number of random numbers that a kernel computes at a time. */
const sizes = [...Array.from({ length: 40 }, (_, i) => i + 1), 4095, 4096, 4097, 20_011];

type Draw = (key: Tensor, shape: readonly number[], dtype: "float32" | "float64") => Tensor;
const draws: Readonly<Record<string, Draw>> = {
  "uniform numbers in [0, 1)": (key, shape, dtype) => randomUniform(key, { shape, dtype }),
  "uniform numbers in an interval": (key, shape, dtype) => randomUniform(key, { shape, dtype, min: -0.3, max: 0.7 }),
  "uniform numbers in a tiny interval, where rounding reaches the limits": (key, shape, dtype) =>
    randomUniform(key, { shape, dtype, min: 1, max: 1 + 2 ** -22 }),
  "uniform numbers in an empty interval": (key, shape, dtype) => randomUniform(key, { shape, dtype, min: 2, max: 2 }),
  "uniform numbers of a huge interval": (key, shape, dtype) =>
    randomUniform(key, { shape, dtype, min: -3e38, max: 2e38 }),
  "normal numbers": (key, shape, dtype) => randomNormal(key, { shape, dtype }),
  "exponential numbers": (key, shape, dtype) => randomExponential(key, { shape, dtype }),
  "Gumbel numbers": (key, shape, dtype) => randomGumbel(key, { shape, dtype }),
  permutations: (key, shape) =>
    permutation(
      key,
      shape.reduce((size, n) => size * n, 1),
    ),
};

describe.each(compiled)("with %s kernels", (way) => {
  it.each(Object.entries(draws))("%s have the bits of plain loops", (_, draw) => {
    for (const dtype of ["float32", "float64"] as const)
      for (const key of keys)
        for (const n of sizes) {
          if (n > 5000 && key !== keys[4]) continue;
          const [got, wanted] = [way, "plain" as const].map((which) =>
            withKernels(which, () => draw(key, [n], dtype)),
          ) as [Tensor, Tensor];
          const wrong = firstDifference(got, wanted);
          if (wrong) expect.fail(`${n} numbers of ${dtype}: ${wrong}`);
        }
  });

  it("a number depends on its index only, not on the shape", () => {
    const [long, short] = [[8193], [3, 7]].map((shape) =>
      withKernels(way, () => randomNormal(keys[3]!, { shape }).toNested()),
    ) as [number[], number[][]];
    expect(short.flat()).toEqual(long.slice(0, 21));
  });

  it("an empty shape gives no numbers", () => {
    const drawn = withKernels(way, () => randomNormal(keys[0]!, { shape: [0, 3] }));
    expect(drawn.shape).toEqual([0, 3]);
  });
});
