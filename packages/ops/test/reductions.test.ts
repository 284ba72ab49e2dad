import { type Tensor, tensor } from "@wengert/core";
import { isRowMajor, ndarray, ravel, sizeOf } from "@wengert/core/extend";
import {
  all,
  any,
  argmax,
  argmin,
  countNonzero,
  kernels,
  max,
  mean,
  min,
  notEqual,
  prod,
  reshape,
  std,
  sum,
  transpose,
  variance,
} from "@wengert/ops";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { firstDifference, withKernels } from "./agreement.ts";

// Tests that a reduction over any axes gives the same bits as reducing each slice alone, in every order of the loops.

const { choice, available } = kernels();
afterAll(() => void kernels(choice));

type Reduce = (x: Tensor, options: { axis?: number | number[] }) => Tensor;
const ofFloats: Readonly<Record<string, Reduce>> = { sum, mean, max, min, prod, variance, std, countNonzero };
const ofIntegers: Readonly<Record<string, Reduce>> = { sum, max, min, prod, countNonzero };
const ofBools: Readonly<Record<string, Reduce>> = { sum, any, all, max, min, prod, countNonzero };
const ofOneAxis = { argmax, argmin } as unknown as Readonly<Record<string, Reduce>>;

interface Case {
  readonly shape: readonly number[];
  readonly axes: readonly boolean[];
  readonly seed: number;
  readonly isTransposed: boolean;
}
const cases = fc.record({
  shape: fc.array(fc.constantFrom(1, 2, 3, 4, 5, 8, 17, 30), { minLength: 1, maxLength: 5 }),
  axes: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
  seed: fc.nat(2 ** 30),
  isTransposed: fc.boolean(),
});

const special = [Number.NaN, Infinity, -Infinity, 0, -0, 1e30, -1e-30];

/** Returns a tensor with random entries. A few are special values; many are equal, so that there are ties. */
function operand({ shape, seed, isTransposed }: Case, dtype: "float64" | "float32" | "int32"): Tensor {
  let state = seed;
  const next = () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return (state >>> 0) / 2 ** 32;
  };
  const isSpecial = seed % 3 === 0 && dtype !== "int32";
  const values = Float64Array.from({ length: sizeOf(shape) }, () => {
    if (isSpecial && next() < 0.05) return special[Math.floor(next() * special.length)]!;
    if (dtype === "int32") return Math.floor((next() - 0.5) * 2 ** 31);
    return next() < 0.5 ? Math.round(4 * next()) / 2 - 1 : next() - 0.5;
  });
  const x = tensor(ndarray(values, isTransposed ? [...shape].reverse() : shape), { dtype });
  return isTransposed ? transpose(x) : x;
}

/** Returns the reduction of x along `axes`, computed slice by slice with plain loops. */
function sliceBySlice(reduce: Reduce, x: Tensor, axes: readonly number[]): Tensor {
  const kept = [...x.shape.keys()].filter((axis) => !axes.includes(axis));
  const n = axes.reduce((size, axis) => size * x.shape[axis]!, 1);
  const rows = reshape(transpose(x, { axes: [...kept, ...axes] }), { shape: [x.size / n, n] });
  const data = ravel(rows.array!);
  const results = Array.from({ length: x.size / n }, (_, row) =>
    withKernels("plain", () => reduce(tensor(data.slice(row * n, (row + 1) * n), { dtype: x.dtype }), {})),
  );
  const { dtype } = results[0]!;
  const values = results.map((y) => ravel(y.array!)[0]!);
  return tensor(
    ndarray(
      Float64Array.from(values),
      kept.map((axis) => x.shape[axis]!),
    ),
    { dtype },
  );
}

const boolsOf = (x: Tensor): Tensor => notEqual(x, 0.5);

describe.each([
  ["float64", ofFloats, (one: Case) => operand(one, "float64")],
  ["float32", ofFloats, (one: Case) => operand(one, "float32")],
  ["int32", ofIntegers, (one: Case) => operand(one, "int32")],
  ["bool", ofBools, (one: Case) => boolsOf(operand(one, "float64"))],
  ["float32, over one axis,", ofOneAxis, (one: Case) => operand(one, "float32")],
  ["int32, over one axis,", ofOneAxis, (one: Case) => operand(one, "int32")],
] as const)("of %s", (title, ops, make) => {
  it.each(Object.entries(ops))("%s of several axes is that of each slice", (_, reduce) => {
    fc.assert(
      fc.property(cases, (one) => {
        if (sizeOf(one.shape) > 5000) return;
        const x = make(one);
        const chosen = [...one.shape.keys()].filter((axis) => one.axes[axis]);
        const axes = title.includes("axis") ? [one.seed % one.shape.length] : chosen;
        const options = title.includes("axis") ? { axis: axes[0]! } : { axis: axes };
        const wanted = sliceBySlice(reduce, x, axes);
        for (const which of available) {
          const wrong = firstDifference(
            withKernels(which, () => reduce(x, options)),
            wanted,
          );
          if (wrong) expect.fail(`${which}: ${wrong}`);
        }
      }),
      { numRuns: 25, seed: 5 },
    );
  });
});

it("the operands have every layout", () => {
  const some = fc.sample(cases, { numRuns: 50, seed: 1 }).map((one) => operand(one, "float64"));
  expect(new Set(some.map((x) => isRowMajor(x.array!))).size).toBe(2);
});
