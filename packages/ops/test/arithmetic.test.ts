import { DTypeError, grad, ShapeError, type Tensor, tensor, vjp, zeros } from "@wengert/core";
import { add, div, mul, neg, sub, sum } from "@wengert/ops";
import { describe, expect, it, test } from "vitest";
import { sampled } from "./soak.ts";
import { errorOf, int32, numbers, product, random } from "./support.ts";

const sizes = [0, 1, 2];
const shapes = [0, 1, 2, 3].flatMap((rank) => product(...new Array<number[]>(rank).fill(sizes)));

/**
 * An independent implementation of NumPy's broadcasting rule: two sizes, compared from the last axis, must be equal, or
 * one must be 1.
 */
function broadcast(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const [p, q] = [a, b].map((shape) => [...new Array<number>(rank - shape.length).fill(1), ...shape]) as [
    number[],
    number[],
  ];
  if (p.some((m, i) => m !== q[i] && m !== 1 && q[i] !== 1)) return undefined;
  return p.map((m, i) => (m === 1 ? q[i]! : m));
}
/** Broadcasts x and returns the entry at `index`: along an axis on which x has size 1, the index is replaced by 0. */
const entry = (x: Tensor, index: readonly number[]) =>
  x.data.get(...index.slice(index.length - x.shape.length).map((i, axis) => (x.shape[axis] === 1 ? 0 : i)));

describe("broadcasting", () => {
  it("follows NumPy for each pair of shapes of up to three axes", () => {
    for (const [p, q] of sampled(product(shapes, shapes), 5) as [number[], number[]][]) {
      const [a, b] = [random(p, 1), random(q, 2)];
      const shape = broadcast(p, q);
      const what = `[${p}] and [${q}]`;
      if (shape === undefined) {
        expect(() => sub(a, b), what).toThrow(ShapeError);
        continue;
      }
      const y = sub(a, b);
      expect(y.shape, what).toEqual(shape);
      const indices = product(...shape.map((n) => [...new Array(n).keys()]));
      expect(numbers(y), what).toEqual(indices.map((index) => entry(a, index) - entry(b, index)));
    }
  });
  it("sums cotangents over repeated entries, for each pair of shapes", () => {
    for (const [p, q] of sampled(product(shapes, shapes), 5) as [number[], number[]][]) {
      const shape = broadcast(p, q);
      if (shape === undefined) continue;
      const [a, b, u] = [random(p, 1), random(q, 2), random(shape, 3)];
      const got = vjp((x: Tensor, y: Tensor) => mul(x, y), a, b).pullback(u);
      const wanted = [zeros(p), zeros(q)];
      for (const index of product(...shape.map((n) => [...new Array(n).keys()])))
        for (const [k, other] of [b, a].entries()) {
          const to = wanted[k]!;
          const at = to.data.index(
            ...index.slice(index.length - to.shape.length).map((i, axis) => (to.shape[axis] === 1 ? 0 : i)),
          );
          (to.array!.data as Float64Array)[at]! += entry(u, index) * entry(other, index);
        }
      for (const [k, g] of got.entries()) {
        expect(g.shape).toEqual(wanted[k]!.shape);
        for (const [i, x] of numbers(g).entries())
          expect(x, `[${p}] and [${q}]`).toBeCloseTo(numbers(wanted[k]!)[i]!, 14);
      }
    }
  });
  it.each<[number[], number[], RegExp]>([
    [[2, 3], [4], /^add: a \[2, 3\] and b \[4\] do not broadcast: sizes 3 and 4 at axis -1; sizes must be equal, or 1/],
    [[2, 3], [4, 3], /sizes 2 and 4 at axis -2/],
    [
      [5, 3],
      [5],
      /sizes 3 and 5 at axis -1; did you mean expandDims\(b, { axis: 1 }\), or a reduction to b with { keepDims: true }\?/,
    ],
    [[0], [2], /sizes 0 and 2 at axis -1/],
  ])("of %j and %j throws an error with the axis", (p, q, message) => {
    const error = errorOf(() => add(random(p), random(q)));
    expect(error).toBeInstanceOf(ShapeError);
    expect(error.message).toMatch(message);
  });
  it("throws an error with the labels", () => {
    const [X, m] = [tensor(random([5, 3]), { label: "X" }), tensor(random([5]), { label: "rowMeans" })];
    expect(errorOf(() => sub(X, m)).message).toMatch(/^sub: X \[5, 3\] and rowMeans \[5\] .*expandDims\(rowMeans, /);
  });
});

describe("integers", () => {
  const [least, most] = [-(2 ** 31), 2 ** 31 - 1];
  it("wrap around in 32 bits", () => {
    expect(add(int32([most]), 1).toNested()).toEqual([least]);
    expect(sub(int32([least]), 1).toNested()).toEqual([most]);
    expect(mul(int32([65537, most]), int32([65537, most])).toNested()).toEqual([131073, 1]);
    expect(neg(int32([least, 5])).toNested()).toEqual([least, -5]);
    for (const op of [add, sub, mul]) expect(op(int32([1]), int32([2])).dtype).toBe("int32");
  });
  it("throw on division and on mixing with floats; the error has the cast to write", () => {
    const n = tensor(int32([1]), { label: "n" });
    for (const run of [() => div(n, n), () => div(n, 2)])
      expect(errorOf(run).message).toMatch(
        /^div: a float is needed, n \[1\] is int32; write cast\(n, \{ dtype: "float64" \}\)/,
      );
    for (const op of [add, sub, mul, div]) {
      const error = errorOf(() => op(tensor([1]), n));
      expect(error).toBeInstanceOf(DTypeError);
      expect(error.message).toMatch(/n \[1\] is int32; write cast\(n, \{ dtype: "float64" \}\)/);
      expect(errorOf(() => op(n, 0.5)).message).toMatch(/0\.5 is not an int32.*write cast\(n, /);
      expect(() => op(tensor([true]), tensor([true]))).toThrow(DTypeError);
    }
  });
});

test("mixing two float dtypes throws; the error has the cast to write", () => {
  const [a, b] = [tensor([1], { label: "a" }), tensor([1], { dtype: "float32", label: "b" })];
  for (const op of [add, sub, mul, div]) {
    expect(errorOf(() => op(a, b)).message).toMatch(
      /a \[1\] is float64, b \[1\] is float32; write cast\(b, \{ dtype: "float64" \}\)/,
    );
    expect(errorOf(() => op(b, a)).message).toMatch(
      /b \[1\] is float32, a \[1\] is float64; write cast\(a, \{ dtype: "float32" \}\)/,
    );
  }
});

test("special values follow IEEE 754", () => {
  const [infinity, nan] = [Number.POSITIVE_INFINITY, Number.NaN];
  expect(div(tensor([1, -1, 0, 0]), tensor([0, 0, 0, 5])).toNested()).toEqual([infinity, -infinity, nan, 0]);
  expect(mul(tensor([0, infinity]), tensor([infinity, -1])).toNested()).toEqual([nan, -infinity]);
  expect(neg(tensor([0, -0, nan])).toNested()).toEqual([-0, 0, nan]);
});

test("the derivative of a quotient does not overflow, because b is not squared", () => {
  const g = grad((a: Tensor, b: Tensor) => sum(div(a, b)), { argnums: 1 })(tensor([1e200]), tensor([1e200]));
  expect(g.toNested()).toEqual([-1e-200]);
});
