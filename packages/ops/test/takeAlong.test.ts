import { DTypeError, grad, OutOfRangeError, ShapeError, type Tensor, tensor, vjp, zeros } from "@wengert/core";
import type { Shape } from "@wengert/core/extend";
import { argmax, max, mul, sum, takeAlong } from "@wengert/ops";
import { describe, expect, it } from "vitest";
import { errorOf, int32, numbers, product, random } from "./support.ts";

const range = (n: number): number[] => [...new Array(n).keys()];
const x = tensor(
  [
    [1, 2, 3],
    [4, 5, 6],
  ],
  { label: "x" },
);

describe("takeAlong", () => {
  it("takes entries of each slice, and adds the cotangents of entries taken twice", () => {
    const { value, pullback } = vjp(
      (a: Tensor) =>
        takeAlong(
          a,
          int32([
            [2, 0, 2],
            [-1, -3, 1],
          ]),
          { axis: 1 },
        ),
      x,
    );
    expect(value.toNested()).toEqual([
      [3, 1, 3],
      [6, 4, 5],
    ]);
    const u = tensor([
      [1, 10, 100],
      [2, 20, 200],
    ]);
    expect(pullback(u)[0].toNested()).toEqual([
      [10, 0, 101],
      [20, 200, 2],
    ]);
  });
  it("broadcasts the other axes, as NumPy does, for all pairs of shapes", () => {
    const others = [0, 1, 2];
    for (const [axis, p, q, r, s] of product(range(3), others, others, others, others) as number[][]) {
      const [shape, places] = [[p!, q!].toSpliced(axis!, 0, 4), [r!, s!].toSpliced(axis!, 0, 3)] as [Shape, Shape];
      const [a, indices] = [random(shape), int32(zeros(places).data)];
      for (const [i] of numbers(indices).entries()) (indices.array!.data as Int32Array)[i] = ((i * 3) % 8) - 4;
      const what = `[${shape}] by [${places}] along ${axis}`;
      const fits = shape.every((n, i) => i === axis || n === places[i] || n === 1 || places[i] === 1);
      if (!fits) {
        expect(() => takeAlong(a, indices, { axis: axis! }), what).toThrow(ShapeError);
        continue;
      }
      const y = takeAlong(a, indices, { axis: axis! });
      expect(y.shape, what).toEqual(shape.map((n, i) => (i === axis || n === 1 ? places[i] : n)));
      const u = random(y.shape, 3);
      const back = new Map<string, number>();
      const own = (at: number[], sizes: Shape) => at.map((i, k) => (sizes[k] === 1 ? 0 : i));
      for (const at of product(...y.shape.map(range))) {
        const index = indices.data.get(...own(at, places));
        const from = own(at, shape).with(axis!, index < 0 ? index + 4 : index);
        expect(y.data.get(...at), what).toBe(a.data.get(...from));
        back.set(String(from), (back.get(String(from)) ?? 0) + u.data.get(...at));
      }
      const [g] = vjp((b: Tensor) => takeAlong(b, indices, { axis: axis! }), a).pullback(u);
      for (const at of product(...shape.map(range)))
        expect(g.data.get(...at), what).toBeCloseTo(back.get(String(at)) ?? 0, 14);
    }
  });
  it("uses row-major order without an axis", () => {
    expect(takeAlong(x, int32([5, -6, 2])).toNested()).toEqual([6, 1, 3]);
    expect(takeAlong(tensor(7), int32([0, 0])).toNested()).toEqual([7, 7]);
  });
  it("undoes argmax, for any dtype", () => {
    for (const dtype of ["float64", "float32", "int32"] as const) {
      const y = tensor(x, { dtype });
      const at = argmax(y, { axis: -1, keepDims: true });
      const most = takeAlong(y, at, { axis: -1 });
      expect([most.dtype, most.toNested()]).toEqual([dtype, max(y, { axis: -1, keepDims: true }).toNested()]);
    }
    expect(takeAlong(tensor([true, false]), int32([1, 0])).toNested()).toEqual([false, true]);
  });
  it("adds in float64 and rounds once", () => {
    const f = (a: Tensor) => sum(mul(takeAlong(a, int32([0, 0, 0])), tensor(Float32Array.of(1, 2e-8, 5e-8))));
    const g = grad(f)(tensor(Float32Array.of(0)));
    expect(numbers(g)).toEqual([Math.fround(1 + Math.fround(2e-8) + Math.fround(5e-8))]);
  });
  it.each<[string, () => unknown, new (message: string) => Error, RegExp]>([
    [
      "an index out of range",
      () => takeAlong(x, int32([[0, 3]]), { axis: 1 }),
      OutOfRangeError,
      /^takeAlong: index 3 \(number 1\) is outside axis 1 of size 3; it must be from -3 to 2$/,
    ],
    ["an index before the first", () => takeAlong(x, int32([[-4]]), { axis: 1 }), OutOfRangeError, /index -4 /],
    ["an index of an empty axis", () => takeAlong(zeros([2, 0]), int32([[0]]), { axis: 1 }), OutOfRangeError, /size 0/],
    [
      "float indices",
      () => takeAlong(x, tensor([[0]], { label: "at" }), { axis: 1 }),
      DTypeError,
      /^takeAlong: indices must be int32, got at \[1, 1\] with dtype float64; write cast\(at, \{ dtype: "int32" \}\)$/,
    ],
    [
      "indices of another rank",
      () => takeAlong(x, int32([0]), { axis: 1 }),
      ShapeError,
      /^takeAlong: x \[2, 3\] along axis 1 needs indices \[2, n\], where sizes may also be 1; got indices \[1\]; take accepts indices of any shape$/,
    ],
    [
      "a number of an array",
      () => takeAlong(x, 0, { axis: 1 }),
      ShapeError,
      /x \[2, 3\] along axis 1 needs indices \[2, n\], where sizes may also be 1; got indices \[\]; take accepts/,
    ],
    [
      "different sizes on other axes",
      () => takeAlong(x, zeros([3, 4], { dtype: "int32" }), { axis: 1 }),
      ShapeError,
      /x \[2, 3\] along axis 1 needs indices \[2, n\], where sizes may also be 1; got indices \[3, 4\]$/,
    ],
    [
      "sizes that fit along another axis",
      () => takeAlong(x, zeros([3, 3], { dtype: "int32" }), { axis: 1 }),
      ShapeError,
      /x \[2, 3\] along axis 1 needs indices \[2, n\], where sizes may also be 1; got indices \[3, 3\]; did you mean \{ axis: 0 \}\?$/,
    ],
    [
      "rows of indices without an axis",
      () => takeAlong(x, int32([[0]])),
      ShapeError,
      /^takeAlong: without an axis, indices into x \[2, 3\] must be a vector, got indices \[1, 1\]; write \{ axis: \.\.\. \}$/,
    ],
    [
      "an axis out of range",
      () => takeAlong(x, int32([[0]]), { axis: 2 }),
      OutOfRangeError,
      /^takeAlong: x \[2, 3\] has no axis 2/,
    ],
  ])("refuses %s", (_, run, Class, message) => {
    const error = errorOf(run);
    expect(error).toBeInstanceOf(Class);
    expect(error.message).toMatch(message);
  });
});
