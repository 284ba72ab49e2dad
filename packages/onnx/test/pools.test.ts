import { type Tensor, tensor, trace, vjp } from "@wengert/core";
import { avgPool2d, maxPool2d } from "@wengert/ops";
import { describe, expect, test } from "vitest";
import { numbers, random } from "../../ops/test/support.ts";
import { fromOnnx, toOnnx } from "../src/index.ts";
import { run } from "./runtime.ts";

// Tests pools whose windows do not overlap. Their gradients have a separate form in ONNX.

const pools = { maxPool2d, avgPool2d } as const;

/** Returns the ONNX file of the gradient of a pool, and its inputs: images x, and a cotangent of the pooled images. */
function gradientOf(name: keyof typeof pools, x: Tensor, size: number | readonly [number, number], stride = size) {
  const gradient = (x: Tensor, cotangent: Tensor) =>
    vjp((x: Tensor) => pools[name](x, { size, stride }), x).pullback(cotangent)[0];
  const { shape } = pools[name](x, { size, stride });
  const cotangent = tensor(random(shape, 9), { dtype: x.dtype });
  return { bytes: toOnnx(trace(gradient, x, cotangent)), inputs: [x, cotangent], wanted: gradient(x, cotangent) };
}

async function expectSame({ bytes, inputs, wanted }: ReturnType<typeof gradientOf>): Promise<void> {
  const [got] = await run(bytes, inputs);
  expect(got!.shape).toEqual(wanted.shape);
  const [a, b] = [numbers(got!), numbers(wanted)];
  for (const [i, y] of b.entries())
    if (!(Object.is(a[i], y) || Math.abs(a[i]! - y) <= 1e-6)) expect.fail(`entry ${i}: ${a[i]} for ${y}`);
}

const float32 = (values: Tensor | readonly number[], shape?: readonly number[]) =>
  tensor(values as number[], { dtype: "float32", ...(shape && { shape }) });

test("maxPool2d of a window with NaN is NaN, at each position of the NaN", async () => {
  const windows = Array.from({ length: 9 }, (_, i) => Array.from({ length: 9 }, (_, k) => (i === k ? Number.NaN : k)));
  const x = float32(windows.flat(), [9, 3, 3, 1]);
  for (const size of [3, [3, 2], [2, 3]] as const) {
    const f = (x: Tensor) => maxPool2d(x, { size });
    const [got] = await run(toOnnx(trace(f, x)), [x]);
    expect(got!.toNested()).toEqual(f(x).toNested());
  }
});

describe.each(["maxPool2d", "avgPool2d"] as const)("the gradient of %s with disjoint windows", (name) => {
  test.for([
    ["2 × 2", 2, [2, 6, 8, 3]],
    ["3 × 2", [3, 2], [1, 6, 6, 2]],
    ["2 × 2, with a row and a column that no window covers", 2, [2, 5, 7, 3]],
    ["3 × 3, with two rows that no window covers", 3, [1, 8, 6, 2]],
    ["1 × 1", 1, [2, 3, 4, 2]],
  ] as const)("of %s entries is that of eager ops within 1e-6", async ([, size, shape]) => {
    const made = gradientOf(name, float32(random(shape, 4)), size);
    await expectSame(made);
    expect(Buffer.from(made.bytes).includes("Resize")).toBe(true);
  });

  test("splits a cotangent between equal entries, and keeps NaN and infinities", async () => {
    const { NaN: nan, POSITIVE_INFINITY: most, NEGATIVE_INFINITY: least } = Number;
    const ties = float32([0, 0, 1, 1, 0, 0, 1, 0.5, nan, 1, most, 3, 2, 3, most, 4, least, least, 2, nan, least, least, nan, 1], [1, 6, 4, 1]); // biome-ignore format: rows of windows
    await expectSame(gradientOf(name, ties, 2));
  });

  test.each([
    ["overlapping windows", 3, 2, "float32"],
    ["float64", 2, 2, "float64"],
  ] as const)("has the general form for %s", async (_, size, stride, dtype) => {
    const made = gradientOf(name, tensor(random([1, 7, 7, 2], 4), { dtype }), size, stride);
    await expectSame(made);
    expect(Buffer.from(made.bytes).includes("Resize")).toBe(false);
  });

  test("is read again by fromOnnx", () => {
    const { bytes, inputs, wanted } = gradientOf(name, float32(random([2, 5, 7, 3], 4)), 2);
    const [again] = fromOnnx(bytes).run(...inputs);
    for (const [i, y] of numbers(wanted).entries()) expect(numbers(again!)[i]).toBeCloseTo(y, 6);
  });
});
