import { grad, jacobian, OutOfRangeError, type Tensor, tensor, vjp } from "@wengert/core";
import {
  abs,
  argmin,
  clip,
  cumsum,
  expm1,
  isFinite as finite,
  flip,
  log1p,
  logAddExp,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  logSigmoid,
  maximum,
  min,
  minimum,
  isNaN as notANumber,
  pad,
  sign,
  softplus,
  squeeze,
  sum,
  variance,
} from "@wengert/ops";
import { describe, expect, it, test } from "vitest";
import { errorOf, numbers } from "./support.ts";

const cotangents = (f: (...xs: Tensor[]) => Tensor, g: number[], ...xs: number[][]): number[][] =>
  vjp(f, ...xs.map((x) => tensor(x)))
    .pullback(tensor(g))
    .map(numbers);

test("abs and sign have the derivative 0 at 0, and propagate NaN", () => {
  expect(numbers(abs(tensor([-2, 0, 3, Number.NaN, -Infinity])))).toEqual([2, 0, 3, Number.NaN, Infinity]);
  expect(numbers(sign(tensor([-2, 0, 3, Number.NaN])))).toEqual([-1, 0, 1, Number.NaN]);
  expect(cotangents((x) => abs(x), [5, 5, 5], [-2, 0, 3])).toEqual([[-5, 0, 5]]);
  expect(cotangents((x) => sign(x), [5, 5, 5], [-2, 0, 3])).toEqual([[0, 0, 0]]);
});

describe("maximum and minimum", () => {
  it("split the cotangent evenly among ties, even an infinite one", () => {
    expect(cotangents(maximum, [4, 4, 4], [1, 2, 3], [2, 2, 2]).map((g) => g.map(Math.abs))).toEqual([
      [0, 2, 4],
      [4, 2, 0],
    ]);
    expect(cotangents(minimum, [Infinity, 4], [1, 3], [2, 3])).toEqual([
      [Infinity, 2],
      [0, 2],
    ]);
  });
  it("propagate NaN", () => {
    for (const op of [maximum, minimum]) {
      expect(numbers(op(tensor([Number.NaN, 1]), tensor([1, Number.NaN])))).toEqual([Number.NaN, Number.NaN]);
    }
  });
});

test("min and argmin: NaN first, ties split or first, integers stay integers", () => {
  expect(min(tensor([3, Number.NaN, 1])).item()).toBeNaN();
  expect(argmin(tensor([3, Number.NaN, 1])).item()).toBe(1);
  expect(argmin(tensor([3, 1, 1])).item()).toBe(1);
  expect(numbers(grad((x: Tensor) => min(x))(tensor([3, 1, 1])))).toEqual([0, 0.5, 0.5]);
  expect(min(tensor([3, -1], { dtype: "int32" })).dtype).toBe("int32");
});

describe("logAddExp", () => {
  it("does not overflow, and is −Infinity of two −Infinity with the gradient 0", () => {
    expect(logAddExp(1000, 1000).item()).toBe(1000 + Math.LN2);
    expect(logAddExp(-Infinity, -Infinity).item()).toBe(-Infinity);
    expect(logAddExp(-Infinity, 3).item()).toBe(3);
    expect(logAddExp(Infinity, 3).item()).toBe(Infinity);
    expect(cotangents(logAddExp, [1, 1], [-Infinity, -Infinity], [-Infinity, 3])).toEqual([
      [0, 0],
      [0, 1],
    ]);
  });
});

describe("softplus and logSigmoid", () => {
  it("are exact in both tails, with their derivatives", () => {
    expect(numbers(softplus(tensor([-800, -40, 0, 40, 800])))).toEqual([0, Math.exp(-40), Math.LN2, 40, 800]);
    expect(numbers(logSigmoid(tensor([-800, -40, 0, 40, 800])))).toEqual([-800, -40, -Math.LN2, -Math.exp(-40), 0]);
    const slopes = (f: (x: Tensor) => Tensor) => numbers(grad((x: Tensor) => sum(f(x)))(tensor([-40, 0, 40])));
    expect(slopes((x) => softplus(x))).toEqual([Math.exp(-40), 0.5, 1]);
    expect(slopes((x) => logSigmoid(x))).toEqual([1, 0.5, Math.exp(-40)]);
  });
});

test("expm1 and log1p keep the digits of small numbers", () => {
  for (const x of [1e-20, -1e-20, 1e-300]) {
    expect([expm1(x).item(), log1p(x).item()]).toEqual([x, x]);
  }
});

describe("clip", () => {
  const x = tensor([-2, -1, 0, 1, 2, Number.NaN]);
  it("has the derivative 1 on the closed interval", () => {
    expect(numbers(clip(x, { min: -1, max: 1 }))).toEqual([-1, -1, 0, 1, 1, Number.NaN]);
    expect(numbers(grad((y: Tensor) => sum(clip(y, { min: -1, max: 1 })))(x))).toEqual([0, 1, 1, 1, 0, 0]);
  });
  it("accepts one bound or none", () => {
    expect(numbers(clip(x, { min: 0 }))).toEqual([0, 0, 0, 1, 2, Number.NaN]);
    expect(numbers(clip(x))).toEqual(numbers(x));
  });
  it("throws for min > max and for NaN", () => {
    for (const bounds of [{ min: 2, max: 1 }, { min: Number.NaN }]) {
      expect(errorOf(() => clip(x, bounds))).toBeInstanceOf(OutOfRangeError);
    }
  });
});

test("logic follows truth tables, and predicates are elementwise", () => {
  const [a, b] = [tensor([false, false, true, true]), tensor([false, true, false, true])];
  expect(logicalAnd(a, b).toNested()).toEqual([false, false, false, true]);
  expect(logicalOr(a, b).toNested()).toEqual([false, true, true, true]);
  expect(logicalXor(a, b).toNested()).toEqual([false, true, true, false]);
  expect(logicalNot(a).toNested()).toEqual([true, true, false, false]);
  const x = tensor([1, Number.NaN, Infinity, -Infinity]);
  expect(finite(x).toNested()).toEqual([true, false, false, false]);
  expect(notANumber(x).toNested()).toEqual([false, true, false, false]);
  expect(() => logicalAnd(a, tensor([1, 0, 1, 0], { label: "m" }))).toThrow(/write notEqual\(m, 0\)/);
});

test("squeeze removes only axes of size 1, and flip is its own inverse", () => {
  const x = tensor([[[1], [2], [3]]]);
  expect(squeeze(x).shape).toEqual([3]);
  expect(squeeze(x, { axis: 0 }).shape).toEqual([3, 1]);
  expect(() => squeeze(x, { axis: 1 })).toThrow(/axis 1 of tensor \[1, 3, 1\] has size 3/);
  const y = tensor([
    [1, 2],
    [3, 4],
  ]);
  expect(flip(y).toNested()).toEqual([
    [4, 3],
    [2, 1],
  ]);
  expect(flip(y, { axis: 1 }).toNested()).toEqual([
    [2, 1],
    [4, 3],
  ]);
  expect(flip(flip(y, { axis: -1 }), { axis: -1 }).toNested()).toEqual(y.toNested());
});

test("variance is the mean square deviation with divisor n − ddof, and is accurate for a large mean", () => {
  const x = tensor([1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 6]);
  expect(variance(x).item()).toBe(3.5);
  expect(variance(x, { ddof: 1 }).item()).toBe(14 / 3);
  expect(variance(x, { keepDims: true }).shape).toEqual([1]);
  const slopes = jacobian((y: Tensor) => variance(y))(x);
  expect(numbers(slopes)).toEqual([-1, -0.5, 0, 1.5]);
});

test("cumsum adds from the start, and its cotangents from the end", () => {
  const x = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  expect(cumsum(x, { axis: 1 }).toNested()).toEqual([
    [1, 3, 6],
    [4, 9, 15],
  ]);
  expect(cotangents((y) => cumsum(y, { axis: 0 }), [1, 10, 100], [5, 6, 7])).toEqual([[111, 110, 100]]);
  expect(numbers(cumsum(tensor([1, Number.NaN, 2]), { axis: 0 }))).toEqual([1, Number.NaN, Number.NaN]);
  expect(() => cumsum(x, {} as { axis: number })).toThrow(/cumsum: axis must be a whole number, got undefined/);
});

test("pad surrounds with a value that the dtype can represent", () => {
  const x = tensor([[1, 2]]);
  const widths = [
    [1, 0],
    [0, 2],
  ] as const;
  expect(pad(x, { widths, value: 7 }).toNested()).toEqual([
    [7, 7, 7, 7],
    [1, 2, 7, 7],
  ]);
  expect(() => pad(x, { widths: [[1, 0]] })).toThrow(/one pair .* 2 axes of tensor \[1, 2\].*got \[\[1, 0\]\]/);
  expect(() =>
    pad(x, {
      widths: [
        [1, -1],
        [0, 0],
      ],
    }),
  ).toThrow(/whole numbers of at least 0/);
  const mask = tensor([[true, false]], { label: "mask" });
  expect(pad(mask, { widths, value: 1 }).toNested()).toEqual([
    [true, true, true, true],
    [true, false, true, true],
  ]);
  expect(() => pad(mask, { widths, value: 2 })).toThrow(
    /^pad: value 2 is not representable in bool, the dtype of mask \[1, 2\]/,
  );
  const whole = tensor([[1, 2]], { dtype: "int32", label: "n" });
  expect(() => pad(whole, { widths, value: 0.5 })).toThrow(
    /value 0.5 is not representable in int32, the dtype of n \[1, 2\]; write cast\(n/,
  );
});
