import { grad, hessian, jacobian, type Tensor, tensor, vjp, zeros } from "@wengert/core";
import { gradcheck } from "@wengert/core/gradcheck";
import { mul, prod, sum } from "@wengert/ops";
import { linearRecurrence } from "@wengert/ops/extend";
import { describe, expect, it } from "vitest";
import { int32, numbers, product, random } from "./support.ts";

const range = (n: number): number[] => [...new Array(n).keys()];
/**
 * Returns the product of all entries of x except those at the indices `leftOut`. This product is the derivative of the
 * full product with respect to the entries `leftOut`.
 */
const without = (x: readonly number[], ...leftOut: number[]): number =>
  new Set(leftOut).size < leftOut.length ? 0 : x.reduce((y, each, i) => (leftOut.includes(i) ? y : y * each), 1);

describe("prod", () => {
  const slices = product([0, 2, -3], [0, 1, -1], [0, 5], [0, -0.5]);
  it("of a slice with zeros has the products of the other entries as derivatives, to third order", () => {
    for (const slice of slices) {
      const x = tensor(slice);
      const f = (a: Tensor) => prod(a);
      expect(f(x).item()).toBe(without(slice));
      expect(numbers(grad(f)(x)).map((y) => y + 0)).toEqual(range(4).map((i) => without(slice, i) + 0));
      const second = product(range(4), range(4)).map(([i, j]) => without(slice, i!, j!) + 0);
      expect(numbers(hessian(f)(x)).map((y) => y + 0)).toEqual(second);
      const third = product(range(4), range(4), range(4)).map(([i, j, k]) => without(slice, i!, j!, k!) + 0);
      expect(numbers(jacobian(hessian(f))(x)).map((y) => y + 0)).toEqual(third);
    }
  });
  it("reduces any axes, row by row", () => {
    const x = mul(random([2, 3, 4]), 2);
    for (const axis of [[], [0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]]) {
      const slices = new Map<string, number>();
      for (const at of product(range(2), range(3), range(4))) {
        const place = String(at.filter((_, i) => !axis.includes(i)));
        slices.set(place, (slices.get(place) ?? 1) * x.data.get(...at));
      }
      const y = prod(x, { axis, keepDims: true });
      expect(y.shape).toEqual([2, 3, 4].map((n, i) => (axis.includes(i) ? 1 : n)));
      expect(numbers(y)).toEqual([...slices.values()]);
      expect(numbers(prod(x, { axis }))).toEqual([...slices.values()]);
      gradcheck((a: Tensor) => prod(a, { axis }), [x]);
    }
  });
  it("of an empty slice is 1", () => {
    expect(prod(tensor([])).item()).toBe(1);
    expect(prod(zeros([2, 0]), { axis: 1 }).toNested()).toEqual([1, 1]);
    expect(grad((x: Tensor) => sum(prod(x, { axis: 1 })))(zeros([2, 0])).shape).toEqual([2, 0]);
  });
  it("propagates NaN and infinities within their slices", () => {
    const x = tensor([
      [2, Number.NaN, 3],
      [0, Infinity, 2],
      [-2, Infinity, 3],
      [1, 2, 3],
    ]);
    expect(prod(x, { axis: 1 }).toNested()).toEqual([Number.NaN, Number.NaN, -Infinity, 6]);
    // The derivative of prod with respect to an entry is the product of the other entries. The derivative is NaN if the
    // other entries contain a NaN, or both 0 and ∞.
    expect(grad((a: Tensor) => sum(prod(a, { axis: 1 })))(x).toNested()).toEqual([
      [Number.NaN, 6, Number.NaN],
      [Infinity, 0, Number.NaN],
      [Infinity, -6, -Infinity],
      [6, 3, 2],
    ]);
  });
  it("of int32 is int32 modulo 2³², and of bools is whether all are true", () => {
    const y = prod(
      int32([
        [2 ** 20, 2 ** 11, 3],
        [65537, 65537, 65537],
        [-(2 ** 31), -1, 1],
      ]),
      { axis: 1 },
    );
    const wanted = [2n ** 31n * 3n, 65537n ** 3n, 2n ** 31n].map((n) => Number(BigInt.asIntN(32, n)));
    expect([y.dtype, y.toNested()]).toEqual(["int32", wanted]);
    const all = prod(
      tensor([
        [true, true],
        [true, false],
      ]),
      { axis: 1 },
    );
    expect([all.dtype, all.toNested()]).toEqual(["int32", [1, 0]]);
  });
  it("in float32 multiplies in float64 and rounds once", () => {
    const x = tensor(Float32Array.of(1e-30, 1e-30, 1e30, 1e30, 1.1));
    expect(prod(x).item()).toBe(Math.fround(numbers(x).reduce((a, b) => a * b)));
  });
});

describe("linearRecurrence", () => {
  const [a, b] = [
    [2, 3, -1, 5],
    [1, 10, 100, 1000],
  ].map((list) => tensor(list)) as [Tensor, Tensor];
  it("starts with 0, and multiplies and adds from entry to entry", () => {
    expect(linearRecurrence(a, b).toNested()).toEqual([0, 1, 13, 87]);
    expect(linearRecurrence(a, b, { reverse: true }).toNested()).toEqual([-2690, -900, 1000, 0]);
  });
  it("does not multiply an infinite first entry by the initial 0", () => {
    expect(linearRecurrence(tensor([Infinity, 2, 3]), tensor([1, 1, 1])).toNested()).toEqual([0, 1, 3]);
    const [toA] = vjp(linearRecurrence, tensor([Infinity, 2]), tensor([1, 1])).pullback(tensor([5, 5]));
    expect(toA.toNested()).toEqual([0, 0]);
  });
});
