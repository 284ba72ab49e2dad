import { grad, OutOfRangeError, type Tensor, TracedValueError, tensor, trace, vmap, zeros } from "@wengert/core";
import { allClose, type CloseOptions, isClose, mul, sum } from "@wengert/ops";
import { describe, expect, it, test } from "vitest";
import { errorOf, int32, numbers, product } from "./support.ts";

const values = [0, -0, 1, 1 + 1e-6, -1, 1e-9, 1e300, -1e300, 5e-324, Infinity, -Infinity, Number.NaN];
const pairs = product(values, values) as [number, number][];
const [a, b] = [0, 1].map((k) => tensor(pairs.map((pair) => pair[k]!))) as [Tensor, Tensor];
const tolerances: readonly CloseOptions[] = [
  {},
  { relativeTolerance: 0, absoluteTolerance: 0 },
  { relativeTolerance: 0.5 },
  { absoluteTolerance: 2 },
  { relativeTolerance: 3 },
  { equalNaN: true },
];

describe.each(tolerances)("isClose with %o", (options) => {
  const { relativeTolerance: r = 1e-5, absoluteTolerance: t = 1e-8, equalNaN = false } = options;
  /** The definition in NumPy's documentation. */
  const close = (x: number, y: number) =>
    Number.isFinite(x) && Number.isFinite(y)
      ? Math.abs(x - y) <= t + r * Math.abs(y)
      : x === y || (equalNaN && Number.isNaN(x) && Number.isNaN(y));
  it("follows NumPy's formula for every pair of special values", () => {
    const wanted = pairs.map(([x, y]) => close(x, y));
    expect(isClose(a, b, options).toNested()).toEqual(wanted);
    expect(wanted).toContain(true);
    expect(wanted).toContain(false);
  });
  it("agrees with allClose for each pair", () => {
    for (const [x, y] of pairs) expect(allClose(x, y, options), `${x} and ${y}`).toBe(close(x, y));
  });
});

describe("isClose", () => {
  it("measures the difference relative to b alone", () => {
    expect(isClose(1, 1.5, { relativeTolerance: 0.4, absoluteTolerance: 0 }).toNested()).toBe(true);
    expect(isClose(1.5, 1, { relativeTolerance: 0.4, absoluteTolerance: 0 }).toNested()).toBe(false);
  });
  it("broadcasts, and compares int32 and bool as numbers", () => {
    expect(isClose(tensor([[1], [2]]), tensor([1, 2])).toNested()).toEqual([
      [true, false],
      [false, true],
    ]);
    const [least, most] = [-(2 ** 31), 2 ** 31 - 1];
    expect(isClose(int32([least, 3]), int32([most, 4])).toNested()).toEqual([false, false]);
    expect(isClose(int32([1000]), int32([1001]), { relativeTolerance: 1e-3 }).toNested()).toEqual([true]);
    expect(isClose(tensor([true, false]), tensor([true, true])).toNested()).toEqual([true, false]);
  });
  it("has the gradient 0 and runs in vmap", () => {
    const f = (x: Tensor) => sum(mul(x, x));
    expect(isClose(grad(f)(tensor([1, 2])), tensor([2, 4])).toNested()).toEqual([true, true]);
    expect(vmap((x: Tensor) => isClose(x, 1))(tensor([1, 2])).toNested()).toEqual([true, false]);
  });
  it("throws for tolerances that are negative or not finite", () => {
    for (const name of ["relativeTolerance", "absoluteTolerance"])
      for (const bad of [-1, Number.NaN, Infinity, "1", null]) {
        const error = errorOf(() => isClose(1, 1, { [name]: bad }));
        expect(error).toBeInstanceOf(OutOfRangeError);
        expect(error.message).toMatch(new RegExp(`^isClose: ${name} must be a finite number of at least 0, got `));
      }
  });
});

describe("allClose", () => {
  it("broadcasts, and is true only if all elements are close", () => {
    expect(allClose(tensor([1, 1 + 1e-9]), 1)).toBe(true);
    expect(allClose(tensor([1, 1.1]), 1)).toBe(false);
    expect(allClose(zeros([0, 3]), 1)).toBe(true);
  });
  test("throws for a tensor of a trace or of vmap, at either place", () => {
    for (const f of [(x: Tensor) => allClose(x, 1), (x: Tensor) => allClose(tensor([1, 2]), x)]) {
      const error = errorOf(() => trace((x: Tensor) => (f(x) ? x : mul(x, 2)), { shape: [2] }));
      expect(error).toBeInstanceOf(TracedValueError);
      expect(error.message).toMatch(/^allClose: /);
      expect(errorOf(() => vmap((x: Tensor) => (f(x) ? x : mul(x, 2)))(zeros([3, 2])))).toBeInstanceOf(
        TracedValueError,
      );
    }
  });
  it("reads values inside grad", () => {
    expect(grad((x: Tensor) => (allClose(x, 3) ? mul(x, 5) : x))(tensor(3)).item()).toBe(5);
  });
  it("is true exactly if isClose is true for all elements", () => {
    expect(allClose(a, b)).toBe(numbers(isClose(a, b)).every((x) => x === 1));
  });
});
