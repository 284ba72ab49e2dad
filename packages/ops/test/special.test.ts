import { readFileSync } from "node:fs";
import { grad, hessian, jacobian, type Tensor, tensor, vjp } from "@wengert/core";
import { betaln, digamma, erf, erfc, erfinv, gammainc, lgamma, logNdtr, mul, polygamma, sum } from "@wengert/ops";
import { describe, expect, it, test } from "vitest";
import * as ops from "./all/ops.ts";
import { numbers } from "./support.ts";

const nan = Number.NaN;
const infinity = Number.POSITIVE_INFINITY;
const values = (f: (x: Tensor) => Tensor, x: readonly number[]) => numbers(f(tensor(x)));
const slopes = (f: (x: Tensor) => Tensor, x: readonly number[]) => numbers(grad((a: Tensor) => sum(f(a)))(tensor(x)));

type Entry = readonly [op: string, args: readonly number[], value: number];
const entries = JSON.parse(readFileSync(new URL("goldens/special.json", import.meta.url), "utf8")) as readonly Entry[];

describe("within 1e-14 (betaln: 1e-10) of references of 60 digits, next to zeros and at large parameters", () => {
  for (const [op, args, wanted] of entries)
    it(`${op}(${args.join(", ")})`, () => {
      const call = (ops as unknown as Record<string, (...args: readonly number[]) => Tensor>)[op]!;
      expect(Math.abs(call(...args).item() / wanted - 1)).toBeLessThanOrEqual(op === "betaln" ? 1e-10 : 1e-14);
    });
});

describe("values at poles, limits and outside the domain", () => {
  it("of erf, erfc and erfinv", () => {
    expect(values(erf, [0, -0, infinity, -infinity, nan])).toEqual([0, -0, 1, -1, nan]);
    expect(values(erfc, [0, infinity, -infinity, 30, nan])).toEqual([1, 0, 2, 0, nan]);
    expect(values(erfinv, [0, -0, 1, -1, 1.5, nan])).toEqual([0, -0, infinity, -infinity, nan, nan]);
    expect(slopes(erfinv, [1, -1, 2])).toEqual([infinity, infinity, nan]);
  });
  it("of lgamma, digamma and polygamma", () => {
    expect(values(lgamma, [1, 2, 0, -0, -3, infinity, -infinity, nan])).toEqual([
      0,
      0,
      infinity,
      infinity,
      infinity,
      infinity,
      infinity,
      nan,
    ]);
    expect(values(digamma, [0, -0, -1, infinity, -infinity, nan])).toEqual([
      -infinity,
      infinity,
      nan,
      infinity,
      nan,
      nan,
    ]);
    expect(values((x) => polygamma(1, x), [0, -0, -1, infinity, -infinity])).toEqual([
      infinity,
      infinity,
      infinity,
      0,
      nan,
    ]);
    expect(values((x) => polygamma(2, x), [0, -0, -1, infinity, 5e-324])).toEqual([
      -infinity,
      infinity,
      nan,
      -0,
      -infinity,
    ]);
    expect(numbers(polygamma(0, tensor([0.5, -1.5])))).toEqual(values(digamma, [0.5, -1.5]));
  });
  it("of betaln and gammainc", () => {
    expect([betaln(0, 2), betaln(-1, 2), betaln(infinity, 2), betaln(1, 1)].map((t) => t.item())).toEqual([
      infinity,
      nan,
      -infinity,
      0,
    ]);
    const pairs = [[2, 0], [2, infinity], [0, 1], [infinity, 1], [-1, 1], [1, -1], [0, 0], [1e300, 2e300], [3, 1e-200]]; // biome-ignore format: pairs
    expect(pairs.map(([a, x]) => gammainc(a!, x!).item())).toEqual([0, 1, 1, 0, nan, nan, nan, 1, 0]);
  });
});

test("lgamma is the logarithm of a factorial, and polygamma of high order is n! ζ(n + 1, x)", () => {
  let factorial = 1;
  for (let n = 2; n < 19; n++) {
    factorial *= n - 1;
    expect(Math.abs(lgamma(n).item() - Math.log(factorial))).toBeLessThanOrEqual(2 ** -51 * Math.log(factorial));
  }
  expect(polygamma(100, 1).item() / -9.332621544394415e157).toBeCloseTo(1, 14); // 100! ζ(101)
  expect(polygamma(301, 1000).item()).toBeGreaterThan(0); // 301! overflows, but not beside 1000³⁰²
});

test("derivatives of every order follow: ψ⁽ⁿ⁾′ = ψ⁽ⁿ⁺¹⁾", () => {
  const third = grad(grad(grad((x: Tensor) => lgamma(x))))(tensor(-2.25));
  expect(third.item()).toBe(polygamma(2, -2.25).item());
});

test("logNdtr keeps the digits of its derivatives in the lower tail", () => {
  expect(values(logNdtr, [0, infinity, -infinity, nan])).toEqual([-Math.LN2, 0, -infinity, nan]);
  expect(logNdtr(-1e10).item()).toBe(-5e19);
  const second = jacobian(grad((a: Tensor) => sum(logNdtr(a))))(tensor([-1e8, -infinity, infinity]));
  const [first, limit, upper] = numbers(second).filter((_, i) => i % 4 === 0); // −h (x + h) → −1
  expect(first).toBeCloseTo(-1, 15);
  expect(limit).toBeCloseTo(-1, 15);
  expect(upper).toBe(-0);
});

test("betaln has derivatives for arguments of very different sizes, where ψ(a) − ψ(a + b) cancels", () => {
  const [toA, toB] = vjp(betaln, tensor(1e12), tensor(2)).pullback(1);
  expect(toA.item() / -2e-12).toBeCloseTo(1, 11); // −b / a
  expect(toB.item()).toBeCloseTo(1 - 0.5772156649015329 - Math.log(1e12), 11);
  const second = hessian((b: Tensor) => betaln(1e12, b))(tensor(2));
  expect(second.item()).toBeCloseTo(polygamma(1, 2).item(), 11);
});

describe("gammainc", () => {
  it("broadcasts, and is 1 − e⁻ˣ for a = 1", () => {
    const y = gammainc(tensor([[1], [2]]), tensor([0.5, 3]));
    expect(y.shape).toEqual([2, 2]);
    const wanted = [-Math.expm1(-0.5), -Math.expm1(-3), -Math.expm1(-0.5) - 0.5 * Math.exp(-0.5), 1 - 4 * Math.exp(-3)];
    for (const [i, p] of numbers(y).entries()) expect(p).toBeCloseTo(wanted[i]!, 15);
  });
  it("has derivatives in x of every order, also at x = 0", () => {
    const p = (x: Tensor) => gammainc(3, x);
    expect(grad(grad(grad(p)))(tensor(2)).item()).toBeCloseTo(-Math.exp(-2), 15); // (x² e⁻ˣ / 2)″
    expect([grad(p)(tensor(0)).item(), grad((x: Tensor) => gammainc(1, x))(tensor(0)).item()]).toEqual([0, 1]);
  });
  it("throws if the derivative by a is needed, and holds a constant otherwise", () => {
    expect(() => grad((a: Tensor) => gammainc(a, 1))(tensor(2))).toThrow(/^gammainc: only x has a derivative, not a/);
    const f = (x: Tensor) => sum(mul(gammainc(tensor([1, 2]), x), 2));
    expect(grad(f)(tensor(1)).item()).toBeCloseTo(4 * Math.exp(-1), 15);
  });
});
