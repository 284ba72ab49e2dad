import { DTypeError, explain, record, ShapeError, type Tensor, tensor, zeros } from "@wengert/core";
import type { Shape } from "@wengert/core/extend";
import { dot, kernels, matmul, outer } from "@wengert/ops";
import { describe, expect, it } from "vitest";
import { errorOf, numbers, product, random } from "./support.ts";

// These tests compare results bit for bit with sums that round each product. The FMA kernels do not round products, so
// the tests run with the SIMD kernels.
if (kernels().choice === "fma") kernels("simd");

const range = (n: number): number[] => [...new Array(n).keys()];
const placesOf = (shape: Shape): number[][] => product(...shape.map(range));

describe("dot", () => {
  /** Computes NumPy's rule: dot(a, b)[i…, j…, m] = Σₖ a[i…, k] b[j…, k, m], summed in the order of k. */
  function expected(a: Tensor, b: Tensor): { shape: Shape; value: number[] } {
    const [p, q] = [a.shape, b.shape];
    if (p.length === 0 || q.length === 0) {
      return {
        shape: [...p, ...q],
        value: placesOf([...p, ...q]).map(
          (at) => a.data.get(...at.slice(0, p.length)) * b.data.get(...at.slice(p.length)),
        ),
      };
    }
    const [rest, after] = [q.slice(0, -2), q.length > 1 ? q.slice(-1) : []];
    const shape = [...p.slice(0, -1), ...rest, ...after];
    const value = placesOf(shape).map((at) => {
      const [i, j] = [at.slice(0, p.length - 1), at.slice(p.length - 1)];
      const terms = range(p.at(-1)!).map(
        (k) => a.data.get(...i, k) * b.data.get(...j.slice(0, rest.length), k, ...j.slice(rest.length)),
      );
      return terms.reduce((sum, term) => sum + term, 0);
    });
    return { shape, value };
  }
  const left: Shape[] = [[], [3], [4, 3], [2, 4, 3], [1, 3], [0, 3]];
  const right: Shape[] = [[], [3], [3, 5], [2, 3, 5], [2, 2, 3, 1], [3, 0]];
  it.each(product(left, right))("of %j and %j equals NumPy's", (p, q) => {
    const [a, b] = [random(p, 1), random(q, 2)];
    const y = dot(a, b);
    const { shape, value } = expected(a, b);
    expect(y.shape).toEqual(shape);
    expect(numbers(y)).toEqual(value);
  });
  it("of zero terms is 0, and of two matrices is their product", () => {
    expect(dot(zeros([2, 0]), zeros([0, 3])).toNested()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(dot(zeros([0]), zeros([0])).item()).toBe(0);
    const [a, b] = [random([20, 30]), random([30, 10], 2)];
    expect(dot(a, b).toNested()).toEqual(matmul(a, b).toNested());
    expect(dot(3, tensor([1, 2])).toNested()).toEqual([3, 6]);
  });
  it("is recorded as one step named dot", () => {
    expect(explain(record((a: Tensor, b: Tensor) => dot(a, b), random([3]), random([3], 2)))).toMatch(/#1 +dot +a, b/);
  });
  it("throws errors with its own name and the tensors' labels", () => {
    const [X, W] = [zeros([2, 3], { label: "X" }), zeros([4, 3], { label: "W" })];
    const cases: [() => unknown, RegExp][] = [
      [
        () => dot(X, W),
        /^dot: inner sizes differ: X \[2, 3\] needs b \[3, n\], got W \[4, 3\]; did you mean transpose\(W\)\?$/,
      ],
      [() => dot(X, zeros([2], { label: "v" })), /^dot: .*X \[2, 3\] needs b \[3\], got v \[2\]/],
      [() => dot(zeros([2, 1]), X), /^dot: .*a \[2, 1\] needs b \[1, n\], got X \[2, 3\]/],
      [() => dot(zeros([1]), zeros([5, 2, 3], { label: "T" })), /needs b \[5, 1, n\], got T \[5, 2, 3\]/],
    ];
    for (const [run, message] of cases) {
      expect(errorOf(run)).toBeInstanceOf(ShapeError);
      expect(errorOf(run).message).toMatch(message);
    }
    const error = errorOf(() => dot(X, zeros([3], { dtype: "int32", label: "n" })));
    expect(error).toBeInstanceOf(DTypeError);
    expect(error.message).toMatch(/^dot: .*n \[3\] is int32; write cast\(n, \{ dtype: "float64" \}\)$/);
  });
});

describe("outer", () => {
  it("multiplies every element of a by every element of b", () => {
    const shapes: Shape[] = [[], [3], [2, 2], [0], [2, 0]];
    for (const [p, q] of product(shapes, shapes) as [Shape, Shape][]) {
      const [a, b] = [random(p, 1), random(q, 2)];
      const y = outer(a, b);
      expect(y.shape).toEqual([a.size, b.size]);
      expect(numbers(y)).toEqual(numbers(a).flatMap((x) => numbers(b).map((z) => x * z)));
    }
    expect(outer(2, tensor([3, 4])).toNested()).toEqual([[6, 8]]);
  });
  it("throws errors with its own name and the tensors' labels", () => {
    const error = errorOf(() => outer(random([2]), zeros([2], { dtype: "float32", label: "v" })));
    expect(error.message).toMatch(/^outer: .*v \[2\] is float32; write cast\(v, \{ dtype: "float64" \}\)$/);
  });
});
