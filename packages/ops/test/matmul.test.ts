import { DTypeError, ShapeError, type Tensor, tensor, vjp } from "@wengert/core";
import { kernels, matmul, reshape, transpose } from "@wengert/ops";
import { describe, expect, it, test } from "vitest";
import { errorOf, expectNear, int32, numbers, product, random, relayouts } from "./support.ts";

// These tests compare results bit for bit with sums that round each product. The FMA kernels do not round products, so
// the tests run with the SIMD kernels.
if (kernels().choice === "fma") kernels("simd");

/** Computes the matrix product Σₚ aᵢₚ bₚⱼ, summed in the order of p. */
function naive(a: Tensor, b: Tensor): number[][] {
  const [[m, k], n] = [a.shape as [number, number], b.shape[1]!];
  return Array.from({ length: m }, (_, i) =>
    Array.from({ length: n }, (_, j) => {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += a.data.get(i, p) * b.data.get(p, j);
      return sum;
    }),
  );
}

describe("matmul", () => {
  const sizes = [0, 1, 2, 3, 4, 5, 7, 8];
  it("is the sum of products for all sizes", () => {
    for (const [m, k, n] of product(sizes, sizes, sizes) as [number, number, number][]) {
      const [a, b] = [random([m, k], 1), random([k, n], 2)];
      expect(matmul(a, b).toNested(), `${m} × ${k} × ${n}`).toEqual(naive(a, b));
    }
  });
  it("adds in float64 and rounds once in float32 with plain loops", () => {
    const { choice } = kernels();
    kernels("plain");
    for (const [m, k, n] of product([1, 3, 4], [1, 5, 64], [1, 2, 5]) as [number, number, number][]) {
      const [a, b] = [random([m, k], 1), random([k, n], 2)].map((t) => tensor(t, { dtype: "float32" })) as [
        Tensor,
        Tensor,
      ];
      expect(matmul(a, b).dtype).toBe("float32");
      expect(matmul(a, b).toNested()).toEqual(naive(a, b).map((row) => row.map(Math.fround)));
    }
    kernels(choice);
  });
  it("does not depend on the memory layout of its inputs", () => {
    for (const dtype of ["float64", "float32"] as const) {
      const [a, b] = [random([4, 5], 1), random([5, 3], 2)].map((t) => tensor(t, { dtype })) as [Tensor, Tensor];
      const wanted = matmul(a, b).toNested();
      for (const [, p] of relayouts(a))
        for (const [, q] of relayouts(b)) expect(matmul(p, q).toNested()).toEqual(wanted);
      expect(transpose(matmul(transpose(b), transpose(a))).toNested()).toEqual(wanted);
    }
  });
  it("has the cotangents ḡ bᵀ and aᵀ ḡ", () => {
    const [a, b, g] = [random([4, 3], 1), random([3, 2], 2), random([4, 2], 3)];
    const [toA, toB] = vjp((x: Tensor, y: Tensor) => matmul(x, y), a, b).pullback(g);
    expect([toA.toNested(), toB.toNested()]).toEqual([naive(g, transpose(b)), naive(transpose(a), g)]);
    expectNear(matmul(a, b), naive(a, b).flat(), 0);
  });
  it("propagates NaN and Infinity in their rows and columns", () => {
    const y = matmul(
      tensor([
        [1, 0],
        [Number.NaN, 1],
      ]),
      tensor([
        [1, Infinity],
        [2, 3],
      ]),
    );
    expect(numbers(y)).toEqual([1, Infinity, Number.NaN, Number.NaN]);
  });
  const X = tensor(random([2, 3]), { label: "X" });
  test.each<[string, () => unknown, typeof ShapeError, RegExp]>([
    [
      "different inner sizes",
      () => matmul(X, tensor(random([4, 5]), { label: "W" })),
      ShapeError,
      /^matmul: inner sizes differ: X \[2, 3\] needs b \[3, n\], got W \[4, 5\]$/,
    ],
    [
      "a right operand to transpose",
      () => matmul(X, tensor(random([5, 3]), { label: "W" })),
      ShapeError,
      /got W \[5, 3\]; did you mean transpose\(W\)\?/,
    ],
    [
      "a left operand to transpose",
      () => matmul(X, random([2, 4])),
      ShapeError,
      /got b \[2, 4\]; did you mean transpose\(X\)\?/,
    ],
    ["a vector of another length", () => matmul(X, random([4])), ShapeError, /X \[2, 3\] needs b \[3\], got b \[4\]/],
    [
      "a scalar",
      () => matmul(X, 2),
      ShapeError,
      /scalars cannot be multiplied as matrices, got X \[2, 3\] and b \[\]; did you mean mul\?/,
    ],
    [
      "batches that do not broadcast",
      () => matmul(random([2, 1, 3]), random([3, 3, 1])),
      ShapeError,
      /matmul: .*sizes 2 and 3/,
    ],
    ["integers", () => matmul(X, int32([[1], [2], [3]])), DTypeError, /is int32; write cast/],
  ])("refuses %s", (_, run, Class, message) => {
    const error = errorOf(run);
    expect(error).toBeInstanceOf(Class);
    expect(error.message).toMatch(message);
  });
});

describe("matmul by NumPy's rules", () => {
  const batches = [[], [1], [2], [3, 1], [3, 2], [1, 2], [0]];
  const range = (n: number) => [...Array(n).keys()];

  /** Computes the matrix product Σₚ aᵢₚ bₚⱼ for each entry of the batch. Both shapes must have at least two axes. */
  function expected(a: Tensor, left: number[], b: Tensor, right: number[], batch: number[]): number[] {
    const entry = (t: Tensor, shape: number[], place: number[], row: number, column: number) => {
      const own = shape.slice(0, -2).map((n, axis) => (n === 1 ? 0 : place[axis + batch.length - shape.length + 2]!));
      return numbers(t)[[...own, row, column].reduce((at, index, axis) => at * shape[axis]! + index, 0)]!;
    };
    const [m, k, n] = [left.at(-2)!, left.at(-1)!, right.at(-1)!];
    return (product(...batch.map(range), range(m), range(n)) as number[][]).map((place) => {
      const [i, j] = place.slice(-2) as [number, number];
      return range(k).reduce((sum, p) => sum + entry(a, left, place, i, p) * entry(b, right, place, p, j), 0);
    });
  }

  const operands = (rows: number[]) => [rows.slice(-1), ...batches.map((batch) => [...batch, ...rows])];
  const columns = [[3], ...batches.map((batch) => [...batch, 3, 2])];
  const cases = (product(operands([4, 3]), columns) as [number[], number[]][]).flatMap(([p, q]) => {
    const [left, right] = [p.length === 1 ? [1, 3] : p, q.length === 1 ? [3, 1] : q];
    const rank = Math.max(left.length, right.length) - 2;
    const sizes = range(rank).map((axis) => {
      const [m, n] = [left, right].map((shape) => shape[axis + shape.length - 2 - rank] ?? 1) as [number, number];
      return m === n || n === 1 ? m : m === 1 ? n : undefined;
    });
    return sizes.includes(undefined) ? [] : [{ p, q, left, right, batch: sizes as number[] }];
  });

  it.each(cases)("multiplies $p and $q, matrix by matrix", ({ p, q, left, right, batch }) => {
    const [a, b] = [random(p, 1), random(q, 2)];
    const value = matmul(a, b);
    expect(value.shape).toEqual([...batch, ...(p.length > 1 ? [4] : []), ...(q.length > 1 ? [2] : [])]);
    expect(numbers(value)).toEqual(expected(a, left, b, right, batch));
  });

  it("pulls back to one matrix B with a single product, over the rows of all matrices A", () => {
    for (const lead of [[1], [3], [2, 5], [0], [4, 0]])
      for (const q of [[3, 2], [3]]) {
        const [a, b] = [random([...lead, 4, 3], 1), random(q, 2)];
        const { value, pullback } = vjp((x: Tensor) => matmul(a, x), b);
        const g = random(value.shape, 3);
        const rows = (x: Tensor, n: number) => reshape(x, { shape: [lead.reduce((m, k) => m * k, 4), n] });
        const expected = matmul(transpose(rows(a, 3)), rows(g, q[1] ?? 1));
        expect(numbers(pullback(g)[0]!)).toEqual(numbers(expected));
      }
  });
});
