import { DTypeError, type Tensor, tensor, vjp } from "@wengert/core";
import { equal, greater, greaterEqual, less, lessEqual, log, notEqual, sum, where } from "@wengert/ops";
import { describe, expect, it, test } from "vitest";
import { errorOf, int32, numbers, product } from "./support.ts";

const infinity = Number.POSITIVE_INFINITY;
const nan = Number.NaN;

describe("where", () => {
  const condition = tensor([true, false]);
  it("takes each entry from the branch that its condition selects", () => {
    expect(where(condition, tensor([1, 2]), tensor([3, 4])).toNested()).toEqual([1, 4]);
    expect(where(condition, tensor([1, nan]), tensor([infinity, 4])).toNested()).toEqual([1, 4]);
    expect(where(condition, 1, tensor([3, 4], { dtype: "float32" })).dtype).toBe("float32");
    expect([where(condition, int32([1, 2]), 0).toNested(), where(condition, condition, condition).dtype]).toEqual([
      [1, 0],
      "bool",
    ]);
  });
  it("gives the other branch exactly 0, even for an infinite or NaN cotangent", () => {
    const f = (a: Tensor, b: Tensor) => where(condition, a, b);
    for (const g of [infinity, -infinity, nan]) {
      const [a, b] = vjp(f, tensor([1, 2]), tensor([3, 4])).pullback(tensor([g, g]));
      expect([a.toNested(), b.toNested()]).toEqual([
        [g, 0],
        [0, g],
      ]);
    }
  });
  it("blocks infinities of the other branch if the input is masked too", () => {
    const safeLog = (x: Tensor) => where(greater(x, 0), log(where(greater(x, 0), x, 1)), 0);
    expect(
      vjp(safeLog, tensor([2, 0, -1]))
        .pullback(tensor([1, 1, 1]))[0]
        .toNested(),
    ).toEqual([0.5, 0, 0]);
  });
  it("broadcasts all three, and sums cotangents over broadcast axes", () => {
    const rows = tensor([[true], [false]]);
    const f = (a: Tensor, b: Tensor) => where(rows, a, b);
    const { value, pullback } = vjp(f, tensor([1, 2, 3]), tensor(9));
    expect(value.toNested()).toEqual([
      [1, 2, 3],
      [9, 9, 9],
    ]);
    expect(
      pullback(
        tensor([
          [1, 2, 4],
          [8, 16, 32],
        ]),
      ).map((t) => t.toNested()),
    ).toEqual([[1, 2, 4], 56]);
  });
  it("needs a bool condition and branches of one dtype", () => {
    const error = errorOf(() => where(tensor([1, 0], { label: "mask" }), 1, 2));
    expect([error.constructor, error.message]).toEqual([
      DTypeError,
      "where: expected bool, got mask [2] with dtype float64; write notEqual(mask, 0)",
    ]);
    const other = errorOf(() => where(condition, tensor([1, 2], { label: "W" }), int32([1, 2])));
    expect(other.message).toMatch(/W \[2\] is float64, b \[2\] is int32; write cast\(b, \{ dtype: "float64" \}\)/);
  });
});

describe("comparisons", () => {
  const values = [-infinity, -1, -0, 0, 1, infinity, nan];
  const table: [string, (a: Tensor, b: Tensor) => Tensor, (a: number, b: number) => boolean][] = [
    ["equal", equal, (a, b) => a === b],
    ["notEqual", notEqual, (a, b) => a !== b],
    ["less", less, (a, b) => a < b],
    ["lessEqual", lessEqual, (a, b) => a <= b],
    ["greater", greater, (a, b) => a > b],
    ["greaterEqual", greaterEqual, (a, b) => a >= b],
  ];
  describe.each(table)("%s", (_, op, reference) => {
    it("follows IEEE 754 for every pair of special values, with bool results", () => {
      const pairs = product(values, values) as [number, number][];
      const y = op(tensor(pairs.map(([a]) => a)), tensor(pairs.map(([, b]) => b)));
      expect([y.dtype, y.toNested()]).toEqual(["bool", pairs.map(([a, b]) => reference(a, b))]);
    });
    it("accepts every dtype, if both are equal", () => {
      for (const dtype of ["float32", "int32", "bool"] as const) {
        const [a, b] = [tensor([0, 1, 1], { dtype }), tensor([1, 0, 1], { dtype })];
        expect(op(a, b).toNested()).toEqual([reference(0, 1), reference(1, 0), reference(1, 1)]);
      }
      const error = errorOf(() => op(tensor([1], { label: "a" }), int32([1])));
      expect(error).toBeInstanceOf(DTypeError);
      expect(error.message).toMatch(/a \[1\] is float64, b \[1\] is int32; write cast\(b, /);
    });
    it("broadcasts, and has no derivative", () => {
      const { value, pullback } = vjp(
        (a: Tensor, b: Tensor) => [op(a, b), sum(a)] as const,
        tensor([[1], [2]]),
        tensor([1, 2]),
      );
      expect(value[0].shape).toEqual([2, 2]);
      expect(pullback([value[0], tensor(3)]).flatMap(numbers)).toEqual([3, 3, 0, 0]);
    });
  });
  test("convert numbers to the dtype of their partner", () => {
    expect([greater(int32([1, 3]), 2).toNested(), equal(tensor([0.1], { dtype: "float32" }), 0.1).toNested()]).toEqual([
      [false, true],
      [true],
    ]);
  });
});
