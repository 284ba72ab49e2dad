import { OutOfRangeError, tensor, vjp, zeros } from "@wengert/core";
import { gradcheck } from "@wengert/core/gradcheck";
import { cumsum, diff } from "@wengert/ops";
import { describe, expect, it } from "vitest";
import { errorOf, int32, numbers, random } from "./support.ts";

describe("diff", () => {
  it("subtracts neighbors along each axis, as many times as `order` says", () => {
    const x = random([3, 4, 5]);
    for (const axis of [0, 1, 2, -1, -2, -3])
      for (const order of [0, 1, 2, 3, 4, 7]) {
        const at = axis < 0 ? axis + 3 : axis;
        const n = x.shape[at]!;
        const size = Math.max(0, n - order);
        const y = diff(x, { axis, order });
        expect(y.shape).toEqual(x.shape.with(at, size));
        /** Σₖ (−1)ᵏ⁻ᵒʳᵈᵉʳ binomial(order, k) xᵢ₊ₖ */
        const binomial = (k: number): number => (k === 0 ? 1 : (binomial(k - 1) * (order - k + 1)) / k);
        for (let i = 0; i < y.size; i++) {
          const index = [
            Math.floor(i / (y.shape[1]! * y.shape[2]!)),
            Math.floor(i / y.shape[2]!) % y.shape[1]!,
            i % y.shape[2]!,
          ];
          let wanted = 0;
          for (let k = 0; k <= order; k++) {
            const place = index.with(at, index[at]! + k) as [number, number, number];
            wanted += (-1) ** (order - k) * binomial(k) * x.data.get(...place);
          }
          expect(y.data.get(...(index as [number, number, number]))).toBeCloseTo(wanted, 12);
        }
      }
  });
  it("has the defaults of NumPy: the last axis, once", () => {
    expect(
      diff(
        tensor([
          [1, 4, 9],
          [0, 1, 0],
        ]),
      ).toNested(),
    ).toEqual([
      [3, 5],
      [1, -1],
    ]);
  });
  it("undoes cumsum", () => {
    const x = int32([5, -3, 2 ** 31 - 1, 7]);
    expect(numbers(diff(cumsum(x, { axis: 0 })))).toEqual(numbers(x).slice(1));
  });
  it("is empty once `order` reaches the size of the axis", () => {
    expect(diff(zeros([2, 3]), { order: 2 ** 20 }).shape).toEqual([2, 0]);
    expect(diff(zeros([0, 3]), { axis: 0 }).shape).toEqual([0, 3]);
  });
  it("has correct derivatives to order 2, for every axis and several orders", () => {
    for (const axis of [0, 1])
      for (const order of [0, 1, 2, 3]) gradcheck((x) => diff(x, { axis, order }), [random([3, 4])], { order: 2 });
    expect(
      vjp((x) => diff(x), tensor([1, 2, 4]))
        .pullback(tensor([1, 10]))
        .map(numbers),
    ).toEqual([[-1, -9, 10]]);
  });
  it("throws for an order that is not a whole number from 0 to 2^20", () => {
    for (const order of [-1, 0.5, Number.NaN, Infinity, 2 ** 20 + 1, "1", null]) {
      const error = errorOf(() => diff(zeros([3]), { order: order as number }));
      expect(error).toBeInstanceOf(OutOfRangeError);
      expect(error.message).toMatch(/^diff: order must be a whole number from 0 to 2\^20, got /);
    }
  });
});
