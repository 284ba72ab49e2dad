import { grad, type Tensor, tensor, vjp } from "@wengert/core";
import { pow, sum } from "@wengert/ops";
import { xlogy } from "@wengert/ops/extend";
import { describe, expect, it, test } from "vitest";
import { expectNear, numbers, product } from "./support.ts";

const infinity = Number.POSITIVE_INFINITY;
const nan = Number.NaN;
const at = (a: number, b: number) => [tensor(a), tensor(b)] as const;
const toBase = grad((a: Tensor, b: Tensor) => pow(a, b));
const toExponent = grad((a: Tensor, b: Tensor) => pow(a, b), { argnums: 1 });

describe("pow", () => {
  it.each<[number, number, number]>([
    [2, 10, 1024],
    [4, 0.5, 2],
    [-2, 3, -8],
    [-2, 0.5, nan],
    [0, 2, 0],
    [0, -1, infinity],
    [-0, -1, -infinity],
    [0, 0, 1],
    [nan, 0, 1],
    [infinity, 0, 1],
    [1, nan, 1],
    [1, infinity, 1],
    [-1, infinity, 1],
    [-1, -infinity, 1],
    [nan, 1, nan],
    [2, nan, nan],
    [2, -infinity, 0],
    [0.5, -infinity, infinity],
  ])("%d to the %d is %d, by IEEE 754", (a, b, y) => expect(pow(...at(a, b)).item()).toBe(y));

  it.each<[number, number, number]>([
    [3, 2, 6],
    [-3, 2, -6],
    [-3, 3, 27],
    [0, 0, 0],
    [0, 1, 1],
    [0, 2, 0],
    [0, 3, 0],
    [0, 0.5, infinity],
    [0, 2.3, 0],
    [0, -1, -infinity],
    [3e-293, -0.4, -infinity],
    [nan, 0, 0],
    [infinity, 0, 0],
  ])("∂aᵇ/∂a at %d, %d is %d", (a, b, y) => expect(toBase(...at(a, b)).item() + 0).toBe(y));

  it.each<[number, number, number]>([
    [2, 3, 8 * Math.LN2],
    [1, 5, 0],
    [0, 2, 0],
    [0, 0.5, 0],
    [0, 0, 0],
    [0, -2, -infinity],
    [0, -0.5, -infinity],
    [-2, 2, nan],
    [-2, 3, nan],
  ])("∂aᵇ/∂b at %d, %d is %d", (a, b, y) => expect(toExponent(...at(a, b)).item()).toBe(y));

  it("gives the base of x⁰ the cotangent 0, even for an infinite cotangent", () => {
    for (const a of [0, 2, -1])
      expect(
        vjp((x: Tensor) => pow(x, 0), tensor(a))
          .pullback(infinity)[0]
          .item(),
      ).toBe(0);
  });
  it("has every derivative of xⁿ at 0", () => {
    for (const n of [0, 1, 2, 3, 4]) {
      let f = (x: Tensor): Tensor => pow(x, n);
      const wanted = [0, 1, 2, 3, 4, 5].map((k) => (k === n ? [1, 1, 2, 6, 24][n]! : 0));
      for (let k = 0; k <= 5; k++) {
        expect(Math.abs(f(tensor(0)).item()), `derivative ${k} of x^${n}`).toBe(wanted[k]);
        const g = f;
        f = (x) => grad((y: Tensor) => g(y))(x);
      }
    }
  });
  it("to a whole power equals repeated products, also for negative bases", () => {
    const bases = [-2.5, -1, -0.1, 0.3, 1.7];
    for (const [a, n] of product(bases, [1, 2, 3, 5]) as [number, number][]) {
      expectNear(pow(...at(a, n)), [new Array<number>(n).fill(a).reduce((p, x) => p * x)], 1e-15);
      expectNear(toBase(...at(a, n)), [n * a ** (n - 1)], 1e-15);
    }
  });
  it("broadcasts, and sums cotangents over broadcast axes", () => {
    const [a, b] = [tensor([[1], [2]]), tensor([0, 1, 2])];
    expect(pow(a, b).toNested()).toEqual([
      [1, 1, 1],
      [1, 2, 4],
    ]);
    expect(numbers(grad((x: Tensor) => sum(pow(x, b)))(a))).toEqual([3, 5]);
    expectNear(grad((y: Tensor) => sum(pow(a, y)))(b), [Math.LN2, 2 * Math.LN2, 4 * Math.LN2], 1e-15);
  });
});

test("xlogy is c ln a also at the limits of its range", () => {
  const f = (a: number, c: number) => xlogy(a, c).item();
  expect([f(Infinity, 2), f(Infinity, -2), f(0, 2), f(0, Infinity), f(1, 5)]).toEqual([
    Infinity,
    -Infinity,
    0,
    -Infinity,
    0,
  ]);
  expect([f(-2, 3), f(Infinity, 0)]).toEqual([Number.NaN, Number.NaN]);
});
