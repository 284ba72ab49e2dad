import { evaluate, grad, hessian, type Tensor, tensor, trace, vjp } from "@wengert/core";
import {
  all,
  any,
  argmax,
  argsort,
  cumprod,
  logCumsumExp,
  max,
  median,
  mul,
  norm,
  quantile,
  searchsorted,
  sort,
  std,
  sum,
  takeAlong,
  topK,
  variance,
} from "@wengert/ops";
import { describe, expect, it, test } from "vitest";
import { expectNear, int32, numbers, random } from "./support.ts";

const cotangent = (f: (x: Tensor) => Tensor, g: number | number[], x: number[]): number[] =>
  numbers(vjp(f, tensor(x)).pullback(tensor(g))[0]);

describe("sort and argsort", () => {
  it("keep equal entries in order, also descending, and put NaN last", () => {
    const x = tensor([2, Number.NaN, 1, 2, Number.NaN, 3]);
    expect(numbers(argsort(x))).toEqual([2, 0, 3, 5, 1, 4]);
    expect(numbers(argsort(x, { descending: true }))).toEqual([5, 0, 3, 2, 1, 4]);
    expect(numbers(argsort(int32([-(2 ** 31), 5, 2 ** 31 - 1]), { descending: true }))).toEqual([2, 1, 0]);
  });
  it.each([1, 11, 12, 13, 24, 25, 1000])("sort %i random numbers with ties like a stable comparison sort", (n) => {
    const keys = numbers(random([n], n)).map((x) => Math.round(8 * x));
    const wanted = [...keys.keys()].sort((a, b) => keys[a]! - keys[b]! || a - b);
    expect(numbers(argsort(tensor(keys)))).toEqual(wanted);
    const down = [...keys.keys()].sort((a, b) => keys[b]! - keys[a]! || a - b);
    expect(numbers(argsort(tensor(keys), { descending: true }))).toEqual(down);
  });
  it("give each entry the cotangent of its place in the sorted slice", () => {
    expect(cotangent((x) => sort(x), [1, 2, 3, 4], [5, -1, 5, 0])).toEqual([3, 1, 4, 2]);
    expect(cotangent((x) => sort(x, { descending: true }), [1, 2, 3, 4], [5, -1, 5, 0])).toEqual([1, 4, 2, 3]);
  });
  it("can be traced, and sort the values of each run", () => {
    const program = trace((x: Tensor) => sort(x), { shape: [3] });
    expect(evaluate(program, tensor([3, 1, 2])).toNested()).toEqual([1, 2, 3]);
  });
});

describe("topK", () => {
  it("agrees with max and argmax on NaN and ties", () => {
    for (const values of [
      [1, 5, 5, 2],
      [1, Number.NaN, 7, Number.NaN],
      [-Infinity, -3],
    ]) {
      const x = tensor(values);
      const top = topK(x, { k: 1 });
      expect([numbers(top.values), numbers(top.indices)]).toEqual([[max(x).item()], [argmax(x).item()]]);
    }
  });
  it("returns values and indices in descending order, with cotangents", () => {
    const { values, indices } = topK(tensor([3, 9, 9, 4]), { k: 3 });
    expect([numbers(values), numbers(indices), indices.dtype]).toEqual([[9, 9, 4], [1, 2, 3], "int32"]);
    expect(cotangent((x) => topK(x, { k: 3 }).values, [1, 2, 4], [3, 9, 9, 4])).toEqual([0, 1, 2, 4]);
  });
});

test("searchsorted agrees with a count of the smaller entries", () => {
  const sorted = sort(tensor(numbers(random([40])).map((x) => Math.round(9 * x))));
  const x = tensor(numbers(random([30], 2)).map((each) => Math.round(18 * each) / 2));
  const count = (isSmaller: (entry: number, value: number) => boolean) =>
    numbers(x).map((value) => numbers(sorted).filter((entry) => isSmaller(entry, value)).length);
  expect(numbers(searchsorted(sorted, x))).toEqual(count((entry, value) => entry < value));
  expect(numbers(searchsorted(sorted, x, { side: "right" }))).toEqual(count((entry, value) => entry <= value));
});

describe("quantile and median", () => {
  it("send the cotangent to both neighbors by weight, and to one entry of a tie", () => {
    expect(cotangent((x) => median(x), 4, [3, 9, 1, 7])).toEqual([2, 0, 0, 2]);
    expect(cotangent((x) => quantile(x, 0.25), 8, [7, 1, 4, 2])).toEqual([0, 2, 0, 6]);
    expect(cotangent((x) => median(x), 1, [5, 5, 5])).toEqual([0, 1, 0]);
  });
  it("are NaN in a slice with NaN only, and interpolate between equal infinities", () => {
    const x = tensor([
      [1, Number.NaN, 2],
      [3, 4, 5],
    ]);
    expect(numbers(median(x, { axis: 1 }))).toEqual([Number.NaN, 4]);
    expect(quantile(tensor([Infinity, Infinity, 1]), 0.75).item()).toBe(Infinity);
    expect(quantile(tensor([-Infinity, 1, Infinity]), 0.5).item()).toBe(1);
    expectNear(quantile(tensor([-1.7e308, 1.7e308]), 0.25), [-8.5e307], 1e-15);
  });
  it("never leave the range of the neighbors", () => {
    const [a, b] = [0.1, Math.fround(0.1)];
    for (let q = 0; q <= 1; q += 1 / 64) {
      const y = quantile(tensor([a, b]), q).item();
      expect(y >= Math.min(a, b) && y <= Math.max(a, b)).toBe(true);
    }
  });
});

describe("norm and std", () => {
  it("have the gradient 0 where they are 0, in every order of derivative", () => {
    const zero = tensor([0, 0]);
    for (const ord of [1, 2, 3, Infinity]) expect(cotangent((x) => norm(x, { ord }), 1, [0, 0])).toEqual([0, 0]);
    expect(cotangent((x) => std(x), 1, [3, 3])).toEqual([0, 0]);
    for (const f of [(x: Tensor) => norm(x), (x: Tensor) => std(x)])
      expect(numbers(hessian(f)(zero))).toEqual([0, 0, 0, 0]);
  });
  it("neither overflow nor underflow in the square of the norm", () => {
    for (const scale of [1e300, 1e-300, 5e-324]) {
      const x = tensor([3 * scale, -4 * scale]);
      expect(norm(x).item()).toBe(5 * scale);
    }
    expectNear(vjp((x: Tensor) => norm(x), tensor([3e300, -4e300])).pullback(tensor(1))[0], [0.6, -0.8], 1e-15);
    expectNear(norm(tensor([1e200, 1e200]), { ord: 3 }), [2 ** (1 / 3) * 1e200], 1e-15);
  });
  it("propagate NaN and infinities", () => {
    for (const ord of [1, 2, 3, Infinity]) {
      expect(norm(tensor([Number.NaN, 1]), { ord }).item()).toBeNaN();
      expect(norm(tensor([-Infinity, 1]), { ord }).item()).toBe(Infinity);
      expect(norm(tensor([Infinity, Number.NaN]), { ord }).item()).toBeNaN();
    }
  });
  it("are 0 and NaN for no elements, and std is the root of the variance", () => {
    expect([norm(tensor([])).item(), std(tensor([])).item()]).toEqual([0, Number.NaN]);
    const x = random([3, 4]);
    for (const options of [{}, { axis: 1, ddof: 1 }, { axis: 0, keepDims: true }])
      expectNear(std(x, options), numbers(variance(x, options)).map(Math.sqrt), 2 ** -52);
  });
});

test("any and all of nothing are false and true", () => {
  const none = tensor([], { dtype: "bool" });
  expect([any(none).toNested(), all(none).toNested()]).toEqual([false, true]);
});

test("cumprod has exact derivatives at zeros, and wraps around in int32", () => {
  expect(cotangent((x) => cumprod(x, { axis: 0 }), [1, 10, 100, 1000], [2, 0, 3, 0])).toEqual([1, 620, 0, 0]);
  expect(numbers(cumprod(int32([65536, 65536, 3]), { axis: 0 }))).toEqual([65536, 0, 0]);
  const gradient = grad((x: Tensor) => sum(mul(cumprod(x, { axis: 0 }), tensor([0, 0, 1]))));
  expect(numbers(gradient(tensor([Infinity, 0, 2])))).toEqual(
    [0, Infinity, 0].map((v, i) => (i === 2 ? Number.NaN : v)),
  );
});

test("logCumsumExp has the gradient 0 for −Infinity, to second order, and does not overflow", () => {
  const f = (x: Tensor) => logCumsumExp(x, { axis: 0 });
  expect(cotangent(f, [1, 1, 1, 1], [-Infinity, -Infinity, 0, 0])).toEqual([0, 0, 1.5, 0.5]);
  expect(numbers(f(tensor([800, 800, -800])))).toEqual([800, 800 + Math.LN2, 800 + Math.LN2]);
  expectNear(tensor(cotangent(f, [0, 0, 1], [800, 800, 800])), [1 / 3, 1 / 3, 1 / 3], 1e-12);
  const last = (x: Tensor) => sum(mul(f(x), tensor([0, 0, 1])));
  const H = numbers(hessian(last)(tensor([-Infinity, 0, 0])));
  expectNear(tensor(H), [0, 0, 0, 0, 0.25, -0.25, 0, -0.25, 0.25], 1e-15);
});

test("takeAlong of argsort sorts along any axis", () => {
  const x = random([3, 4, 2]);
  for (const axis of [0, 1, -1])
    expect(takeAlong(x, argsort(x, { axis }), { axis }).toNested()).toEqual(sort(x, { axis }).toNested());
});
