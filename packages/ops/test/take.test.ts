import { grad, OutOfRangeError, type Tensor, tensor, vjp, WengertError, zeros } from "@wengert/core";
import { flip, mul, oneHot, softmax, sum, take } from "@wengert/ops";
import { scatterAdd } from "@wengert/ops/extend";
import { describe, expect, it, test } from "vitest";
import { errorOf, int32, numbers, random } from "./support.ts";

it("takes a list of whole numbers as indices", () => {
  const x = random([4, 3]);
  expect(take(x, [0, -1], { axis: 0 }).toNested()).toEqual(take(x, int32([0, -1]), { axis: 0 }).toNested());
  expect(take(x, [], { axis: 1 }).shape).toEqual([4, 0]);
});

describe("take", () => {
  const x = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  it("replaces the axis by the shape of the indices, and counts negative ones from the end", () => {
    expect(take(x, int32([2, 0, -1]), { axis: 1 }).toNested()).toEqual([
      [3, 1, 3],
      [6, 4, 6],
    ]);
    expect(take(x, int32([[1], [0]]), { axis: 0 }).shape).toEqual([2, 1, 3]);
    expect(take(x, -1, { axis: -1 }).toNested()).toEqual([3, 6]);
    expect(take(x, int32([0, 5])).toNested()).toEqual([1, 6]);
    expect(take(softmax(x), 0).shape).toEqual([]);
  });
  it.each([1, 31, 32, 33, 100])("takes rows of %i numbers, for any memory layout and dtype", (inner) => {
    const value = (row: number, l: number) => (row * inner + l) % 251;
    const data = Array.from({ length: 5 }, (_, row) => Array.from({ length: inner }, (_, l) => value(row, l)));
    for (const dtype of ["float64", "float32", "int32"] as const)
      for (const y of [tensor(data, { dtype }), flip(tensor(data.toReversed(), { dtype }), { axis: 0 })])
        expect(take(y, int32([3, 0, -1, 3]), { axis: 0 }).toNested()).toEqual([3, 0, 4, 3].map((row) => data[row]));
  });
  it("adds the cotangents of entries taken twice, in float64 with one rounding", () => {
    const [g] = vjp((y: Tensor) => take(y, int32([1, 1, 0]), { axis: 1 }), x).pullback(
      tensor([
        [1, 10, 100],
        [2, 20, 200],
      ]),
    );
    expect(g.toNested()).toEqual([
      [100, 11, 0],
      [200, 22, 0],
    ]);
    const single = tensor(Float32Array.of(0));
    const many = grad((y: Tensor) =>
      sum(mul(take(y, int32(new Array(3).fill(0))), tensor(Float32Array.of(1, 2e-8, 5e-8)))),
    );
    expect(numbers(many(single))).toEqual([Math.fround(1 + Math.fround(2e-8) + Math.fround(5e-8))]);
  });
  it("throws for indices out of range and for fractions", () => {
    for (const index of [3, -4]) {
      const error = errorOf(() => take(x, int32([0, index]), { axis: 1 }));
      expect(error).toBeInstanceOf(OutOfRangeError);
      expect(error.message).toBe(
        `take: index ${index} (number 1) is outside axis 1 of size 3; it must be from -3 to 2`,
      );
    }
    expect(() => take(x, tensor([0, 1], { label: "i" }), { axis: 1 })).toThrow(/write cast\(i, \{ dtype: "int32" \}\)/);
    expect(() => take(x, 0.5, { axis: 1 })).toThrow(
      /^take: an index must be a whole number in int32, got 0.5; round it$/,
    );
  });
});

test("scatterAdd throws for shapes that take cannot return", () => {
  const indices = int32([
    [2, 0],
    [1, 1],
  ]);
  for (const shape of [[2, 3], [4], [2, 3, 2]])
    expect(
      errorOf(() => scatterAdd(zeros(shape), indices, { axis: 1, size: 3 })),
      String(shape),
    ).toBeInstanceOf(WengertError);
  expect(errorOf(() => scatterAdd(zeros([2, 2]), indices, { axis: 1, size: 3 }))).toBeInstanceOf(OutOfRangeError);
});

test("oneHot puts a 1 at the index, in a new last axis", () => {
  expect(oneHot(int32([[2], [0]]), { numClasses: 3 }).toNested()).toEqual([[[0, 0, 1]], [[1, 0, 0]]]);
  expect(oneHot(int32([1]), { numClasses: 2, dtype: "bool" }).toNested()).toEqual([[false, true]]);
  for (const index of [-1, 3]) {
    expect(() => oneHot(int32([0, index]), { numClasses: 3 })).toThrow(`index ${index} of row 1 is outside 0 … 2`);
  }
  expect(() => oneHot(tensor([1]), { numClasses: 2 })).toThrow(/int32/);
});
